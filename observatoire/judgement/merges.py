"""Measuring merges: what the machine proposes for pairs of traces, against pairs labelled by hand."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.errors import UsageError
from observatoire.judgement.gold import GOLD, checked_draw
from observatoire.judgement.models import THEME_FORMS
from observatoire.judgement.themes import load_rules, load_themes, themes_query
from observatoire.settings import Settings
from observatoire.sql_text import literal
from observatoire.territories.evaluate import Rate
from observatoire.territories.names import resolve
from observatoire.warehouse import connection
from observatoire.warehouse.models import load_macros

if TYPE_CHECKING:
    import duckdb

PAIRS = GOLD / "fusions.csv"
READ = (
    "core.territoires", "core.millesime_reference", "core.noms_territoires", "core.noms_decisions", "core.contexte_europe",
    "core.lexique_themes", "staging.noms_mots", "staging.noms_usage", "staging.noms_zones", "staging.glossaire",
)  # fmt: skip
SAME_USE, SAME_PROJECT, DISTINCT, DOUBTFUL = "meme_usage", "meme_projet", "distincts", "a_examiner"

# The records of open data compared with the register: every case of the inventory, so that the weights of words are those of
# a real list, and the grants that the pairs name.
RECORDS = """
create table autres as
select identifiant(e.source, e.cle_source) as trace_id, e.source, e.source || '|' || e.cle_source as cle, e.organisme as nom,
    if(e.perimetre = 'france', null, e.pays) as pays, cast(null as varchar) as siren, cast(null as varchar) as territoire,
    e.titre, e.description, url_page(e.url) as page, make_date(e.annee_debut, 1, 1) as date, e.fonction,
    e.sous_fonction
from entrepot.core.contexte_europe as e
union all by name
select identifiant('fonds_vert', f.dossier) as trace_id, 'fonds_vert' as source, 'fonds_vert|' || f.dossier as cle,
    min(f.beneficiaire_public) as nom, min(f.siren) as siren, min(f.departement) as territoire, min(f.projet) as titre
from entrepot.staging.fonds_vert as f
where 'fonds_vert|' || f.dossier in (select unnest([cle_a, cle_b]) from paires)
group by f.dossier
"""

# Their bodies, resolved as the pipeline resolves them: whole names, then the bodies that a name joins.
NAMES = """
create table noms as
select trace_id || '/' || n.rang as nom_id, nom_francise(n.nom) as nom, cast(null as varchar) as type_indice,
    cast(null as varchar) as territoire_indice, cast(null as varchar) as siret, cast(null as varchar) as code_postal
from autres as a, lateral (
    select unnest(noms_parties_completes(a.nom)) as nom, generate_subscripts(noms_parties_completes(a.nom), 1) as rang
    union all
    select a.nom, 0
) as n
where a.pays is null and a.siren is null
"""

TEXTS = (
    "select trace_id as cle, texte_normalise(titre || ' / ' || coalesce(description, '')) as texte, "
    "cast(null as varchar) as cpv, fonction as cofog, sous_fonction as cofog_2 from autres"
)

# Bodies abroad have no SIREN: they are known by their country and flat name.
TRACES = """
create table core.traces as
with resolus as (
    select split_part(nom_id, '/', 1) as trace_id, cast(split_part(nom_id, '/', 2) as integer) as rang, siren
    from noms_trouves
    where siren is not null
),
corps as (
    select trace_id, arg_min(siren, rang) as siren,
        if(min(rang) = 0, [arg_min(siren, rang)], list(distinct siren order by siren)) as autorites
    from resolus
    group by trace_id
    having min(rang) < 2
    union all
    select nom_id, siren, [siren]
    from entrepot.core.organismes_resolus
    where siren is not null and nom_id not in (select trace_id from resolus)
),
situes as (
    select a.*, coalesce(a.siren, c.siren) as siren_trouve,
        coalesce(a.siren, c.siren, autorite_situee(a.pays, a.nom)) as autorite,
        coalesce(if(a.siren is null, null, [a.siren]), c.autorites, autorites_situees(a.pays, a.nom)) as autorites
    from autres as a
    left join corps as c on c.trace_id = a.trace_id
)
select t.trace_id, t.source, t.cle, true as du_registre, t.nom, t.siren, t.autorite, t.autorites, t.territoire, t.theme,
    t.technique, t.titre, t.description, t.page, t.date
from entrepot.core.traces as t
where t.du_registre
union all by name
select a.trace_id, a.source, a.cle, false as du_registre, a.nom, a.siren_trouve as siren, a.autorite, a.autorites,
    a.territoire, t.theme, nullif(t.technique, 'inconnu') as technique, a.titre, a.description, a.page, a.date
