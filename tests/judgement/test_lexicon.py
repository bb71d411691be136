"""The lexicon of AI: every term, the prefilter, the normal form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from observatoire.errors import SpecError
from observatoire.judgement.compile import ACCENTS, RARE
from observatoire.judgement.detection import judgement_query, lexicon_query, prefilter_of
from observatoire.judgement.lexicon import FILE, SEEN, Entry, expand, load_lexicon, normalise
from observatoire.settings import Settings
from observatoire.warehouse.models import load_macros
from tests.conftest import ROOT

LEXICON = load_lexicon(ROOT / "data" / "register")
LANGUAGES = ("fr", "en")


def judging() -> duckdb.DuckDBPyConnection:
    """A connection that knows the normal form of a text."""
    con = duckdb.connect()
    for macro in load_macros(ROOT / "sql"):
        if macro.name == "texte_normalise":
            con.execute(macro.statement)
    return con


CON = judging()
CON.execute("create table lexique as " + lexicon_query(LEXICON))


def judged(texts: list[str], language: str, filtered: bool = True) -> dict[int, tuple[int, str, list[str]]]:
    """Score, decision and reasons of each text that has some, by its place in the list."""
    CON.execute(
        "create or replace temp table essais as select unnest(range(len($1::varchar[]))) as n, unnest($1::varchar[]) as texte",
        [texts],
    )
    query = judgement_query(LEXICON, "lexique", "essais", "n", "texte", language, filtered)
    rows = CON.execute(f"select cle, score, decision, motifs from ({query})").fetchall()
    return {row[0]: row[1:] for row in rows}


def terms(reasons: list[str]) -> set[str]:
    return {reason.rsplit(" (", 1)[0] for reason in reasons}


# Context counts beside a term of AI only, an exclusion hides one: both are seen through what they change.
BESIDE = {"fr": "Un algorithme. ", "en": "An algorithm. "}


@pytest.fixture(scope="module")
def examples() -> dict[tuple[str, str], set[str]]:
    """The terms found in the example and the counter-example of every term: one query a language."""
    found = {}
    for language in LANGUAGES:
        entries = [entry for entry in LEXICON.termes if entry.langue == language]
        for kind in ("exemple", "contre_exemple"):
            texts = [
                (BESIDE[language] if entry.genre == "contexte" else "") + getattr(entry, kind) for entry in entries
            ]
            results = judged(texts, language)
            for place, entry in enumerate(entries):
                found[entry.terme, kind] = terms(results[place][2]) if place in results else set()
    return found


@pytest.mark.parametrize("entry", LEXICON.termes, ids=lambda entry: entry.terme)
def test_a_term_is_found_in_its_example_and_not_in_its_counter_example(
    entry: Entry, examples: dict[tuple[str, str], set[str]]
) -> None:
    if entry.genre == "exclusion":
        example, counter = normalise(entry.exemple), normalise(entry.contre_exemple)
        assert any(f" {form} " in example for form in entry.forms)
        assert not any(f" {form} " in counter for form in entry.forms)
        decision = judged([entry.exemple], entry.langue)
        assert all(result[1] == "non" for result in decision.values()), decision
        return
    assert entry.terme in examples[entry.terme, "exemple"]
    assert entry.terme not in examples[entry.terme, "contre_exemple"]


@pytest.mark.parametrize("entry", LEXICON.of("fort"), ids=lambda entry: entry.terme)
def test_a_strong_term_decides_alone(entry: Entry) -> None:
    assert entry.poids >= LEXICON.seuils.oui


@pytest.mark.parametrize(
    "text",
    [
        "Insémination artificielle (IA) des bovins",
        "Déplacements de l'IA-IPR de lettres",
        "Construction du collège, lot IA : gros œuvre",
        "Syndicat S.I.A.E.P. de la vallée",
        "Télérelève des compteurs communicants",
        "Trieur optique du centre de tri",
        "Extension de la vidéoprotection",
        "Jumeau numérique et maquette 3D de la ville",
        "Étude d'intelligence économique et territoriale",
        "Ville intelligente : capteurs, logiciel et open data",
        "Centre de formation en apprentissage, portes automatiques",
        "J'ai vu un médiateur social à l'académie",
        "Hyperviseur et capteurs (données, IA non explicite)",
    ],
)
def test_false_friends_are_not_ai(text: str) -> None:
    assert {result[1] for result in judged([text], "fr").values()} <= {"non"}


@pytest.mark.parametrize(
    "text",
    [
        "Détection de fuites par l’IA",
        "DETECTION DE FUITES PAR L'INTELLIGENCE ARTIFICIELLE",
        "Solution d’intelligence\u00a0artificielle",
        "Solution d'intelligence-artificielle",
        "Recherche de fuites (I.A. générative)".replace("I.A.", "IA"),
        "Inte\u00adlligence artifi\u00adcielle",
        "Intelligence artificielle".replace("e", "e\u0301"),
        "R\ufffdseaux de neurones",
        "Apprentissage profond pour le cœur de ville",
    ],
)
def test_typography_does_not_hide_ai(text: str) -> None:
    assert [result[1] for result in judged([text], "fr").values()] == ["oui"]


def test_english_words_count_in_english_texts_only() -> None:
    text = ["Servizi: artificial intelligence, ai turisti"]
    assert judged(text, "fr") == {} and judged(text, "en")[0][1] == "oui"


def test_reasons_say_what_was_found_and_where_heaviest_first() -> None:
    score, decision, reasons = judged(["Caméras de la ville (IA générative) pour agents"], "fr")[0]
    assert (decision, score) == ("oui", 130)
    assert reasons == ["IA générative (fort, mot 5)", "caméra (contexte, mot 1)", "usage de l'IA (contexte, mot 8)"]


def test_context_is_limited_and_the_second_weak_term_counts_half() -> None:
    text = "Chatbot, robot conversationnel, algorithme : données, logiciel, caméra, pilote, formation, simulations, détection"
    assert judged([text], "fr")[0][0] == 60 + 60 // 2 + LEXICON.seuils.contexte_max


def test_one_notion_counts_once_whatever_its_terms() -> None:
    alone = judged(["A model"], "en").get(0, (0,))[0]
    said = "Predictive model that predicts: predictions, forecasts"
    assert alone == 0 and judged([said], "en")[0][0] == 70
    assert (
        judged(["Caméra intelligente de comptage, caméras de comptage : détection automatique"], "fr")[0][1]
        == "à examiner"
    )


@pytest.mark.parametrize(
    ("text", "language", "decision"),
    [
        ("A chatbot of the city answers questions of citizens: software, data, platform, pilot", "en", "à examiner"),
        ("Un chatbot répond aux questions : logiciel, données, plateforme, expérimentation", "fr", "à examiner"),
        ("Un chatbot comprend les questions posées en langage naturel", "fr", "oui"),
        ("Un callbot répond aux appels du standard", "fr", "oui"),
        ("Capteurs de pollens choisis dans sa démarche ville intelligente et IA", "fr", "à examiner"),
        ("Cross-border recognition of diplomas, and learning, on a platform", "en", "non"),
        ("A tool for recognition of faces by image recognition", "en", "oui"),
        ("A profiling system for job seekers", "en", "oui"),
        ("Des capteurs vidéo distinguent les cyclistes et les piétons", "fr", "oui"),
        ("Les habitants signalent les dégradations", "fr", "non"),
        ("Analyse sémantique des contributions citoyennes", "fr", "oui"),
    ],
)
def test_what_a_tool_does_tells_more_than_general_words(text: str, language: str, decision: str) -> None:
    assert judged([text], language).get(0, (0, "non"))[1] == decision


# The prefilter may keep more than the rule, never less.
FORMS = sorted({(entry.langue, form) for entry in LEXICON.of(*SEEN) for form in entry.forms})
NOISE = st.lists(st.integers(0, 2**16), min_size=1, max_size=30)
SEPARATORS = (" ", "  ", "-", "\u00a0", "\u202f", "’", " - ", "\n", "\u2011", ".", "_", "\u00a0: ", "«")
VARIANTS = {letter: accents.replace(r"\x{FFFD}", "\ufffd") for letter, accents in ACCENTS.items()}


def noisy(form: str, noise: list[int]) -> str:
    """A form as people and platforms may write it: case, accents (composed or not), ligatures, separators, soft hyphens."""
    written = []
    for place, letter in enumerate(form):
        draw = noise[place % len(noise)] + place
        if letter == " ":
            written.append(SEPARATORS[draw % len(SEPARATORS)])
            continue
        accents = VARIANTS.get(letter, "")
        kind = draw % 9
        if kind == 1 and accents:
            letter = accents[draw % len(accents)]
        elif kind == 2:
            letter = letter.upper()
        elif kind == 3:
            letter += "\u0301"
        elif kind == 4:
            letter += "\u00ad"
        written.append(letter)
    text = "".join(written)
    return text.replace("oe", "œ").replace("ae", "æ") if noise[0] % 3 == 0 else text


@settings(max_examples=12, deadline=None, phases=(Phase.reuse, Phase.generate))
@given(st.lists(st.tuples(st.sampled_from(FORMS), NOISE, st.text(max_size=6)), min_size=40, max_size=80))
def test_the_prefilter_keeps_all_that_the_rule_finds(drawn: list[tuple[tuple[str, str], list[int], str]]) -> None:
    for language in LANGUAGES:
        texts = [f"{around} {noisy(form, noise)} {around}" for (own, form), noise, around in drawn if own == language]
        texts = [text.encode("utf-8", "ignore").decode() for text in texts]
        found = judged(texts, language, filtered=False)
        passed = CON.execute("select n from essais where regexp_matches(texte, $1)", [prefilter_of(LEXICON, language)])
        assert found.keys() <= {row[0] for row in passed.fetchall()}


def test_every_form_passes_the_prefilter_of_its_language() -> None:
    for language in LANGUAGES:
        texts = [form for own, form in FORMS if own == language]
        kept = CON.execute(
            "select list(t) from (select unnest($1) as t) where not regexp_matches(t, $2)",
            [texts, prefilter_of(LEXICON, language)],
        ).fetchone()
        assert kept == (None,)


def test_rare_characters_are_those_that_the_normal_form_reads_otherwise_than_the_prefilter() -> None:
    known = set("".join(VARIANTS.values())) | set("œŒæÆ")
    found = CON.execute(
        r"select c from (select chr(i::integer) as c from range(128, 1114112) t(i) where i not between 55296 and 57343) "
        rf"where texte_normalise('a' || c || 'b') <> ' a b ' and not regexp_matches(c, '{RARE}')"
    ).fetchall()
    assert {row[0] for row in found} <= known


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8", min_codepoint=1), max_size=40))
def test_terms_and_texts_have_the_same_normal_form(text: str) -> None:
    found = CON.execute("select texte_normalise($1)", [text]).fetchone()
    assert found is not None
    if all(ord(letter) < 0x250 or letter == "\ufffd" for letter in text):
        assert " ".join(found[0].split()) == normalise(text).strip()


def test_forms_are_expanded() -> None:
    assert expand("réseau(x) (de|a) neurones") == [
        "réseau de neurones", "réseau a neurones", "réseaux de neurones", "réseaux a neurones",
    ]  # fmt: skip


def faulty(project: Settings, change: Any) -> None:
    path = project.register / FILE
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c["termes"].append(dict(c["termes"][0])), "is a form of"),
        (lambda c: c["termes"][0].update(variantes=["zzz inconnu"]), "amorces"),
        (lambda c: c["termes"][0].update(poids=0), "exclusion"),
        (lambda c: c["seuils"].update(a_examiner=200), "below"),
        (lambda c: c["termes"][0].pop("contre_exemple"), "contre_exemple"),
    ],
    ids=["twice", "no start", "weight", "thresholds", "no counter-example"],
)
def test_a_wrong_lexicon_is_one_line(project: Settings, change: Any, said: str) -> None:
    faulty(project, change)
    with pytest.raises(SpecError, match=said) as caught:
        load_lexicon(project.register)
    assert "\n" not in str(caught.value) and FILE in str(caught.value)


def test_a_missing_lexicon_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="illisible"):
        load_lexicon(tmp_path)
