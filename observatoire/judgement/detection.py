"""Is it AI? The query that judges texts: a prefilter on what was received, then the whole rule on what is left.

Terms of one notion (« prédictif », « prédictif : modèle », « prédictif, en anglais ») count once, by the heaviest. Each « fort »
notion counts its weight, the heaviest « faible » one too, the second one half of its weight, and the context beside them up
to a limit; without a « fort » or « faible » term nothing counts. The sum decides: « oui », « à examiner », « non ».
"""

from __future__ import annotations

from observatoire.judgement.compile import prefilter
from observatoire.judgement.lexicon import Lexicon, forms_of
from observatoire.judgement.terms import forms_query, steps
from observatoire.sql_text import literal

DECISIONS = ("oui", "à examiner", "non")


def prefilter_of(lexicon: Lexicon, language: str = "fr") -> str:
    """The pattern that a raw text must match to be judged at all."""
    return prefilter(lexicon.starts_in(language))


def lexicon_query(lexicon: Lexicon) -> str:
    """The SELECT of core.lexique_ia: every form of every term."""
    return forms_query(
        (form.text, form.entry.terme, form.entry.genre, form.entry.poids, form.entry.langue)
        for form in forms_of(list(lexicon.termes))
    )


def judgement_query(
    lexicon: Lexicon, forms: str, table: str, key: str, text: str, language: str = "fr", filtered: bool = True
) -> str:
    """The SELECT (cle, texte_normalise, score, decision, motifs) of every row of `table` where a term of AI is found.

    `forms` names the table of `lexicon_query`. `key` and `text` are columns of `table`, a table or a query, whose texts are
    in `language` (fr or en). Each entry of `motifs` is « terme (genre, mot N) », N the place of its first word in the text,
    heaviest term first. Rows that are not returned are « non » with a score of 0. Without `filtered` the prefilter is left
    out, which changes nothing but time.
    """
    # A condition on one column would be handed to the reader of a Parquet file, which works it out twice.
    read = f"case when {key} is not null then {text} end"
    kept = f"where regexp_matches({read}, {literal(prefilter_of(lexicon, language))})" if filtered else ""
    texts = f"select {key} as cle, texte_normalise({text}) as texte from {table} {kept}"
    counted = f"select * from {forms} where langue in ('fr', {literal(language)})"
    limits = lexicon.seuils
    return f"""with {steps(texts, counted)},
notions as (
    select cle, genre, regexp_replace(terme, '( : .*)?(, en anglais)?$', '') as notion, max(poids) as poids
    from retenus group by cle, genre, notion
),
raisons as (
    select cle, list(terme || ' (' || genre || ', mot ' || mot || ')' order by poids desc, mot, terme) as motifs
    from retenus group by cle
),
sommes as (
    select cle,
        coalesce(sum(poids) filter (where genre = 'fort'), 0) as forts,
        coalesce(list_reverse_sort(list(poids) filter (where genre = 'faible')), []) as faibles,
        least(coalesce(sum(poids) filter (where genre = 'contexte'), 0), {limits.contexte_max}) as contexte
    from notions
    group by cle
    having count(*) filter (where genre <> 'contexte') > 0
),
scores as (
    select s.cle, r.motifs,
        (s.forts + coalesce(s.faibles[1], 0) + coalesce(s.faibles[2], 0) // 2 + s.contexte)::integer as score
    from sommes as s
    inner join raisons as r on r.cle = s.cle
)
select s.cle, t.texte as texte_normalise, s.score,
    case when s.score >= {limits.oui} then 'oui' when s.score >= {limits.a_examiner} then 'à examiner' else 'non' end
        as decision,
    s.motifs
from scores as s
inner join textes as t on t.cle = s.cle"""