from situes as a
left join themes as t on t.cle = a.trace_id
"""


@dataclass(frozen=True)
class MergeMeasure:
    """Counts over the pairs of one half of the gold set; `missing` names pairs whose records are not in the warehouse.

    precision: share of the pairs merged that are one use; recall: share of the pairs of one use that are merged;
    shown: share of the pairs of one use or one project that are merged or shown to analysts.
    """

    half: str
    pairs: int
    missing: int
    precision: Rate
    recall: Rate
    shown: Rate
    confusion: tuple[tuple[str, str, int], ...]
    errors: tuple[tuple[str, str, str, str], ...]


def measure_merges(
    settings: Settings, half: str, draw: int | None = None, tell: Callable[[str, int, int], None] | None = None
) -> MergeMeasure:
    """Measure the rules of merging on the pairs of `half` (apprentissage, test) of tests/gold/fusions.csv, of one draw only
    with `draw`. `tell` is told each step, how many are done, and of how many.

    Reads the warehouse without changing it. Raises UsageError when the warehouse or the pairs are missing, for an unknown
    draw, or when the warehouse was built by another version of the models.
    """
    import duckdb

    gold = settings.project / PAIRS
    if not gold.is_file():
        raise UsageError(f"{PAIRS} est absent : la mesure se fait depuis le dépôt du projet.")
    if not settings.warehouse.is_file():
        raise UsageError("L'entrepôt n'est pas construit. Lancer « observatoire refresh ».")
    with closing(duckdb.connect()) as con:
        wanted = checked_draw(con, gold, half, draw)
        connection.configure(con, settings)
        con.execute(f"attach {literal(str(settings.warehouse))} as entrepot (read_only)")
        try:
            _compare(con, settings, gold, tell or (lambda what, done, total: None))
        except (duckdb.BinderException, duckdb.CatalogException) as error:
            said = (
                "L'entrepôt n'est pas celui de cette version du projet. Lancer « observatoire build » puis recommencer."
            )
            raise UsageError(said) from error
        rows = con.execute(JUDGED, {"half": half, "draw": wanted}).fetchall()
    return _measured(half, rows)


JUDGED = """
select p.cle_a, p.cle_b, p.relation, coalesce(r.proposition, 'rien') as proposition, a.cle is null or b.cle is null
from paires as p
left join core.traces as a on a.cle = p.cle_a
left join core.traces as b on b.cle = p.cle_b
left join core.traces_paires as r
    on r.trace_a = least(a.trace_id, b.trace_id) and r.trace_b = greatest(a.trace_id, b.trace_id)
where p.moitie = $half and coalesce(p.vague = $draw, true)
order by p.paire_id
"""


COMPARED = ("traces_corpus", "traces_mots", "traces_noms", "traces_paires")


def _compare(
    con: duckdb.DuckDBPyConnection, settings: Settings, gold: Path, tell: Callable[[str, int, int], None]
) -> None:
    """core.traces_paires over the traces that the pairs name, made by the project's own models."""
    steps = 2 + len(COMPARED)
    tell("Organismes", 0, steps)
    pending = load_macros(settings.sql)
    for _ in range(len(pending)):  # a macro may call one defined later
        pending = [macro for macro in pending if not _defined(con, macro.statement)]
    con.execute("create schema core; create schema staging")
    con.execute(f"create table paires as from read_csv({literal(str(gold))}, all_varchar = true)")
    for table in READ:
        con.execute(f"create view {table} as from entrepot.{table}")
    con.execute(RECORDS)
    con.execute(NAMES)
    resolve(con, "noms", "noms_trouves")
    tell("Thèmes", 1, steps)
    rules, ranks = load_rules(settings.register), load_themes(settings.register)
    con.execute("create table themes as " + themes_query(rules, ranks, THEME_FORMS, TEXTS))
    con.execute(TRACES)
    for done, table in enumerate(COMPARED, 2):
        tell(f"core.{table}", done, steps)
        text = (settings.sql / "core" / f"{table}.sql").read_text(encoding="utf-8")
        con.execute(f"create table core.{table} as {text}")


def _defined(con: duckdb.DuckDBPyConnection, statement: str) -> bool:
    import duckdb

    try:
        con.execute(statement)
    except duckdb.CatalogException:
        return False
    return True


def _measured(half: str, rows: list[tuple[str, str, str, str, bool]]) -> MergeMeasure:
    found = [row[:4] for row in rows if not row[4]]
    merged = [row for row in found if row[3] == SAME_USE]
    same = [row for row in found if row[2] == SAME_USE]
    linked = [row for row in found if row[2] in (SAME_USE, SAME_PROJECT)]
    right = sum(row[2] == SAME_USE for row in merged)
    counts: dict[tuple[str, str], int] = {}
    for _, _, relation, proposal in found:
        counts[relation, proposal] = counts.get((relation, proposal), 0) + 1
    return MergeMeasure(
        half,
        len(rows),
        len(rows) - len(found),
        Rate(right, len(merged)),
        Rate(right, len(same)),
        Rate(sum(row[3] in (SAME_USE, DOUBTFUL) for row in linked), len(linked)),
        tuple((*pair, count) for pair, count in sorted(counts.items())),
        tuple(row for row in found if (row[2] == SAME_USE) != (row[3] == SAME_USE)),
    )
