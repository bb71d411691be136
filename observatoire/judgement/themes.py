"""To what end: theme, other themes, environmental purpose, technique and status of texts judged for AI.

Rules are data (data/register/lexique_themes.yml, which tells how each is decided); what a theme is stands in
data/register/themes.yml and the reasons of the rules in docs/codebook.md. Everything is one DuckDB query over texts in normal
form: no row is read by Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, model_validator

from observatoire.errors import SpecError
from observatoire.judgement.lexicon import expand, normalise, read_model
from observatoire.judgement.terms import forms_query, language_of, steps
from observatoire.sources.spec import Strict
from observatoire.sql_text import literal
from observatoire.storage import canonical_json
from observatoire.yaml_file import read_yaml

FILE, THEMES = "lexique_themes.yml", "themes.yml"
Language = Literal["fr", "en", "tous"]
Lists = Mapping[Language, Mapping[int, tuple[str, ...]]]  # forms by weight, by language
FEATURE = 0  # the place of what is not in the text: beside its first word


class Purpose(Strict):
    """What makes a use of one theme environmental or not, and what it is when nothing says so."""

    defaut: bool
    oui: tuple[str, ...]
    non: tuple[str, ...]


class Purposes(Strict):
    """The rules of finalite_environnementale for themes that do not settle it."""

    selon_le_but: Mapping[str, Purpose]
    premier_rang: tuple[str, ...]


class Codes(Strict):
    """A variable of which the heaviest form found decides, from `seuil` on."""

    seuil: int = Field(gt=0)
    codes: Mapping[str, Lists]


class PublicTool(Strict):
    """A tool that speaks to the public: from which weight, which themes keep it, by what the others are divided.

    So are CPV and COFOG, for every theme: they tell the subject, not whose tool it is.

    `agents`: from which weight a form of gestion_interne says that the tool speaks to staff instead.
    """

    poids: int = Field(gt=0)
    gardent: tuple[str, ...]
    divise: int = Field(gt=0)
    agents: int = Field(gt=0)


class Domains(Strict):
    """Themes that are no domain, and how many percent of its weight a domain counts.

    A domain told by a single form far from the title, and by no feature, does not count: « health », « school » in passing.
    """

    sauf: tuple[str, ...]
    pour_cent: int = Field(ge=100)


class Rules(Strict):
    """The rules: forms by weight for each code, and the features beside the text."""

    version: str
    places: Mapping[int, int]
    seuil: int = Field(gt=0)
    parle_au_public: PublicTool
    domaines: Domains
    themes: Mapping[str, Lists]
    exclusions: tuple[str, ...]
    finalite: Purposes
    techniques: Codes
    statuts: Codes
    cpv: Mapping[str, Mapping[str, int]]
    cofog: Mapping[str, Mapping[str, int]]
    cofog_2: Mapping[str, Mapping[str, int]]

    @model_validator(mode="after")
    def coherent(self) -> Rules:
        named = {
            "cpv": [theme for weights in self.cpv.values() for theme in weights],
            "cofog": [theme for weights in self.cofog.values() for theme in weights],
            "cofog_2": [theme for weights in self.cofog_2.values() for theme in weights],
            "finalite": list(self.finalite.selon_le_but),
            "parle_au_public": list(self.parle_au_public.gardent),
            "domaines": list(self.domaines.sauf),
        }
        for part, given in named.items():
            if unknown := sorted(set(given) - self.themes.keys()):
                raise ValueError(f"{part}: unknown theme {unknown[0]}")
        return self

    @property
    def facts(self) -> str:
        """What decides a theme."""
        return canonical_json(self.model_dump())

    def forms(self) -> Iterator[tuple[str, str, int, str]]:
        """(form as written, kind, weight, language) of every form; the kind is « theme/eau », « statut/prevu »..."""
        yield from _weighted("theme", self.themes)
        yield from _weighted("technique", self.techniques.codes)
        yield from _weighted("statut", self.statuts.codes)
        for theme, purpose in self.finalite.selon_le_but.items():
            yield from ((form, f"finalite/{theme}:oui", 1, "tous") for form in purpose.oui)
            yield from ((form, f"finalite/{theme}:non", 1, "tous") for form in purpose.non)
        yield from ((form, "finalite/premier_rang", 1, "tous") for form in self.finalite.premier_rang)
        yield from ((form, "exclusion", 0, "tous") for form in self.exclusions)


def _weighted(family: str, codes: Mapping[str, Lists]) -> Iterator[tuple[str, str, int, str]]:
    for code, lists in codes.items():
        for language, weighted in lists.items():
            for weight, forms in sorted(weighted.items(), reverse=True):
                yield from ((form, f"{family}/{code}", weight, language) for form in forms)


def load_rules(register: Path) -> Rules:
    """The rules of a register. Raises SpecError naming the field when the file is wrong."""
    return read_model(register / FILE, Rules)


def load_themes(register: Path) -> dict[str, tuple[int, str]]:
    """Rank and environmental purpose (true, false, selon_le_but) of each theme, from themes.yml. Raises SpecError."""
    try:
        content = read_yaml(register / THEMES)["themes"]
        return {code: (int(item["rang"]), str(item["environnemental"]).lower()) for code, item in content.items()}
    except (OSError, yaml.YAMLError, TypeError, KeyError, ValueError) as error:
        raise SpecError(f"data/register/{THEMES} illisible. Restaurer ce fichier.") from error


def guide_version(register: Path) -> str:
    """The version of docs/codebook.md in force, which themes.yml bears too. Raises SpecError."""
    try:
        return str(read_yaml(register / THEMES)["version"])
    except (OSError, yaml.YAMLError, TypeError, KeyError) as error:
        raise SpecError(f"data/register/{THEMES} illisible. Restaurer ce fichier.") from error


def rules_query(rules: Rules) -> str:
    """The SELECT of core.lexique_themes: every form of every code; `genre` is « theme/eau/fr », « exclusion »..."""
    rows: dict[tuple[str, str], tuple[str, str, str, int, str]] = {}
    for form, kind, weight, language in rules.forms():
        genre = kind if kind == "exclusion" else f"{kind}/{language}"
        for text in expand(form):
            key = (normalise(text).strip(), genre)
            rows.setdefault(key, (key[0], form, genre, weight, language))
    return forms_query(rows[key] for key in sorted(rows))


def themes_query(rules: Rules, themes: Mapping[str, tuple[int, str]], forms: str, texts: str) -> str:
    """The SELECT (cle, theme, themes, finalite_environnementale, technique, statut) of every row of `texts`.

    `texts` is a query of (cle, texte, cpv, cofog, cofog_2), texts in normal form, the others nullable; `forms` names the table
    of `rules_query`. A function of level II that the rules know hides the one of level I. `themes` of the result starts with the main one; a text that tells nothing is « autre », « inconnu ».
    """
    same_family = "split_part(a.genre, '/', 1) = split_part(b.genre, '/', 1)"
    ranks = ", ".join(f"({literal(code)}, {rank}, {literal(purpose)})" for code, (rank, purpose) in themes.items())
    public, defaults = rules.parle_au_public, rules.finalite.selon_le_but
    second = "lower(rtrim(trim(t.cofog_2), '.'))"
    near = sorted(rules.places)[-2]  # the title and what follows it
    told = f"f.code <> 'relation_usagers' and f.code not in {_listed(public.gardent)}"
    return f"""with {steps(texts, f"select * from {forms}", same_family)},
