"""Sheets of doubts: written for a spreadsheet, read back after it changed what it could, nothing lost."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from observatoire.clock import today
from observatoire.errors import LockHeld, UsageError
from observatoire.review.apply import Applied, apply, decide
from observatoire.review.decisions_file import COLUMNS, HELP, choices, read_value, readings
from observatoire.review.sheet import (
    EPOCH,
    cell_text,
    guarded,
    read_date,
    read_siren,
    read_table,
    unguarded,
    write_csv,
    write_workbook,
)
from observatoire.settings import Settings
from observatoire.state import writer_lock
from tests.conftest import copy_project
from tests.helpers import edit_csv, read_csv
from tests.review.conftest import undecided

TITLES = [column.title for column in COLUMNS]


@pytest.fixture
def project(tmp_path: Path) -> Settings:
    """The project, nothing decided yet."""
    return undecided(copy_project(tmp_path))


def sheet(*rows: dict[str, str]) -> list[list[str]]:
    """Lines of a sheet of doubts, cells by title."""
    return [[row.get(title, "") for title in TITLES] for row in rows]


def doubt(kind: str, key: str, expected: str, decision: str, **more: str) -> dict[str, str]:
    return {"objet": kind, "clé": key, "valeur attendue": expected, "décision": decision, "motif": "Lu", **more}


def applied(project: Settings, tmp_path: Path, *rows: dict[str, str], author: str = "A. Exemple") -> Applied:
    path = tmp_path / "revue.csv"
    path.write_bytes(write_csv(COLUMNS, sheet(*rows)))
    return apply(project, path, author, "2026-11-24")


def recorded(project: Settings) -> list[dict[str, str]]:
    return read_csv(project.register / "decisions.csv")


@given(st.text(max_size=30))
def test_a_text_behind_its_apostrophe_comes_back(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r"))


def as_a_spreadsheet(cell: str, serial: bool) -> str:
    """What a French spreadsheet makes of a cell it opens and saves: dates and numbers in its own way."""
    if match := re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", cell):
        day = dt.date(*(int(part) for part in match.groups()))
        return str((day - EPOCH).days) if serial else day.strftime("%d/%m/%Y")
    if re.fullmatch(r"-?\d+", cell):
        return str(int(cell))
    if re.fullmatch(r"-?\d+\.\d+", cell):
        return cell.rstrip("0").replace(".", ",")
    return {"true": "VRAI", "false": "FAUX"}.get(cell, cell)


WORDS = st.text(
    st.characters(codec="cp1252", exclude_categories=("Cc",)) | st.sampled_from(";\"=+-@|'«»é€œ "),
    min_size=1,
    max_size=30,
).filter(lambda text: bool(text.strip()) and not re.fullmatch(r"[-\d.,\s/]*", text.strip()))
TEXTS = st.tuples(st.sampled_from(["", "=", "+", "'", "'=", "@"]), WORDS).map("".join)
DATES = st.dates(dt.date(2020, 1, 1), dt.date(2026, 11, 24)).map(lambda day: day.isoformat())
SIRENS = st.integers(1_000_000, 999_999_999).map(lambda number: f"{number:09d}")
DECIDED = st.one_of(
    st.tuples(st.just("nom"), TEXTS.map(lambda name: f"{name.strip()}|commune|"), SIRENS | st.just(""), SIRENS | st.just("aucune")),
    st.tuples(st.just("theme"), st.just("cas_usage|v001"), st.just("eau"), st.sampled_from(["dechets", "energie"])),
    st.tuples(st.just("finalite"), st.just("pstw|007"), st.sampled_from(["oui", ""]), st.just("non")),
    st.tuples(st.just("detection"), st.just("decp|0000012-2024-01"), st.just("à examiner"), st.sampled_from(["oui", "non"])),
    st.tuples(
        st.just("role"),
        st.one_of(SIRENS, st.just("État|autre")).map(lambda actor: f"cas_usage|v001 + {actor}"),
        st.sampled_from(["", "utilisateur", "porteur + utilisateur"]),
        st.sampled_from(["porteur", "financeur + porteur", "aucun"]),
    ),
)  # fmt: skip


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.tuples(DECIDED, TEXTS, TEXTS, DATES), st.booleans(), st.booleans(), st.booleans())
def test_a_round_trip_through_a_spreadsheet_loses_nothing(
    project: Settings,
    tmp_path: Path,
    given_row: tuple[tuple[str, str, str, str], str, str, str],
    serial: bool,
    mark: bool,
    workbook: bool,
) -> None:
    (kind, key, expected, value), reason, author, date = given_row
    row = doubt(kind, key, expected, value, motif=reason, auteur=author, date=date, guide="2026-11-24/1", texte="=1+1")
    path = tmp_path / ("retour.xlsx" if workbook else "retour.csv")
    if workbook:
        book = io.BytesIO()
        write_workbook(COLUMNS, sheet(row), [[]], HELP, book)
        path.write_bytes(book.getvalue())
    else:
        opened = csv.reader(io.StringIO(write_csv(COLUMNS, sheet(row)).decode("utf-8-sig"), newline=""), delimiter=";")
        out = io.StringIO()
        csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(
            [[as_a_spreadsheet(cell, serial) for cell in line] for line in opened]
        )
        path.write_bytes(out.getvalue().encode("utf-8-sig" if mark else "cp1252"))
    (project.register / "decisions.csv").write_text(
        "decision_id,objet_type,cle,valeur_attendue,valeur,nature,motif,auteur,date,guide,preuve_url\n",
        encoding="utf-8",
    )
    found = apply(project, path)
    assert found.refused == []
    (kept,) = recorded(project)
    assert (kept["objet_type"], kept["cle"], kept["valeur_attendue"], kept["valeur"]) == (kind, key, expected, value)
    assert (kept["motif"], kept["auteur"]) == (" ".join(reason.split()), author.strip())
    assert (kept["date"], kept["guide"]) == (date, "2026-11-24/1")


def test_each_bad_line_is_said_and_the_others_are_taken(project: Settings, tmp_path: Path) -> None:
    found = applied(
        project, tmp_path,
        doubt("theme", "cas_usage|v001", "eau", "Déchets et propreté"),
        doubt("theme", "cas_usage|v002", "eau", "magie"),
        doubt("theme", "cas_usage|v003", "eau", ""),
        doubt("nom", "Maurepas|commune|", "", "12"),
        doubt("statut", "cas_usage|v004", "experimentation", "deploye", motif=""),
        doubt("statut", "cas_usage|v005", "deploye", "termine", date="31/02/2026"),
        doubt("statut", "cas_usage|v006", "deploye", "termine"),
        doubt("statut", "cas_usage|v006", "deploye", "abandonne"),
        doubt("couleur", "cas_usage|v006", "", "bleu"),
        doubt("finalite", "cas_usage|v007", "oui", "FAUX"),
        doubt("statut", "cas_usage|v008", "deploye", "termine", date="01/01/2099"),
        doubt("statut", "cas_usage|v009", "deploye", "termine", motif="Dit par m.exemple@ville.fr"),
        doubt("statut", "cas_usage|v010", "deploye", "termine", auteur="06 12 34 56 78"),
        doubt("fusion", "cas_usage|v010 + cas_usage|v999", "", "distincts"),
    )  # fmt: skip
    assert [(row["decision_id"], row["cle"], row["valeur"]) for row in recorded(project)] == [
        ("d00001", "cas_usage|v001", "dechets"), ("d00002", "cas_usage|v007", "non"),
    ]  # fmt: skip
    assert [(item.ligne, item.colonne, item.motif) for item in found.refused] == [
        (3, "décision", "« magie » inconnue"),
        (5, "décision", "« 12 » n'est ni un SIREN ni « aucune »"),
        (6, "motif", "vide : une décision s'explique"),
        (7, "date", "« 31/02/2026 » n'est pas une date (AAAA-MM-JJ)"),
        (8, "décision", "le même objet est décidé autrement à la ligne 9"),
        (9, "décision", "le même objet est décidé autrement à la ligne 8"),
        (10, "objet", "« couleur » inconnu"),
        (12, "date", f"« 2099-01-01 » est après aujourd'hui ({today()})"),
        (
            13,
            "motif",
            "contient une adresse électronique, un téléphone ou un nom de contact, et il est publié : l'ôter",
        ),
        (
            14,
            "auteur",
            "contient une adresse électronique, un téléphone ou un nom de contact, et il est publié : l'ôter",
        ),
        (15, "clé", "« v999 » n'est pas au registre"),
    ]
    assert {row["guide"] for row in recorded(project)} == {"2026-11-24/1"}, "decided by the codebook in force"
    assert (found.known, found.undecided) == (0, 1)
    history = read_csv(project.register / "historique.csv")[-1]
    assert (history["fichier"], history["premier"], history["dernier"], history["auteur"]) == (
        "decisions.csv", "d00001", "d00002", "A. Exemple",
    )  # fmt: skip


def test_roles_are_read_as_people_write_them(project: Settings, tmp_path: Path) -> None:
    found = applied(
        project, tmp_path,
        doubt("Rôle", "cas_usage|v001 + 243 800 604", "Utilisateur", "Utilisateur, Porteur du projet"),
        doubt("role", "cas_usage|v001 + Semidao|autre", "aucun", "exploitant"),
        doubt("role", "cas_usage|v001 + SEMIDAO|syndicat", "", "porteur"),
        doubt("role", "cas_usage|v002 + Semidao|autre", "", "roi + porteur"),
        doubt("role", "cas_usage|v005 + Semidao|royaume", "", "porteur"),
        doubt("role", "cas_usage|v002", "", "porteur"),
        doubt("role", "cas_usage|v002 + 12", "", "porteur"),
        doubt("role", "cas_usage|v003 + État|autre", "roi", "aucun"),
        doubt("role", "cas_usage|v004 + État|autre", "financeur", "aucun"),
    )  # fmt: skip
    assert [(row["cle"], row["valeur_attendue"], row["valeur"]) for row in recorded(project)] == [
        ("cas_usage|v001 + 243800604", "utilisateur", "porteur + utilisateur"),
        ("cas_usage|v004 + État|autre", "financeur", "aucun"),
    ]
    assert [(item.ligne, item.colonne, item.motif) for item in found.refused] == [
        (3, "décision", "le même objet est décidé autrement à la ligne 4"),
        (4, "décision", "le même objet est décidé autrement à la ligne 3"),
        (5, "décision", "« roi + porteur » inconnue"),
        (6, "clé", "« royaume » n'est pas un type de collectivité"),
        (7, "clé", "« cas_usage|v002 » ne désigne pas un objet de ce type"),
        (8, "clé", "« cas_usage|v002 + 12 » ne désigne pas un objet de ce type"),
        (9, "valeur attendue", "« roi » inconnue"),
    ]


def test_a_workbook_offers_the_roles_alone_and_by_two(project: Settings) -> None:
    offered = choices(project.register)["role"]
    assert offered[:4] == ["porteur", "utilisateur", "financeur", "exploitant"] and offered[-1] == "aucun"
    assert "porteur + utilisateur" in offered and len(offered) == 4 + 6 + 1
    assert len(",".join(offered)) < 255, "more is no list for a workbook"
    known = readings(project.register)
    assert [read_value("role", text, known) for text in offered] == offered


def test_applying_twice_adds_nothing_and_a_later_word_is_added(project: Settings, tmp_path: Path) -> None:
    row = doubt("theme", "cas_usage|v001", "eau", "dechets")
    assert len(applied(project, tmp_path, row, row).added) == 1
    before = (project.register / "decisions.csv").read_bytes(), (project.register / "historique.csv").read_bytes()
    again = applied(project, tmp_path, row)
    assert (again.added, again.known) == ([], 1)
    assert before == (
        (project.register / "decisions.csv").read_bytes(),
        (project.register / "historique.csv").read_bytes(),
    )
    assert len(applied(project, tmp_path, row, author="B. Exemple").added) == 1
    assert applied(project, tmp_path, {**row, "décision": "energie"}).added[0]["decision_id"] == "d00003"


def test_the_identifier_of_a_decision_taken_away_is_not_given_again(project: Settings, tmp_path: Path) -> None:
    applied(project, tmp_path, doubt("theme", "cas_usage|v001", "eau", "dechets"))
    edit_csv(project.register / "decisions.csv", list.clear)
    again = applied(project, tmp_path, doubt("theme", "cas_usage|v002", "eau", "dechets"))
    assert [row["decision_id"] for row in again.added] == ["d00002"]


def test_a_reply_of_an_authority_is_noted_by_one_command(project: Settings) -> None:
    cells = {"objet": "droit_de_reponse", "clé": "cas_usage|v001", "décision": "Bof", "motif": "Nous n'avons\nrien",
             "auteur": "C. Exemple"}  # fmt: skip
    refused = decide(project, cells, "2026-11-25").refused
    assert [(item.colonne, item.motif) for item in refused] == [("décision", "« Bof » inconnue")]
    assert decide(project, cells | {"décision": "Contestée"}, "2026-11-25").added[0]["motif"] == "Nous n'avons rien"
    assert (
        decide(project, cells | {"décision": "maintenue", "motif": "Vérifié"}, "2026-11-26").added[0]["decision_id"]
        == "d00002"
    )
    assert read_csv(project.register / "historique.csv")[-1]["motif"] == "droit_de_reponse de cas_usage|v001"


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2026-11-24", "2026-11-24"), ("24/11/2026", "2026-11-24"), ("24/11/26", "2026-11-24"), ("24.11.2026", "2026-11-24"),
        ("46350", "2026-11-24"), ("46350,0", "2026-11-24"), ("24/11/2026 00:00", "2026-11-24"), ("2026-11-24T00:00:00", "2026-11-24"),
        ("2026-02-30", None), ("hier", None), ("12", None), ("", None), ("11/24/2026", None),
    ],
)  # fmt: skip
def test_dates_of_a_spreadsheet(text: str, date: str | None) -> None:
    assert read_date(text) == date


@pytest.mark.parametrize(
    ("text", "siren"),
    [("217803832", "217803832"), ("5880596", "005880596"), ("217 803 832", "217803832"), ("217\u202f803\u202f832,0", "217803832"),
     ("2,17804E+08", None), ("12", None), ("aucune", None)],
)  # fmt: skip
def test_sirens_of_a_spreadsheet(text: str, siren: str | None) -> None:
    assert read_siren(text) == siren


def test_cells_of_a_workbook() -> None:
    cells = [46350.0, True, dt.datetime(2026, 11, 24), dt.date(2026, 11, 24), 0.5, None, "x"]
    assert [cell_text(cell) for cell in cells] == ["46350", "oui", "2026-11-24", "2026-11-24", "0,5", "", "x"]


def test_a_file_that_is_no_sheet_is_refused_in_one_line(project: Settings, tmp_path: Path) -> None:
    wrong = {"a.csv": b"a;b\n1;2\n", "b.xlsx": b"PK\x03\x04rien", "c.csv": b"", "d.csv": b'objet;"cl\xe9\n'}
    for name, content in wrong.items():
        (tmp_path / name).write_bytes(content)
    for name in [*wrong, "absent.csv"]:
        with pytest.raises(UsageError) as refused:
            apply(project, tmp_path / name)
        assert name in str(refused.value) and "\n" not in str(refused.value)
    assert recorded(project) == []


def test_a_second_writer_waits_or_is_told(project: Settings, tmp_path: Path) -> None:
    with writer_lock(project, "un autre"), pytest.raises(LockHeld, match="un autre"):
        applied(project, tmp_path, doubt("theme", "cas_usage|v001", "eau", "dechets"))
    assert recorded(project) == []


def test_a_workbook_holds_texts_choices_and_the_same_bytes(tmp_path: Path) -> None:
    import zipfile

    books = []
    for _ in range(2):
        book = io.BytesIO()
        row = doubt("theme", "cas_usage|v001", "eau", "", texte="=HYPERLINK(1)")
        write_workbook(COLUMNS, sheet(row), [["eau", "dechets"]], HELP, book)
        books.append(book.getvalue())
    assert books[0] == books[1]
    path = tmp_path / "revue.xlsx"
    path.write_bytes(books[0])
    assert read_table(path)[1][TITLES.index("texte")] == "'=HYPERLINK(1)"
    with zipfile.ZipFile(path) as inner:
        text = inner.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in text and '"eau,dechets"' in text
