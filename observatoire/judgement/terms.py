"""Finding terms in texts: the SQL shared by detection and themes.

Each word of a text, and each two in a row, is looked up among the beginnings of the forms, then the rest of a longer form is
compared: as fast as a join, whatever the number of forms, and it tells where.
"""

from __future__ import annotations

from collections.abc import Iterable

from observatoire.sql_text import literal

# The language of a text is that of most of its small words; with as many of both, words of both count.
SMALL_WORDS = {
    "en": ("the", "of", "and", "to", "for", "with", "by", "is", "in", "from", "an"),
    "fr": ("de", "la", "le", "les", "des", "et", "du", "l", "d", "un", "une", "au", "aux", "pour", "par", "dans", "a"),
}


def language_of(words: str) -> str:
    """The SQL that tells, of a list of words in normal form, whether they are « en », « fr » or may be both (« tous »)."""
    counts = {
        language: f"len(list_filter({words}, lambda mot: mot in ({', '.join(literal(word) for word in small)})))"
        for language, small in SMALL_WORDS.items()
    }
    return f"case sign({counts['en']} - {counts['fr']}) when 1 then 'en' when -1 then 'fr' else 'tous' end"


def forms_query(rows: Iterable[tuple[str, str, str, int, str]]) -> str:
    """The SELECT of a table of forms, from (form in normal form, term, kind, weight, language).

    One text holds them all: thousands of literal rows would take a second to parse.
    """
    written = "\n".join("\t".join(map(str, row)) for row in rows)
    return (
        "select c[1] as forme, array_to_string(string_split(c[1], ' ')[:2], ' ') as debut, "
        "len(string_split(c[1], ' '))::integer as longueur, "
        "c[2] as terme, c[3] as genre, c[4]::integer as poids, c[5] as langue "
        f"from (select string_split(unnest(string_split({literal(written)}, chr(10))), chr(9)) as c)"
    )


def steps(texts: str, forms: str, masks: str = "true") -> str:
    """CTEs that end with `retenus` (cle, terme, genre, poids, mot): the terms of each text, each once, at its first place.

    `texts` is a query of (cle, texte), texts in normal form; `forms` a query over a table of `forms_query`. `mot` counts
    words from 1. A form that stands inside a longer one, or that touches a form of the kind `exclusion`, does not count;
    `masks`, a condition on the shorter form `a` and the longer one `b`, tells which longer ones hide it.
    """
    return f"""
textes as materialized (select cle, texte, string_split(trim(texte), ' ') as mots from ({texts})),
mots as (
    select cle, unnest(mots) as mot_lu, unnest(mots[2:] || ['']) as suivant, generate_subscripts(mots, 1) as mot from textes
),
debuts as (
    select cle, mot, mot_lu as debut from mots
    union all
    select cle, mot, mot_lu || ' ' || suivant from mots
),
trouves as materialized (
    select d.cle, d.mot, d.mot + f.longueur - 1 as fin, f.longueur, f.terme, f.genre, f.poids
    from debuts as d
    inner join ({forms}) as f on f.debut = d.debut
    inner join textes as t on t.cle = d.cle
    where f.longueur <= 2 or array_to_string(t.mots[d.mot:d.mot + f.longueur - 1], ' ') = f.forme
),
retenus as (
    select a.cle, a.terme, a.genre, a.poids, min(a.mot) as mot
    from trouves as a
    left join trouves as b
        on b.cle = a.cle and b.mot <= a.fin and b.fin >= a.mot
        and (b.genre = 'exclusion' or (b.longueur > a.longueur and b.mot <= a.mot and b.fin >= a.fin and {masks}))
    where a.genre <> 'exclusion' and b.cle is null
    group by a.cle, a.terme, a.genre, a.poids
)"""
