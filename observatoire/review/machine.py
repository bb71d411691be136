"""What the rules of judgement say of the register's own cases, so that analysts see where they differ from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.settings import Settings

if TYPE_CHECKING:
    from observatoire.warehouse.models import Model

NAME = "core.registre_juge"
TEXT = "titre || '. ' || coalesce(description, '')"


def machine_model(settings: Settings) -> Model:
    """core.registre_juge: for each case of the register (cle), the detection, theme and purpose that its words give.

    It changes nothing in the release: it only raises doubts (core.doutes). Raises SpecError when a lexicon is wrong.
    """
    from observatoire.judgement import compile, detection, lexicon, models, terms, themes
    from observatoire.warehouse.python_models import fact_model, source_of

    known, rules = lexicon.load_lexicon(settings.register), themes.load_rules(settings.register)
    ranks = themes.load_themes(settings.register)
    texts = f"(select 'cas_usage|' || id as cle, {TEXT} as objet from staging.cas_usage)"
    normal = f"select cle, texte_normalise(objet) as texte, null::varchar as cpv, null::varchar as cofog, null::varchar as cofog_2 from {texts}"
    query = (
        "select t.cle, coalesce(d.decision, 'non') as detection, h.theme, "
        "case when h.finalite_environnementale then 'oui' when not h.finalite_environnementale then 'non' end as finalite "
        f"from {texts} as t "
        f"left join ({detection.judgement_query(known, models.FORMS, texts, 'cle', 'objet')}) as d on d.cle = t.cle "
        f"left join ({themes.themes_query(rules, ranks, models.THEME_FORMS, normal)}) as h on h.cle = t.cle"
    )
    macro = (settings.sql / "macros" / "jugement.sql").read_text(encoding="utf-8")
    code = [source_of(module) for module in (compile, detection, terms, themes)]
    return fact_model(
        NAME, ["staging.cas_usage", models.FORMS, models.THEME_FORMS], lambda _: query, [query, macro, *code]
    )
