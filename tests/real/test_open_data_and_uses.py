"""Cases of another inventory become evidence of the uses they tell of, and uses only when an analyst says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from observatoire import pipeline
from observatoire.judgement.merges import measure_merges
from observatoire.release.store import current_release
from observatoire.review.export import FIELDS as SHEET
from observatoire.review.export import doubts
from observatoire.settings import Settings
from observatoire.trace import trace
from tests.conftest import ROOT, copy_project
from tests.helpers import asked, assert_licences_said, read_csv, write_csv
from tests.review.conftest import FIELDS

RECITAL = "PSTW-2232"  # the register's v032, told in English
VAR = "PSTW-2774"
TWO_CITIES = "PSTW-430"  # « Nice and Marseille »
UNKNOWN_BODY = "PSTW-274"  # of a chamber of trades
LILLE = "PSTW-1979"  # judged « oui », confirmed without saying what the rules said
BORDEAUX = "PSTW-1655"  # confirmed when the rules said « à examiner »
HOSPITALS = ("PSTW-2916", "Assistance Publique – Hôpitaux de Paris (AP-HP)", "267500452")  # no authority
HOSPITAL = ("PSTW-268", "Bordeaux University Hospital Center")  # its name is decided to be no authority's
NOT_CONFIRMED = "PSTW-1032"  # its theme is decided, not that it is AI
NEW_CITY = "PSTW-1096"  # « City of Saint-Étienne », which the register did not cite


@pytest.fixture(scope="module")
def settings(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The register and the inventory of March 2026; an analyst confirmed some of its cases."""
    settings = copy_project(tmp_path_factory.mktemp("donnees_ouvertes"))
    pipeline.ingest_one(settings, "pstw", shared / "deliveries" / "pstw" / "pstw_dataset_2026-03-04.csv", None, "essai")
    decided = [("detection", f"pstw|{key}", "oui", "oui") for key in (VAR, TWO_CITIES, UNKNOWN_BODY)]
    decided += [("detection", f"pstw|{key}", "oui", "oui") for key in (HOSPITALS[0], HOSPITAL[0], NEW_CITY)]
    decided += [("nom", f"{HOSPITALS[1]}||", "", HOSPITALS[2]), ("nom", f"{HOSPITAL[1]}||", "", "aucune")]
    decided += [("detection", f"pstw|{LILLE}", "", "oui"), ("detection", f"pstw|{BORDEAUX}", "à examiner", "oui")]
    decided += [("theme", f"pstw|{NOT_CONFIRMED}", "", "eau")]
    decisions = [
        {
            "decision_id": f"d{number:05d}", "objet_type": kind, "cle": key, "valeur_attendue": expected,
            "valeur": value, "motif": "Le texte dit l'IA.", "auteur": "A", "date": "2026-11-24", "guide": "2026-11-24/1",
        }
        for number, (kind, key, expected, value) in enumerate(decided, 1)
    ]  # fmt: skip
    with (settings.register / "territoires_cites.csv").open("a", encoding="utf-8") as file:
        file.write("214202186,commune,42218,Saint-Étienne,,42,84,\n")
    write_csv(settings.register / "decisions.csv", decisions, FIELDS)
    pipeline.refresh(settings)
    return settings


