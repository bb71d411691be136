"""The judged tables of the warehouse: their SELECT is made from the lexicons of the register."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.judgement import compile, detection, effects, lexicon, terms, themes
from observatoire.judgement.detection import judgement_query, lexicon_query
from observatoire.judgement.effects import effects_query
from observatoire.judgement.lexicon import Lexicon, load_lexicon
from observatoire.judgement.themes import load_rules, load_themes, rules_query, themes_query
from observatoire.settings import Settings
from observatoire.sql_text import literal

if TYPE_CHECKING:
    from observatoire.warehouse.models import Model

REGISTER_FILES = (lexicon.FILE, themes.FILE, themes.THEMES)
ENGLISH_SOURCES = ("pstw",)  # whose titles and descriptions are in English
FORMS, THEME_FORMS = "core.lexique_ia", "core.lexique_themes"
DETECTED, THEMED, EFFECTS = "core.candidats_detection", "core.candidats_themes", "core.candidats_effets"
CANDIDATES = "core.candidats_bruts"
REGISTER, REGISTER_EFFECTS = "staging.cas_usage", "core.registre_effets"


def judgement_models(settings: Settings) -> list[Model]:
    """The tables of forms, the texts judged for AI and what they are about, the effects that texts declare.

    Raises SpecError when a lexicon is wrong.
    """
    from observatoire.warehouse.python_models import fact_model, source_of

    known, rules, ranks = load_lexicon(settings.register), load_rules(settings.register), load_themes(settings.register)
    macro = (settings.sql / "macros" / "jugement.sql").read_text(encoding="utf-8")
    code = [source_of(module) for module in (compile, detection, terms)]
    there = Path(__file__).read_text(encoding="utf-8")
    return [
        fact_model(FORMS, [], lambda _: lexicon_query(known), [known.facts, *code]),
        fact_model(THEME_FORMS, [], lambda _: rules_query(rules), [rules.facts, source_of(themes), source_of(terms)]),
        fact_model(DETECTED, [CANDIDATES, FORMS], lambda _: detected(known), [known.facts, macro, there, *code]),
        fact_model(
            THEMED,
            [CANDIDATES, DETECTED, "core.contexte_europe", THEME_FORMS],
            lambda _: themes_query(rules, ranks, THEME_FORMS, found_texts()),
            [rules.facts, ranks, there, source_of(themes), source_of(terms)],
        ),
        fact_model(
            EFFECTS,
            [CANDIDATES, DETECTED],
            lambda _: effects_query(received_texts()),
            [macro, there, source_of(effects), source_of(terms)],
        ),
        fact_model(
            REGISTER_EFFECTS,
            [REGISTER],
            lambda _: effects_query(register_texts()),
            [macro, there, source_of(effects), source_of(terms)],
        ),
    ]


def detected(known: Lexicon) -> str:
    """The query of core.candidats_detection: every candidate whose text holds a term of AI."""
    listed = ", ".join(literal(source) for source in ENGLISH_SOURCES)
    parts = []
    for language, test in (("fr", "not in"), ("en", "in")):
        texts = f"(select candidat_id, objet from {CANDIDATES} where source {test} ({listed}))"
        query = judgement_query(known, FORMS, texts, "candidat_id", "objet", language)
        parts.append(f"select cle as candidat_id, * exclude (cle) from ({query})")
    return " union all ".join(parts)


def found_texts() -> str:
    """The texts whose theme is looked for: what was judged « oui » or « à examiner », with CPV and COFOG."""
    return (
        "select d.candidat_id as cle, d.texte_normalise as texte, b.cpv, e.fonction as cofog, e.sous_fonction as cofog_2 "
        f"from {DETECTED} as d inner join {CANDIDATES} as b on b.candidat_id = d.candidat_id "
        "left join core.contexte_europe as e on e.source = b.source and e.cle_source = b.cle "
        "where d.decision <> 'non'"
    )


def received_texts() -> str:
    """The texts whose effects are looked for: the same, as received."""
    return (
        f"select b.candidat_id as cle, b.objet as texte from {CANDIDATES} as b "
        f"inner join {DETECTED} as d on d.candidat_id = b.candidat_id where d.decision <> 'non'"
    )


def register_texts() -> str:
    """The texts of the register's cases: title, description and summary of the evidence, one a line."""
    return f"select id as cle, concat_ws(chr(10), titre, description, resume_preuve) as texte from {REGISTER}"
