"""To what end: every form of the lexicon, the rules of the guide, examples and counter-examples of every code."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
import yaml

from observatoire.commands import output_judgement
from observatoire.errors import SpecError
from observatoire.judgement.evaluate import measure_themes
from observatoire.judgement.lexicon import expand, normalise
from observatoire.judgement.terms import steps
from observatoire.judgement.themes import FILE, THEMES, load_rules, load_themes, rules_query, themes_query
from observatoire.settings import Settings
from observatoire.vocabularies import codes_by_list
from tests.conftest import ROOT

REGISTER = ROOT / "data" / "register"
RULES, RANKS = load_rules(REGISTER), load_themes(REGISTER)
CON = duckdb.connect()
CON.execute("create table formes as " + rules_query(RULES))


def judged(*texts: str, cpv: str | None = None, cofog: str | None = None) -> list[dict[str, Any]]:
    """What the rules say of each text, in order."""
    CON.execute("create or replace temp table textes_lus (cle integer, texte varchar, cpv varchar, cofog varchar)")
    CON.executemany(
        "insert into textes_lus values ($1, $2, $3, $4)",
        [[place, normalise(text), cpv, cofog] for place, text in enumerate(texts)],
    )
    found = CON.execute(themes_query(RULES, RANKS, "formes", "select * from textes_lus") + " order by h.cle")
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def seen(texts: list[str]) -> list[set[str]]:
    """The kinds of the forms found in each text."""
    CON.execute(
        "create or replace temp table essais as select unnest(range(len($1::varchar[]))) as cle, "
        "unnest($1::varchar[]) as texte",
        [[normalise(text) for text in texts]],
    )
    rows = CON.execute(
        f"with {steps('select * from essais', 'select * from formes')} select cle, list(genre) from retenus group by cle"
    )
    found = dict(rows.fetchall())
    return [set(found.get(place, ())) for place in range(len(texts))]


Said = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def said() -> Said:
    """What the rules say of every example: one query."""
    texts = [str(text) for text, _ in [*ALL_THEMES, *PURPOSES, *TECHNIQUES, *STATUSES]]
    return dict(zip(texts, judged(*texts), strict=True))


CODES = sorted({kind for _, kind, _, _ in RULES.forms() if kind != "exclusion"})


@pytest.fixture(scope="module")
def entries() -> dict[str, list[tuple[str, set[str], set[str]]]]:
    """Of every kind: each form, the kinds found in it, and those found when it is only a piece of longer words."""
    forms = [(kind, text) for form, kind, _, _ in RULES.forms() if kind != "exclusion" for text in expand(form)]
    alone, inside = seen([text for _, text in forms]), seen([f"x{text}x" for _, text in forms])
    found: dict[str, list[tuple[str, set[str], set[str]]]] = {}
    for place, (kind, text) in enumerate(forms):
        kinds = [{name.rsplit("/", 1)[0] for name in names} for names in (alone[place], inside[place])]
        found.setdefault(kind, []).append((text, kinds[0], kinds[1]))
    return found


@pytest.mark.parametrize("kind", CODES)
def test_every_form_is_found_where_it_stands_and_not_inside_words(
    kind: str, entries: dict[str, list[tuple[str, set[str], set[str]]]]
) -> None:
    # A form that holds an exclusion would never be found.
    assert [text for text, alone, _ in entries[kind] if kind not in alone] == []
    single = [(text, inside) for text, _, inside in entries[kind] if " " not in text]
    assert [text for text, inside in single if kind in inside] == []


def test_codes_are_those_of_the_vocabularies() -> None:
    lists = codes_by_list(REGISTER)
    assert set(RULES.themes) == set(lists["theme"]) == set(RANKS)
    assert set(RULES.techniques.codes) | {"inconnu"} == set(lists["technique"])
    assert set(RULES.statuts.codes) | {"inconnu"} == set(lists["statut"])
    settled = {code for code, (_, purpose) in RANKS.items() if purpose == "selon_le_but"}
    assert set(RULES.finalite.selon_le_but) == settled


# theme: texts that are of it, then texts that look like it and are of another, with that one.
THEME_EXAMPLES = {
    "eau": (["Recherche de fuites sur le réseau d'eau potable par algorithme", "Énergie d'une station d'épuration pilotée par IA",
             "Predicting leaks in the drinking water network"],
            [("Prévision des crues de la rivière", "risques"), ("Détection de noyade à la piscine par caméras", "securite")]),
    "dechets": (["Caméras contre les dépôts sauvages, utilisées par la police municipale", "Reconnaissance des erreurs de tri dans les bacs",
                 "Détection d'incendie dans les camions de collecte", "Detecting litter in the streets with cameras"],
                [("Réduction du gaspillage alimentaire dans les cantines", "agriculture_alimentation"),
                 ("Callbot qui prend les rendez-vous d'enlèvement des encombrants", "relation_usagers")]),
    "energie": (["Éclairage public à détection de formes", "Cadastre solaire des toitures par analyse d'images aériennes",
                 "Predicting electricity consumption of the power grid"],
                [("Chauffage des écoles réglé par IA", "batiments"), ("Consommation énergétique d'une station d'épuration", "eau")]),
    "batiments": (["Régulation du chauffage d'un gymnase par apprentissage", "Priorisation des rénovations du patrimoine bâti",
                   "AI for the heating of public buildings"],
                  [("Instruction des permis de construire assistée par IA", "urbanisme_sols"), ("Guide virtuel du musée", "education_culture")]),
    "mobilite": (["Comptage de vélos par caméras intelligentes", "État des chaussées relevé par caméra embarquée", "Feux intelligents au carrefour",
                  "Predicting traffic congestion on the roads"],
                 [("Optimisation des tournées de collecte des déchets", "dechets"), ("Caméras de vidéosurveillance algorithmique dans la foule", "securite")]),
    "biodiversite": (["Inventaire des arbres de la ville par IA", "Reconnaissance des chants d'oiseaux", "Monitoring of wildlife and forests"],
                     [("Détection des feux de forêt par caméras", "risques"), ("Surveillance des cultures et des vignes", "agriculture_alimentation")]),
    "air_climat": (["Prévision de la qualité de l'air", "Jumeau numérique des îlots de chaleur", "Modelling noise and air quality in the city"],
                   [("Prévision des inondations et des tempêtes", "risques"), ("Qualité de l'air intérieur des bâtiments", "batiments")]),
    "risques": (["Départs de feu repérés par caméras", "Traitement des appels d'urgence au SDIS", "Prévision des crues", "Flood forecasting with AI"],
                [("Surveillance de la noyade en piscine", "securite"), ("Incendies de camions de collecte de déchets", "dechets")]),
    "urbanisme_sols": (["Repérage des piscines non déclarées", "Suivi de l'artificialisation des sols", "AI for building permits"],
                       [("Végétalisation et plantation d'arbres", "biodiversite"), ("Rénovation énergétique des bâtiments", "batiments")]),
    "agriculture_alimentation": (["Prévision du nombre de convives des cantines", "Contrôle des aides agricoles par satellite",
                                  "Detecting mowing of crops by farmers"],
                                 [("Entretien des espaces verts et des arbres", "biodiversite")]),
    "gestion_interne": (["Assistant interne pour les agents", "Rédaction de comptes rendus de réunion par IA", "Charte d'usage de l'IA",
                         "Detecting tax fraud"],
                        [("Robot conversationnel du site de la ville", "relation_usagers"), ("Instruction des permis de construire", "urbanisme_sols")]),
    "relation_usagers": (["Chatbot sur les déchets pour les habitants", "Standard téléphonique tenu par un assistant vocal",
                          "Analyse des avis des habitants", "A chatbot for citizens on parking"],
                         [("Chatbot du musée", "education_culture"), ("Chatbot pour les demandeurs d'emploi", "social_sante"),
                          ("Chatbot interne pour les ressources humaines", "gestion_interne"),
                          ("A chatbot for municipal employees, it answers questions on IT support", "gestion_interne")]),
    "securite": (["Vidéosurveillance algorithmique des foules", "Détection de noyade à la piscine", "Facial recognition by the police"],
                 [("Caméra contre les dépôts sauvages", "dechets"), ("Cybersécurité du système d'information", "gestion_interne")]),
    "education_culture": (["Lecture d'écritures anciennes aux archives", "Visite du musée avec un agent conversationnel", "A tutor for students"],
                          [("Formation des agents à l'IA", "gestion_interne"), ("Repas des cantines scolaires", "agriculture_alimentation")]),
    "social_sante": (["Attribution des places en crèche", "Instruction des dossiers de handicap de la MDPH", "Diagnosis of patients at the hospital"],
                     [("Appels d'urgence des pompiers", "risques"), ("Rénovation énergétique du logement social", "batiments")]),
    "autre": (["Plan intelligence artificielle pour la filière", "Anonymisation des décisions de justice du tribunal", "Supercomputing for startups",
               "Solution d'intelligence artificielle"],
              [("Stratégie IA pour les services internes de la collectivité", "gestion_interne")]),
}  # fmt: skip
ALL_THEMES = [(text, theme) for theme, (own, _) in THEME_EXAMPLES.items() for text in own]
ALL_THEMES += [pair for _, others in THEME_EXAMPLES.values() for pair in others]


@pytest.mark.parametrize(("text", "theme"), ALL_THEMES)
def test_a_text_is_of_its_theme(said: Said, text: str, theme: str) -> None:
    found = said[text]
    assert found["theme"] == theme == found["themes"][0], found


PURPOSES = [
    ("Départs de feu de forêt repérés par caméras", True),
    ("Tri des appels d'urgence du SDIS", False),
    ("Chauffage des bâtiments communaux réglé par IA", True),
    ("Réservation des salles municipales par IA", False),
    ("Comptage des vélos et des flux de circulation", True),
    ("État des chaussées : nids-de-poule et fissures", False),
    ("Stationnement gênant : lecture automatique de plaques", False),
    ("Artificialisation des sols suivie par satellite", True),
    ("Instruction des permis de construire", False),
    ("Gaspillage alimentaire des cantines", True),
    ("Contrôle des aides agricoles", False),
    ("Recherche de fuites d'eau", True),
    ("Assistant interne pour les agents", False),
    ("Appel à projets d'IA frugale pour la transition écologique", True),
    ("Emergency calls sorted by AI", False),
    ("Detection of damage to roads", False),
]


@pytest.mark.parametrize(("text", "expected"), PURPOSES)
def test_the_purpose_follows_the_guide(said: Said, text: str, expected: bool) -> None:
    assert said[text]["finalite_environnementale"] is expected


TECHNIQUES = [
    ("Caméra et reconnaissance d'images", "vision"),
    ("Chatbot de la ville", "traitement_langage"),
    ("Chatbot fondé sur ChatGPT", "generatif"),
    ("Prévision des consommations", "predictif"),
    ("Jumeau numérique de la ville", "jumeau_numerique"),
    ("Tournées optimisées", "optimisation"),
    ("Navette autonome", "autre"),
    ("Solution d'intelligence artificielle pour la ville et son territoire", "inconnu"),
    ("A large language model for the city", "generatif"),
    ("Predictive maintenance of the network", "predictif"),
    ("Images are analysed by computer vision", "vision"),
    ("Cameras help to optimise the traffic and optimise the lights: CCTV of the city", "vision"),
    ("The calls of citizens are transcribed", "traitement_langage"),
    ("Self-driving buses of the city", "autre"),
]


@pytest.mark.parametrize(("text", "technique"), TECHNIQUES)
def test_the_technique_is_the_one_named(said: Said, text: str, technique: str) -> None:
    assert said[text]["technique"] == technique


STATUSES = [
    ("La ville étudie l'achat d'un outil", "idee"),
    ("La commune équipera ses bus l'an prochain", "prevu"),
    ("Essai de caméras pendant un an", "experimentation"),
    ("Après une phase d'essai, la ville utilise l'outil", "deploye"),
    ("L'outil est utilisé par les agents", "deploye"),
    ("Les caméras repèrent les déchets", "deploye"),
    ("L'expérimentation a pris fin ; elle s'est achevée", "termine"),
    ("Le logiciel a été retiré après un jugement", "abandonne"),
    ("Charte d'usage de l'intelligence artificielle", "sans_objet"),
    ("Acquisition de caméras intelligentes", "inconnu"),
    ("Analyse des flux et mesure de la qualité de l'air, lot 2", "inconnu"),
    ("The city uses the tool", "deploye"),
    ("A pilot in the city of the north", "experimentation"),
    ("The AI will help the staff of the city", "prevu"),
    ("L'IA pilote le chauffage et repère les fuites", "deploye"),
    ("La commune pilote le projet : trois sites pilotes", "experimentation"),
    ("Le système signale les colis abandonnés", "deploye"),
    ("The chatbot is no longer available", "abandonne"),
    ("The tool is used to analyse aptitude tests of candidates", "deploye"),
]


@pytest.mark.parametrize(("text", "status"), STATUSES)
def test_the_status_is_what_the_text_says(said: Said, text: str, status: str) -> None:
    assert said[text]["statut"] == status


def test_codes_of_the_record_help_a_text_that_says_little() -> None:
    text = "Solution d'intelligence artificielle"
    assert judged(text, cpv="90510000")[0]["theme"] == "dechets"
    assert judged(text, cofog="Health ")[0]["theme"] == "social_sante"
    assert judged(text, cpv="99999999", cofog="Unknown")[0]["theme"] == "autre"


def test_what_stands_first_counts_more_and_the_others_are_kept() -> None:
    found = judged("Arbres de la ville. " + "Une phrase qui ne dit rien de plus. " * 8 + "La qualité de l'air.")[0]
    assert found["theme"] == "biodiversite"
    found = judged("Arbres et qualité de l'air")[0]
    assert set(found["themes"]) == {"biodiversite", "air_climat"}


def test_words_count_in_their_language() -> None:
    assert judged("La ville et son standard, pour les habitants")[0]["theme"] == "relation_usagers"
    assert judged("The standard of the city and of the region")[0]["theme"] == "autre"
    assert judged("Building a model of the language")[0]["theme"] == "autre"


def test_themes_on_the_half_where_rules_were_tuned(capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(ROOT, ROOT / "data", REGISTER)
    found = measure_themes(settings, "apprentissage")
    values = [rate.value or 0 for rate in (found.theme, found.purpose, found.technique, found.status)]
    assert found.texts > 140 and all(
        value >= floor for value, floor in zip(values, (0.94, 0.97, 0.89, 0.86), strict=True)
    )
    output_judgement.themes(found, json=False)
    assert "intervalle à 95 %" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c["cpv"].update({"99": {"mer": 3}}), "unknown theme mer"),
        (lambda c: c.pop("places"), "places"),
        (lambda c: c["techniques"].update(seuil=0), "seuil"),
        (lambda c: c["themes"]["eau"].update(de={9: ["Wasser"]}), "themes"),
    ],
    ids=["theme", "places", "threshold", "language"],
)
def test_a_wrong_file_is_one_line(project: Settings, change: Any, said: str) -> None:
    path = project.register / FILE
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(SpecError, match=said) as caught:
        load_rules(project.register)
    assert "\n" not in str(caught.value)


def test_missing_definitions_are_one_line(project: Settings) -> None:
    (project.register / THEMES).unlink()
    with pytest.raises(SpecError, match="illisible"):
        load_themes(project.register)
