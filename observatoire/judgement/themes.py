"""To what end: theme, other themes, environmental purpose, technique and status of texts judged for AI.

Rules are data (data/register/lexique_themes.yml); what a theme is stands in data/register/themes.yml. Every form found adds
its weight to its code, twice when it is among the first words (a title says what the text is about); codes of CPV and COFOG
add theirs. The heaviest code wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, model_validator

from observatoire.errors import SpecError
from observatoire.judgement.lexicon import expand, normalise, read_model
from observatoire.judgement.terms import forms_query, steps
from observatoire.sources.spec import Strict
from observatoire.sql_text import literal
from observatoire.storage import canonical_json
from observatoire.yaml_file import read_yaml

FILE, THEMES = "lexique_themes.yml", "themes.yml"
MINIMUM = 4  # a main theme needs that much; another theme half of the main one's
Weighted = Mapping[int, tuple[str, ...]]
Purpose = Literal["oui", "non"]


class Purposes(Strict):
    """What makes a theme « selon_le_but » environmental or not, and what it is when nothing says so."""

    defaut: Mapping[str, bool]
    oui: Weighted
    non: Weighted


class Rules(Strict):
    """The rules: forms by weight for each code, and the features beside the text."""

    version: str
    titre: int = Field(gt=0)
    themes: Mapping[str, Weighted]
    finalite: Purposes
    techniques: Mapping[str, Weighted]
    statuts: Mapping[str, Weighted]
    cpv: Mapping[str, Mapping[str, int]]
    cofog: Mapping[str, Mapping[str, int]]

    @model_validator(mode="after")
    def coherent(self) -> Rules:
        for name, given in (("cpv", self.cpv), ("cofog", self.cofog)):
            for code, weights in given.items():
                if unknown := sorted(weights.keys() - self.themes.keys()):
                    raise ValueError(f"{name} {code}: unknown theme {unknown[0]}")
        return self

    @property
    def facts(self) -> str:
        """What decides a theme."""
        return canonical_json(self.model_dump())


def load_rules(register: Path) -> Rules:
    """The rules of a register. Raises SpecError naming the field when the file is wrong."""
    return read_model(register / FILE, Rules)


def load_themes(register: Path) -> dict[str, tuple[int, str]]:
    """Rank and environmental purpose (true, false, selon_le_but) of each theme, from themes.yml."""
    try:
        content = read_yaml(register / THEMES)["themes"]
        return {code: (int(item["rang"]), str(item["environnemental"]).lower()) for code, item in content.items()}
    except (OSError, yaml.YAMLError, TypeError, KeyError, ValueError) as error:
        raise SpecError(f"data/register/{THEMES} illisible. Restaurer ce fichier.") from error


def rules_query(rules: Rules) -> str:
    """The SELECT of core.lexique_themes: every form of every code; `genre` is « theme/eau », « technique/vision »..."""
    rows: dict[tuple[str, str], tuple[str, str, str, int, str]] = {}
    for family, codes in _families(rules):
        for code, weighted in codes.items():
            for weight, forms in sorted(weighted.items(), reverse=True):
                for form in forms:
                    for text in expand(form):
                        key = (normalise(text).strip(), f"{family}/{code}")
                        rows.setdefault(key, (key[0], form, key[1], weight, "fr"))
    return forms_query(rows[key] for key in sorted(rows))


def _families(rules: Rules) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield "theme", rules.themes
    yield "finalite", {"oui": rules.finalite.oui, "non": rules.finalite.non}
    yield "technique", rules.techniques
    yield "statut", rules.statuts


def themes_query(rules: Rules, themes: Mapping[str, tuple[int, str]], forms: str, texts: str) -> str:
    """The SELECT (cle, theme, themes, finalite_environnementale, technique, statut) of every row of `texts`.

    `texts` is a query of (cle, texte, cpv, cofog), texts in normal form; `forms` names the table of `rules_query`.
    """
    ranks = ", ".join(
        f"({literal(code)}, {rank}, {literal(purpose)}, {literal(rules.finalite.defaut.get(code))}::boolean)"
        for code, (rank, purpose) in themes.items()
    )
    return f"""with {steps(texts, f"select * from {forms}")},
poids as (
    select cle, split_part(genre, '/', 1) as famille, split_part(genre, '/', 2) as code,
        poids * if(mot <= {rules.titre}, 2, 1) as poids, mot
    from retenus
    union all
    select t.cle, 'theme', v.theme, v.poids, 0 from ({texts}) as t
    inner join (values {_features(rules.cpv)}) as v(code, theme, poids) on starts_with(t.cpv, v.code)
    union all
    select t.cle, 'theme', v.theme, v.poids, 0 from ({texts}) as t
    inner join (values {_features(rules.cofog)}) as v(code, theme, poids) on v.code = t.cofog
),
sommes as (
    select cle, famille, code, sum(poids) as poids, min(mot) as mot from poids group by cle, famille, code
),
connus(code, rang, but, defaut) as (values {ranks}),
classes as (
    select s.cle, s.famille, s.code, s.poids,
        row_number() over (partition by s.cle, s.famille order by s.poids desc, c.rang nulls last, s.mot, s.code) as rang,
        max(s.poids) over (partition by s.cle, s.famille) as plus_lourd
    from sommes as s
    left join connus as c on s.famille = 'theme' and c.code = s.code
    where s.famille <> 'theme' or s.poids >= {MINIMUM}
),
resumes as (
    select cle,
        list(code order by rang) filter (where famille = 'theme' and poids * 2 >= plus_lourd) as themes,
        max(code) filter (where famille = 'technique' and rang = 1) as technique,
        max(code) filter (where famille = 'statut' and rang = 1) as statut,
        max(poids) filter (where famille = 'finalite' and code = 'oui') as pour,
        max(poids) filter (where famille = 'finalite' and code = 'non') as contre
    from classes
    group by cle
),
choisis as (
    select t.cle, coalesce(r.themes, ['autre']) as themes, r.technique, r.statut,
        coalesce(r.pour, 0) as pour, coalesce(r.contre, 0) as contre
    from ({texts}) as t
    left join resumes as r on r.cle = t.cle
)
select h.cle, h.themes[1] as theme, h.themes,
    case
        when c.but = 'true' then true
        when c.but = 'false' then h.contre = 0 and h.pour >= 36
        when h.pour <> h.contre then h.pour > h.contre
        else c.defaut
    end as finalite_environnementale,
    coalesce(h.technique, 'inconnu') as technique,
    coalesce(h.statut, 'inconnu') as statut
from choisis as h
inner join connus as c on c.code = h.themes[1]"""


def _features(given: Mapping[str, Mapping[str, int]]) -> str:
    rows = [(code, theme, weight) for code, weights in given.items() for theme, weight in weights.items()]
    return ", ".join(f"({literal(code)}, {literal(theme)}, {weight})" for code, theme, weight in rows)
