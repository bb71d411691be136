"""What analysts are asked to decide: each doubt with its evidence, its candidates and what the machine would do."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from observatoire.errors import BuildFailed, UsageError
from observatoire.pipeline import Report
from observatoire.review.apply import apply
from observatoire.review.decisions_file import COLUMNS, DECISION, KEY, OBJECT, REASON
from observatoire.review.export import FIELDS, doubts, export
from observatoire.review.sheet import read_table, write_csv
from observatoire.settings import Settings
from observatoire.warehouse.models import load_macros
from tests.conftest import ROOT
from tests.helpers import Warehouse


def doubt(warehouse: Warehouse, kind: str, key: str) -> tuple[Any, ...] | None:
    found = warehouse.rows(
        f"select valeur_attendue, candidats, raison, nature, guide from core.doutes where objet_type = '{kind}' and cle = '{key}'"
    )
    assert len(found) < 2
    return found[0] if found else None


def test_coders_who_disagree_are_a_doubt(judged: Warehouse) -> None:
    agree = "les codeurs s'accordent contre le registre"
    alone = "un codeur ne dit pas ce que dit le registre"
    assert doubt(judged, "theme", "cas_usage|v012") == (
        "dechets", "A : energie ; B : energie ; règles : dechets", agree, "decision", "g1",
    )  # fmt: skip
    assert doubt(judged, "detection", "cas_usage|v013") == (
        "oui", "A : non ; règles : oui", alone, "decision", "g1",
    )  # fmt: skip
    assert doubt(judged, "statut", "cas_usage|v001") == (
        "experimentation", "A : rien ; B : rien", agree, "decision", "g1",
    )  # fmt: skip


def test_rules_that_differ_from_the_register_are_a_doubt(judged: Warehouse) -> None:
    said = {cle: (d, t) for cle, d, t in judged.rows("select cle, detection, theme from core.registre_juge")}
    assert len(said) == 158 and {d for d, _ in said.values()} <= {"oui", "à examiner", "non"}
    register = dict(judged.rows("select 'cas_usage|' || id, theme from staging.cas_usage"))
    asked = {
        key
        for (key,) in judged.rows(
            "select cle from core.doutes where objet_type = 'theme' and candidats like '%règles : %'"
        )
    }
    decided = {f"cas_usage|v{number:03d}" for number in (1, 4, 6, 7)}
    differ = {key for key, (_, theme) in said.items() if theme not in ("autre", register[key])}
    assert differ - decided <= asked and differ, "whatever the lexicon says today"


def test_what_is_decided_is_no_longer_asked(judged: Warehouse) -> None:
    assert doubt(judged, "theme", "cas_usage|v001") is None, "the coders disagree, and an analyst decided"
    assert judged.rows("select count(*) from core.doutes where objet_type = 'nom'") == [(0,)], "Maurepas is decided"


def test_a_conflict_asks_for_an_arbitration(judged: Warehouse) -> None:
    assert doubt(judged, "statut", "cas_usage|v002") == (
        "experimentation",
        "A : deploye (Motif 4) ; B : abandonne (Motif 5)",
        "deux analystes ont décidé autrement : un arbitrage est attendu",
        "arbitrage",
        "2026-11-24/1",
    )


def test_each_doubt_has_its_evidence_and_is_asked_once(judged: Warehouse) -> None:
    query = "select count(*), count(distinct (objet_type, cle)), count(preuve_url), count(proposition), count(raison) from core.doutes"
    ((rows, *others),) = judged.rows(query)
    assert rows > 10 and others == [rows] * 4


def test_the_sheets_of_the_real_register_come_back_as_decisions(
    released: tuple[Settings, Report], project: Settings, tmp_path: Any
) -> None:
    settings = released[0]
    written = export(settings, tmp_path)
    assert [file.suffix for file in written.files] == [".csv", ".xlsx"]
    assert sum(written.counts.values()) == len(doubts(settings)) > 0
    assert written.counts["nom"] == 1, "Maurepas"
    again = export(settings, tmp_path)
    assert again.counts == written.counts, "writing the same sheets again changes nothing"
    tables = [read_table(file) for file in written.files]
    assert tables[0] == tables[1], "the CSV and the workbook ask the same"
    titles, name = tables[0][0], next(row for row in tables[0] if row[0] == "nom")
    assert name[titles.index(KEY)].startswith("Maurepas|") and "217803832 Maurepas" in name[titles.index("candidats")]
    name[titles.index(DECISION)], name[titles.index(REASON)] = (
        "217803832 Maurepas (commune, 78)",
        "Le site est celui de la ville",
    )
    written.files[0].write_bytes(write_csv(COLUMNS, [name]))
    (decided,) = apply(project, written.files[0], "A. Exemple", "2026-11-25").added
    assert (decided["objet_type"], decided["valeur"], decided["valeur_attendue"]) == ("nom", "217803832", "")
    with pytest.raises(UsageError, match="existe déjà avec un autre contenu"):
        export(settings, tmp_path)
    assert titles[0] == OBJECT


def test_candidates_left_to_analysts_are_asked_where_they_are_judged(project: Settings) -> None:
    project.work.mkdir(parents=True)
    with duckdb.connect(str(project.warehouse)) as con:
        con.execute("create schema core")
        con.execute(f"create table core.doutes ({', '.join(f'{name} varchar' for name in FIELDS)})")
        con.execute("create table core.decisions (objet_type varchar, objet varchar, etat varchar)")
    with pytest.raises(BuildFailed, match="plus ancienne"):
        doubts(project)
    with duckdb.connect(str(project.warehouse)) as con:
        con.execute(
            "create table core.candidats as select 'decp' as source, cle, 'Ville' as acheteur, 'Caméra' as objet, "
            "'https://a.fr' as url, ['caméra intelligente'] as motifs, decision_automatique "
            "from (values ('1', 'à examiner'), ('2', 'oui'), ('3', 'à examiner')) as v(cle, decision_automatique)"
        )
        con.execute("insert into core.decisions values ('detection', 'decp|3', 'appliquée')")
    (row,) = doubts(project)
    assert dict(zip(FIELDS, row, strict=True)) | {"objet_type": "detection", "cle": "decp|1"} == dict(
        zip(FIELDS, row, strict=True)
    )
    assert dict(zip(FIELDS, row, strict=True))["valeur_attendue"] == "à examiner"


def test_candidates_judged_yes_are_proposed_until_decided_or_evidence(judged: Warehouse, tmp_path: Path) -> None:
    copied = shutil.copyfile(judged.settings.warehouse, tmp_path / "copie.duckdb")
    given = {"1": ("oui", True), "2": ("oui", False), "3": ("oui", True), "4": ("oui", True), "5": ("à examiner", True)}
    with duckdb.connect(str(copied)) as con:
        for key, (said, shown) in given.items():
            con.execute(
                "insert into core.candidats by name select $1 as candidat_id, 'decp' as source, $1 as cle, 'Ville' as acheteur, "
                "'Solution d''IA' as objet, 'https://a.fr' as url, ['ia', 'vision'] as motifs, $2 as decision_automatique, "
                "$3 as republiee",
                [key, said, shown],
            )
        con.execute(
            "insert into core.decisions by name "
            "select 'detection' as objet_type, 'decp|3' as objet, 'appliquée' as etat"
        )
        con.execute("insert into core.preuves_usages by name select '4' as preuve_id")
        for macro in load_macros(ROOT / "sql"):
            con.execute(macro.statement)
        query = (ROOT / "sql" / "core" / "doutes.sql").read_text(encoding="utf-8")
        found = con.execute(f"select {', '.join(FIELDS)} from ({query}) where cle like 'decp|%'").fetchall()
    assert found == [(
        "detection", "decp|1", "Ville", "Solution d'IA", "https://a.fr",
        "jugé « oui » par les règles : à confirmer pour devenir un usage", "ia ; vision",
        "le laisser candidat", "oui", "decision", None,
    )]  # fmt: skip


def test_nothing_built_is_said(project: Settings) -> None:
    with pytest.raises(BuildFailed, match="observatoire build"):
        export(project)


def test_a_trace_shows_what_was_decided_and_replied(judged: Warehouse) -> None:
    from observatoire.trace import _decisions

    with duckdb.connect() as con:
        con.execute("create table usages as select 'u1' as usage_id, ['d2'] as decisions")
        assert _decisions(con, [{"usage_id": "u1"}], set()) == [], "a release of before decisions were kept"
        columns = [f"{name} varchar" for (name,) in judged.rows("select column_name from (describe curated.decisions)")]
        con.execute(f"create table decisions ({', '.join(columns)})")
        for decision, usage in (("d1", "u1"), ("d2", None), ("d3", "u2")):
            con.execute("insert into decisions (decision_id, usage_id) values (?, ?)", [decision, usage])
        assert [row["decision_id"] for row in _decisions(con, [{"usage_id": "u1"}], set())] == ["d1", "d2"]
