-- What rows made from several sources say of them. Lists are in alphabetical order, each source once.

-- The sources of a row, those that gave it nothing (NULL) left out.
create or replace macro sources_de(liste) as (
    list_sort(list_distinct(list_filter(liste, lambda s: s is not null)))
);

-- The licence of each set of sources (column `sources`) found in `lignes`, given by the name of a table or of a CTE.
create or replace macro licences_de(lignes) as table (
    with reunies as (
        select distinct sources
        from query_table(lignes)
    )

    select
        r.sources,
        string_agg(distinct s.licence, ' ; ' order by s.licence) as licence
    from reunies as r
    inner join core.sources as s on list_contains(r.sources, s.source)
    group by r.sources
);
