"""Where answers are kept: one response a respondent, whole files, rebuilds, purge."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from observatoire.doctor import examine
from observatoire.errors import ArchiveCorrupted, DeliveryRefused, LockHeld, StorageError, SurveyError, UsageError
from observatoire.settings import Settings
from observatoire.state import read_journal, writer_lock
from observatoire.survey.intake import importing, store
from tests.survey.intake.surveys import (
    KEY,
    RESPONSES,
    as_csv,
    clear_text,
    response,
    rows,
    states,
    take,
    write_codebook,
    yes,
)
from tests.test_cli import run


def folder(settings: Settings) -> Path:
    return settings.data / "restricted" / "enquetes" / "essai" / "2026"


def test_the_rows_have_the_announced_columns_and_bytes_that_repeat(office: Settings) -> None:
    done = take(office, as_csv(RESPONSES))
    table = pq.read_table(folder(office) / "reponses.parquet")
    assert [f"{field.name} {field.type}" for field in table.schema] == [
        "reponse_id string", "siren string", "question string", "sous_question string", "valeur string", "etat string",
        "complete bool", "date_reponse date32[day]", "livraison string",
    ]  # fmt: skip
    assert set(table["livraison"].to_pylist()) == {done.delivery}
    before = (folder(office) / "reponses.parquet").read_bytes()
    shuffled = random.Random(7).sample(RESPONSES, len(RESPONSES))
    take(office, as_csv(shuffled))
    assert (folder(office) / "reponses.parquet").read_bytes() == before


def test_only_the_owner_may_enter(office: Settings) -> None:
    take(office, as_csv(RESPONSES))
    restricted = office.data / "restricted"
    for place in (restricted, restricted / "enquetes", folder(office).parent, folder(office)):
        assert place.stat().st_mode & 0o777 == 0o700, place
    assert (folder(office) / "reponses.parquet").stat().st_mode & 0o777 == 0o600


def test_the_last_complete_response_of_a_token_is_kept(office: Settings) -> None:
    shared = {"token": "meme", "SIREN": "210000009"}
    done = take(office, as_csv([
        yes(1, **shared, EUR="1"), yes(2, **shared, EUR="2"), yes(3, **shared, EUR="3", submitdate=""),
        response(4, token="", SIREN="210000004"), response(5, token="", SIREN="210000005"),
    ]))  # fmt: skip
    assert (done.received, done.kept, done.same_token) == (5, 3, 2)
    assert states(office, "210000009")["EUR"] == ("2", "repondu")


def test_without_a_complete_one_the_last_is_kept(office: Settings) -> None:
    shared = {"token": "meme", "SIREN": "210000009", "submitdate": ""}
    take(office, as_csv([yes(3, **shared, EUR="3"), yes(1, **shared, EUR="1"), yes(10, **shared, EUR="10")]))
    assert states(office, "210000009")["EUR"] == ("10", "repondu")


def test_an_authority_answers_once_unless_the_codebook_says_otherwise(office: Settings) -> None:
    two = as_csv([yes(1, token="a", SIREN="210000009", EUR="1"), yes(2, token="b", SIREN="210000009", EUR="2")])
    done = take(office, two)
    assert (done.kept, done.same_authority, done.same_token) == (1, 1, 0)
    assert states(office, "210000009")["EUR"] == ("2", "repondu")
    write_codebook(office, one_per_authority=False)
    assert take(office, two).kept == 2


def test_a_response_without_siren_is_counted_and_left_out(office: Settings) -> None:
    wrong = [yes(n, token=f"t{n}", SIREN=siren) for n, siren in enumerate(["", "21000000", "Mairie", "210 000 009"], 1)]
    done = take(office, as_csv(wrong))
    assert (done.received, done.without_siren, done.kept) == (4, 3, 1)
    assert clear_text(office.data, "Mairie") == []


def test_a_rebuild_needs_neither_key_nor_raw_file_and_follows_the_codebook(office: Settings) -> None:
    take(office, as_csv(RESPONSES))
    (office.data.parent / "export.csv").unlink()
    (folder(office) / "reponses.parquet").unlink()
    write_codebook(office, empty_cells="filtre")
    importing.rebuild(office, "essai")
    assert states(office, "210000002")["OU[SQ1]"] == (None, "non_affiche")


def test_a_rebuild_of_nothing_and_of_damaged_bytes(office: Settings) -> None:
    with pytest.raises(UsageError, match="Importer d'abord"):
        importing.rebuild(office, "essai")
    done = take(office, as_csv(RESPONSES))
    path = store.archive_of(office).object_path(done.delivery)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"210000001", b"210000002"))
    with pytest.raises(ArchiveCorrupted, match="corrompu"):
        importing.rebuild(office, "essai")


def test_an_import_cut_short_leaves_the_rows_before(office: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    take(office, as_csv(RESPONSES))
    before = rows(office)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "no space")))
        with pytest.raises(StorageError, match="disque plein"):
            take(office, as_csv([*RESPONSES, yes(4, token="d")]))
    assert rows(office) == before
    assert [path.name for path in folder(office).iterdir()] == ["reponses.parquet"]
    assert list((office.data / "restricted" / "archive" / "incoming").iterdir()) == []
    assert take(office, as_csv([*RESPONSES, yes(4, token="d")])).kept == 4


def test_an_export_of_a_part_is_refused(office: Settings) -> None:
    take(office, as_csv(RESPONSES))
    with pytest.raises(DeliveryRefused, match=r"1 réponses, le précédent 3 .*--moins"):
        take(office, as_csv(RESPONSES[:1]))
    assert len(rows(office)) == 21
    assert take(office, as_csv(RESPONSES[:1]), run={"accept_fewer": True}).rows == 7


def test_one_writer_at_a_time(office: Settings) -> None:
    with writer_lock(office, "un autre"), pytest.raises(LockHeld):
        take(office, as_csv(RESPONSES))


def test_a_purge_deletes_every_answer_and_leaves_a_trace(project: Settings) -> None:
    write_codebook(project)
    first = take(project, as_csv(RESPONSES))
    second = take(project, as_csv([*RESPONSES, yes(4, token="d")]))
    (folder(project) / "tirage.json").write_text("{}")
    purge = ("survey", "purge", "essai", "--edition", "2026", "--motif", "fin de conservation")
    asked = run(project, *purge)
    assert asked.returncode == 2 and "--oui" in asked.stderr and len(rows(project)) == 28
    assert run(project, *purge, "--oui").returncode == 0
    assert clear_text(project.data, "210000001", "A2") == []
    assert sorted(path.name for path in folder(project).iterdir()) == ["purge.json", "tirage.json"]
    trace = json.loads((folder(project) / "purge.json").read_text(encoding="utf-8"))
    assert trace["livraisons"] == sorted([first.delivery, second.delivery])
    assert (trace["lignes_effacees"], trace["motif"]) == (28, "fin de conservation")
    assert [event["motif"] for event in read_journal(project) if event["event"] == "purge"] == ["fin de conservation"]
    with pytest.raises(SurveyError, match="a été purgée"):
        take(project, as_csv(RESPONSES))
    again = run(project, *purge, "--oui")
    assert again.returncode == 2 and "Rien à purger" in again.stderr
    assert run(project, "survey", "purge", "../essai", "--edition", "x", "--motif", "m", "--oui").returncode == 2


def test_answers_kept_too_long_are_said(office: Settings) -> None:
    write_codebook(office, keep_until="2026-06-30")
    day = dt.date(2026, 7, 1)
    assert store.overdue(office, day) == []
    assert not any(f.what == "Enquêtes" for f in examine(office))
    take(office, as_csv(RESPONSES))
    assert store.overdue(office, day) == ["essai 2026 à purger depuis le 30/06/2026"]
    assert store.overdue(office, dt.date(2026, 6, 30)) == []
    write_codebook(office, keep_until="2020-06-30")
    finding = next(finding for finding in examine(office) if finding.what == "Enquêtes")
    assert not finding.ok and not finding.needed and "survey purge" in finding.remedy
    store.purge(office, "essai", "2026", "fin", "test")
    assert store.overdue(office, day) == []


def test_a_purge_cut_short_goes_on(office: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    take(office, as_csv(RESPONSES))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", lambda *_, **__: (_ for _ in ()).throw(OSError(13, "denied")))
        with pytest.raises(StorageError):
            store.purge(office, "essai", "2026", "fin", "test")
    with pytest.raises(SurveyError, match="a été purgée"):
        take(office, as_csv(RESPONSES))
    store.purge(office, "essai", "2026", "fin", "test")
    assert clear_text(office.data, "210000001") == []


def test_nothing_of_restricted_is_ever_in_git_or_open(office: Settings) -> None:
    old = os.umask(0)
    try:
        take(office, as_csv(RESPONSES), key=KEY)
    finally:
        os.umask(old)
    assert (office.data / "restricted").stat().st_mode & 0o077 == 0
