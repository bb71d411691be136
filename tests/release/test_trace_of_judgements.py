"""`observatoire trace` of what the review sheets show: candidates, decisions, keys that a merge took away."""

from __future__ import annotations

import shutil
from typing import Any

import duckdb
import pytest

from observatoire.cli_trace import fact_lines
from observatoire.cli_trace import trace as show
from observatoire.errors import UsageError
from observatoire.pipeline import Report, load_all_sources
from observatoire.release.store import Release, find_release
from observatoire.settings import Settings
from observatoire.trace import Trace, trace
from observatoire.vocabularies import load_vocabularies

PAIR = "cas_usage|v030 + cas_usage|v055"
CANDIDATE: dict[str, Any] = {
    "candidat_id": "c1", "source": "pstw", "cle": "PSTW-1", "type_candidat": "cas", "decision": "non",
    "decision_automatique": "oui", "score": 120, "motifs": ["AI (fort, mot 3)", "données (contexte, mot 9)"], "themes": [],
    "acheteur": "Une ville", "objet": "Un outil", "decisions": ["d90002"], "licence": "CC BY 4.0", "attribution": "X",
    "livraison": "a" * 64, "ligne": 7,
}  # fmt: skip


def decision(key: str, kind: str, about: str, value: str) -> dict[str, Any]:
    return {
        "decision_id": key, "objet_type": kind, "cle": about, "valeur_attendue": "oui", "valeur": value, "nature": "decision",
        "motif": f"Motif de {key}", "auteur": "A. Exemple", "date": "2026-11-24", "etat": "appliquée", "explication": "tient",
    }  # fmt: skip


@pytest.fixture(scope="module")
def judged(released: tuple[Settings, Report], tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Release]:
    """The release of the register, with candidates, decisions and a merge written into it. DONNÉES FICTIVES."""
    settings = released[0]
    folder = tmp_path_factory.mktemp("versions") / "2026-11-28-x"
    shutil.copytree(find_release(settings, "current").path.resolve(), folder)
    with duckdb.connect() as con:
        kept = con.execute(f"select usage_id from '{folder}/usages.parquet' where cle_source = 'v030'").fetchone()
        assert kept
        more: dict[str, list[dict[str, Any]]] = {
            "candidats": [CANDIDATE, {**CANDIDATE, "candidat_id": "c2", "source": "ted", "decisions": []}],
            "decisions": [
                decision("d90001", "fusion", PAIR, "meme_usage"), decision("d90002", "detection", "pstw|PSTW-1", "non"),
            ],
            "usages_heritiers": [
                {"ancien_usage_id": "ancien", "usage_id": kept[0], "nature": "fusion", "cle_source": "cas_usage|v055",
                 "motif": "M", "decision_id": "d90001", "date": "2026-11-24"},
            ],
        }  # fmt: skip
        for table, rows in more.items():
            path = folder / f"{table}.parquet"
            con.execute(f"create or replace table t as from '{path}'")
            for row in rows:
                con.execute(f"insert into t by name select {', '.join(f'${name} as {name}' for name in row)}", row)
            con.execute(f"copy t to '{path}'")
    return settings, Release(folder)


def traced(judged: tuple[Settings, Release], wanted: str) -> Trace:
    settings, release = judged
    return trace(settings, release, wanted, load_all_sources(settings))


@pytest.mark.parametrize("wanted", ["c1", "pstw|PSTW-1"])
def test_a_candidate_leads_to_its_judgement_delivery_and_decisions(
    judged: tuple[Settings, Release], wanted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = traced(judged, wanted)
    assert found.nature == "candidat" and [row["candidat_id"] for row in found.candidats] == ["c1"]
    assert [row["decision_id"] for row in found.decisions] == ["d90002"]
    record = found.enregistrements[0]
    assert (record.source, record.livraison, record.ligne, record.cle) == ("pstw", "a" * 64, 7, "PSTW-1")
    show(found, False, {})
    shown = capsys.readouterr().out
    assert "est-ce de l'IA : non ; d'après les règles : oui, score 120" in shown
    assert "motifs : AI (fort, mot 3) ; données (contexte, mot 9)" in shown and "Motif de d90002" in shown
    assert found.colonnes["score"]


def test_a_key_of_two_candidates_is_asked_again(judged: tuple[Settings, Release]) -> None:
    with pytest.raises(
        UsageError, match=r"plusieurs candidats\. Donner l'un d'eux : « pstw\|PSTW-1 », « ted\|PSTW-1 »"
    ):
        traced(judged, "PSTW-1")


def test_a_decision_leads_to_what_it_changed(
    judged: tuple[Settings, Release], capsys: pytest.CaptureFixture[str]
) -> None:
    found = traced(judged, "d90002")
    assert found.nature == "decision" and [row["candidat_id"] for row in found.candidats] == ["c1"]
    merge = traced(judged, "d90001")
    assert [row["cle_source"] for row in merge.usages] == ["v030", "v055"]
    assert {record.cle for record in merge.enregistrements} == {"v030", "v055"}
    assert [row["ancien_usage_id"] for row in merge.heritiers] == ["ancien"]
    show(merge, False, {})
    shown = capsys.readouterr().out
    assert f"Décision d90001 appliquée : fusion de {PAIR}" in shown
    assert "Changé : fusion de ancien (cas_usage|v055) →" in shown
    for record in merge.enregistrements:
        assert record.contenu and f"  titre : {record.contenu['titre']}\n" in shown, "what was read of each record"


def test_the_many_records_of_a_figure_are_named_only(
    judged: tuple[Settings, Release], capsys: pytest.CaptureFixture[str]
) -> None:
    found = traced(judged, "REG-ENV")
    show(found, False, {})
    shown = capsys.readouterr().out
    assert "Enregistrement " in shown and "  titre : " not in shown and "autres enregistrements" in shown


def test_keys_of_the_sheets_lead_to_uses_and_their_heirs(judged: tuple[Settings, Release]) -> None:
    found = traced(judged, "cas_usage|v030")
    assert found.nature == "usage" and [row["decision_id"] for row in found.decisions] == ["d90001"]
    assert [row["cle_source"] for row in traced(judged, "ancien").usages] == ["v030"]


def test_a_candidate_that_is_in_no_release_is_said_so(judged: tuple[Settings, Release]) -> None:
    with pytest.raises(UsageError, match=r"la source fonds_vert n'est pas republiée"):
        traced(judged, "fonds_vert|12")


def test_a_figure_without_a_value_has_no_unit(judged: tuple[Settings, Release]) -> None:
    settings, _ = judged
    lines = fact_lines(traced(judged, "AID-PART").fait, load_vocabularies(settings.register)["absence"])
    assert lines[0] == "Projets aidés comportant de l'IA : sans valeur (non couvert par les sources)"