def rows(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    release = current_release(settings)
    assert release is not None
    return asked(query.format(r=release.path))


def doubted(settings: Settings) -> list[tuple[Any, ...]]:
    """The candidates of the inventory that core.doutes asks about: key, expected value, reason."""
    columns = [SHEET.index(name) for name in ("objet_type", "cle", "valeur_attendue", "raison")]
    found = [tuple(row[place] for place in columns) for row in doubts(settings)]
    return [row[1:] for row in found if row[0] == "detection" and row[1].startswith("pstw|") and row[2] == "oui"]


def test_a_case_told_by_two_sources_is_one_use_with_two_pieces_of_evidence(settings: Settings) -> None:
    found = rows(
        settings,
        "select u.cle_source, u.nb_preuves, u.nb_sources, p.cle_source from '{r}/usages.parquet' as u "
        "inner join '{r}/preuves.parquet' as p using (usage_id) where p.source = 'pstw' and u.cle_source = 'v032'",
    )
    assert found == [("v032", 2, 2, RECITAL)]


def test_the_date_of_another_source_dates_no_status(settings: Settings) -> None:
    """v032 is « deploye » on a page without a date; the European catalogue, dated, says a trial."""
    entered = rows(
        settings,
        "select l.indicateur_id from '{r}/indicateurs_lignes.parquet' as l inner join '{r}/usages.parquet' as u "
        "on u.usage_id = l.cle where u.cle_source = 'v032' and l.indicateur_id in ('REG-SERV', 'QUA-AGE')",
    )
    assert entered == [("QUA-AGE",)]


def test_what_the_rules_alone_say_makes_no_use(settings: Settings) -> None:
    assert rows(settings, "select count(*) from '{r}/usages.parquet'") == [(163,)], (
        "158 of the register and the five confirmed"
    )
    [(candidates,)] = rows(settings, "select count(*) from '{r}/candidats.parquet' where decision = 'oui'")
    assert candidates > 5
    assert rows(settings, "select count(*) from '{r}/usages_heritiers.parquet'") == [(0,)]


def test_what_the_rules_judge_to_be_ai_is_proposed_to_analysts(settings: Settings) -> None:
    asked_of = {key: (expected, reason) for key, expected, reason in doubted(settings)}
    assert {*asked_of.values()} == {("oui", "jugé « oui » par les règles : à confirmer pour devenir un usage")}
    judged = rows(settings, "select cle from '{r}/candidats.parquet' where decision_automatique = 'oui'")
    evidence = rows(settings, "select cle_source from '{r}/preuves.parquet' where source = 'pstw'")
    assert asked_of.keys() == {f"pstw|{key}" for (key,) in set(judged) - set(evidence)} - {
        f"pstw|{key}" for key in (UNKNOWN_BODY, HOSPITALS[0], HOSPITAL[0])
    }
    assert not asked_of.keys() & {f"pstw|{key}" for key in (VAR, TWO_CITIES, UNKNOWN_BODY, RECITAL, LILLE, BORDEAUX)}


def test_a_confirmed_case_is_a_use_of_its_authority(settings: Settings) -> None:
    found = rows(
        settings,
        "select siren, type_collectivite, siren_statut, confirme, decisions, date_debut_precision, licence "
        "from '{r}/usages.parquet' where cle_source = '" + VAR + "'",
    )
    assert found == [("228300018", "departement", "résolu", True, ["d00001"], "annee", "CC BY 4.0")]


@pytest.mark.parametrize("key", [LILLE, BORDEAUX])
def test_the_word_of_an_analyst_makes_a_use_whatever_the_rules_come_to_say(settings: Settings, key: str) -> None:
    found = rows(
        settings,
        "select d.etat, d.explication, d.valeur_trouvee, list_contains(u.decisions, d.decision_id) "
        "from '{r}/decisions.parquet' as d inner join '{r}/usages.parquet' as u on u.usage_id = d.usage_id "
        f"where d.cle = 'pstw|{key}'",
    )
    assert found == [("appliquée", "confirme ce que disent les règles", "oui", True)]


def test_a_name_whose_decision_does_not_apply_is_still_asked_and_says_why(settings: Settings) -> None:
    why = (
        "d00007 ne s'applique pas : le SIREN n'est pas celui d'une collectivité de la référence : si c'en est une, "
        "l'ajouter à data/register/territoires_cites.csv ; sinon décider « aucune », un nom ne désigne que des collectivités"
    )
    [reason] = [str(row[SHEET.index("raison")]) for row in doubts(settings) if row[1] == f"{HOSPITALS[1]}||"]
    assert reason.startswith("un candidat confirmé attend son organisme") and reason.endswith(f" ; {why}")


def test_both_ways_out_of_an_unknown_body_work(settings: Settings) -> None:
    """An authority that the reference gains makes the use; a name that is no authority's ends the wait, and says so."""
    assert rows(settings, "select siren from '{r}/usages.parquet' where cle_source = '" + NEW_CITY + "'") == [
        ("214202186",)
    ]
    found = rows(
        settings, "select usage_id, explication from '{r}/decisions.parquet' where cle = 'pstw|" + HOSPITAL[0] + "'"
    )
    why = "il n'en devient pas un usage : d00008 dit que son organisme n'est pas une collectivité"
    assert found == [(None, f"confirme la valeur attendue ; {why}")]
    assert not [row for row in doubts(settings) if row[1] == f"{HOSPITAL[1]}||"]


def test_a_decision_names_no_use_that_is_not_published(settings: Settings) -> None:
    """A candidate that the rules alone judge « oui » makes a group of traces, which is no use."""
    of_candidate = "select usage_id from '{r}/decisions.parquet' where cle = 'pstw|" + NOT_CONFIRMED + "'"
    assert rows(settings, of_candidate) == [(None,)]
    query = (
        "select count(*) from '{r}/decisions.parquet' where usage_id not in (select usage_id from '{r}/usages.parquet')"
    )
    assert rows(settings, query) == [(0,)]


@pytest.mark.parametrize(
    ("key", "year", "place"),
    [(TWO_CITIES, 2019, "Alpes-Maritimes"), (BORDEAUX, 2021, "Gironde"), (NEW_CITY, 2019, "Loire")],
)
def test_a_confirmed_case_has_its_declared_start_and_its_place(
    settings: Settings, key: str, year: int, place: str
) -> None:
    columns = "annee, annee_type, year(date_debut), departement_ou_region"
    [found] = rows(settings, f"select {columns} from '{{r}}/usages.parquet' where cle_source = '{key}'")
    assert found == (year, "enoncee", year, place)


def test_the_register_keeps_the_places_it_writes(settings: Settings) -> None:
    written = {row["id"]: row["departement_ou_region"] or None for row in read_csv(settings.register / "cas_usage.csv")}
    places = rows(
        settings, "select cle_source, departement_ou_region from '{r}/usages.parquet' where source = 'cas_usage'"
    )
    assert len(places) == 158 and dict(places) == written


def test_a_confirmed_case_of_two_bodies_is_of_the_first_and_says_so(settings: Settings) -> None:
    found = rows(
        settings,
        "select collectivite, siren, siren_statut, siren_regle from '{r}/usages.parquet' "
        "where cle_source = '" + TWO_CITIES + "'",
    )
    assert found == [("Nice and Marseille", "210600888", "résolu", "premier des organismes que le nom réunit")]


def test_a_confirmed_case_of_an_unknown_body_says_why_it_is_no_use(settings: Settings) -> None:
    found = rows(
        settings, "select etat, explication from '{r}/decisions.parquet' where cle = 'pstw|" + UNKNOWN_BODY + "'"
    )
    why = "confirme la valeur attendue ; il n'en devient pas un usage : son organisme n'est pas reconnu"
    assert found == [("appliquée", why)]


def test_a_confirmed_case_that_waits_for_its_body_is_said_and_its_name_asked(settings: Settings) -> None:
    told = rows(settings, "select violations from '{r}/controles.parquet' where code = 'DEC-06'")
    assert told == [(2,)]
    place, reason = SHEET.index("cle"), SHEET.index("raison")
    waiting = [row[place] for row in doubts(settings) if row[0] == "nom" and "attend son organisme" in str(row[reason])]
    [(body,)] = rows(settings, "select acheteur from '{r}/candidats.parquet' where cle = '" + UNKNOWN_BODY + "'")
    assert waiting == [f"{HOSPITALS[1]}||", f"{body}||"]


def test_a_candidate_that_is_evidence_of_no_use_shows_what_was_read(settings: Settings) -> None:
    release = current_release(settings)
    assert release is not None
    followed = trace(settings, release, "pstw|PSTW-1030", pipeline.load_all_sources(settings))
    assert followed.usages == []
    [record] = followed.enregistrements
    assert record.contenu is not None and record.contenu["Status"] == "Pilot" and record.octets == "vérifiés"


def test_the_case_is_traced_to_its_bytes(settings: Settings) -> None:
    release = current_release(settings)
    assert release is not None
    followed = trace(settings, release, "v032", pipeline.load_all_sources(settings))
    records = followed.as_dict()["enregistrements"]
    assert {record["source"] for record in records} == {"cas_usage", "pstw"}
    assert {record["octets"] for record in records} == {"vérifiés"}


def test_merges_are_measured_on_the_pairs_to_learn_from(settings: Settings) -> None:
    """The half where rules may be tuned; without the Fonds vert, its pairs are counted apart."""
    found = measure_merges(replace(settings, project=ROOT), "apprentissage")
    assert found.pairs > 350 and 0 < found.missing < 20
    assert found.precision.count == found.precision.base >= 12, "a wrong merge would give an authority another's use"
    assert found.shown.value is not None and found.shown.value > 0.85


def test_the_status_that_the_inventory_declares_is_that_of_its_candidates(settings: Settings) -> None:
    query = (
        "select count(*), count(*) filter (k.statut_texte <> k.statut), bool_and(k.statut = e.statut) "
        "from '{r}/candidats.parquet' as k inner join '{r}/contexte_europe.parquet' as e "
        "on k.source = e.source and k.cle = e.cle_source where k.decision_automatique <> 'non'"
    )
    assert rows(settings, query) == [(16, 9, True)]


def test_evidence_that_a_source_lists_was_seen_by_nobody(settings: Settings) -> None:
    query = "select distinct source, date_consultation is null from '{r}/preuves.parquet' order by 1"
    assert rows(settings, query) == [("cas_usage", False), ("pstw", True)]


def test_the_newest_evidence_dates_the_verification(settings: Settings) -> None:
    dates = "statut_date is null, date_verification is not null, date_verification = derniere_observation"
    query = "select " + dates + " from '{r}/usages.parquet' where cle_source = 'v032'"
    assert rows(settings, query) == [(True, True, True)], "the register does not date it, the inventory does"


def test_the_notice_and_the_package_say_the_licences_that_rows_carry(settings: Settings) -> None:
    release = current_release(settings)
    assert release is not None
    assert_licences_said(release)
    notice = (release.path / "NOTICE.md").read_text(encoding="utf-8")
    [of_pstw] = [line for line in notice.splitlines() if "Public Sector Tech Watch" in line and "`usages`" in line]
    assert "`extraits`" in of_pstw