langues as (select cle, {language_of("mots")} as langue from textes),
vus as (
    select r.cle, split_part(r.genre, '/', 1) as famille, split_part(r.genre, '/', 2) as code, r.poids, r.mot
    from retenus as r
    inner join langues as l on l.cle = r.cle
    where l.langue = 'tous' or split_part(r.genre, '/', 3) in ('tous', l.langue)
    union all
    select t.cle, 'theme', v.theme, v.poids, {FEATURE} from ({texts}) as t
    inner join (values {_features(rules.cpv)}) as v(code, theme, poids) on starts_with(t.cpv, v.code)
    union all
    select t.cle, 'theme', v.theme, v.poids, {FEATURE} from ({texts}) as t
    inner join (values {_features(rules.cofog)}) as v(code, theme, poids) on v.code = lower(trim(t.cofog))
    where coalesce({second} not in {_listed(rules.cofog_2)}, true)
    union all
    select t.cle, 'theme', v.theme, v.poids, {FEATURE} from ({texts}) as t
    inner join (values {_features(rules.cofog_2)}) as v(code, theme, poids) on v.code = {second}
),
sommes as (
    select cle, famille, code, max(poids) as force, min(nullif(mot, {FEATURE})) as mot, sum(poids) as somme,
        sum(poids * {_places(rules.places)})::integer as poids,
        coalesce(sum(poids) filter (mot = {FEATURE}), 0)::integer as traits, count(*)::integer as nombre
    from vus group by cle, famille, code
),
connus(code, rang, but) as (values {ranks}),
publics as (
    select distinct cle from vus
    where famille = 'theme' and code = 'relation_usagers' and poids >= {public.poids} and mot <> {FEATURE}
    except
    select cle from vus where famille = 'theme' and code = 'gestion_interne' and poids >= {public.agents} and mot <= {near}
),
points as (
    select f.cle, f.code, c.rang,
        (f.poids - if(p.cle is not null, f.traits - f.traits // {public.divise}, 0))
        * if(f.code in {_listed(rules.domaines.sauf)}, 100, {rules.domaines.pour_cent})
        * if(p.cle is not null and f.code in {_listed(public.gardent)} and f.mot <= {min(rules.places)}, {public.divise}, 1)
        // if(p.cle is not null and {told}, {public.divise}, 1) as points
    from sommes as f
    inner join connus as c on c.code = f.code
    left join publics as p on p.cle = f.cle
    where f.famille = 'theme' and f.poids >= {rules.seuil}
        and (f.nombre >= 2 or f.traits > 0 or f.mot <= {near} or f.code in {_listed(rules.domaines.sauf)})
),
classes as (
    select cle, code, points, max(points) over (partition by cle) as plus_lourd,
        row_number() over (partition by cle order by points desc, rang) as place
    from points
),
trouves_themes as (
    select cle, list(code order by place) as themes from classes where place = 1 or points * 2 >= plus_lourd group by cle
),
premiers as (
    select cle, famille, code,
        row_number() over (partition by cle, famille order by force desc, somme desc, mot, code) as place
    from sommes
    where famille = 'technique' and force >= {rules.techniques.seuil}
        or famille = 'statut' and force >= {rules.statuts.seuil}
),
choisis as (
    select t.cle, coalesce(f.themes, ['autre']) as themes, c.but, te.code as technique, st.code as statut
    from textes as t
    left join trouves_themes as f on f.cle = t.cle
    inner join connus as c on c.code = coalesce(f.themes[1], 'autre')
    left join premiers as te on te.cle = t.cle and te.famille = 'technique' and te.place = 1
    left join premiers as st on st.cle = t.cle and st.famille = 'statut' and st.place = 1
)
select h.cle, h.themes[1] as theme, h.themes,
    case
        when h.but = 'true' then true
        when h.but = 'false' then coalesce(rg.mot <= {min(rules.places)}, false)
        when coalesce(po.poids, 0) <> coalesce(co.poids, 0) then coalesce(po.poids, 0) > coalesce(co.poids, 0)
        else h.themes[1] in {_listed(theme for theme, purpose in defaults.items() if purpose.defaut)}
    end as finalite_environnementale,
    coalesce(h.technique, 'inconnu') as technique,
    coalesce(h.statut, 'inconnu') as statut
from choisis as h
left join sommes as po on po.cle = h.cle and po.famille = 'finalite' and po.code = h.themes[1] || ':oui'
left join sommes as co on co.cle = h.cle and co.famille = 'finalite' and co.code = h.themes[1] || ':non'
left join sommes as rg on rg.cle = h.cle and rg.famille = 'finalite' and rg.code = 'premier_rang'"""


def _listed(values: Iterable[str]) -> str:
    return "(" + ", ".join(literal(value) for value in values) + ")"


def _places(places: Mapping[int, int]) -> str:
    """How many times a form counts, by the place of its first word."""
    cases = " ".join(f"when mot <= {limit} then {times}" for limit, times in sorted(places.items()))
    return f"case when mot = {FEATURE} then 1 {cases} else 1 end"


def _features(given: Mapping[str, Mapping[str, int]]) -> str:
    rows = [(code, theme, weight) for code, weights in given.items() for theme, weight in weights.items()]
    return ", ".join(f"({literal(code)}, {literal(theme)}, {weight})" for code, theme, weight in rows)
