"""The register kept alive: cases added and edited under its rules, links checked, changes that nobody noted said."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatoire.commands.output_review import upkeep
from observatoire.errors import LockHeld, UsageError
from observatoire.pipeline import Report, load_all_sources
from observatoire.protocols.contract import Pace
from observatoire.review.cases import add_cases, edit_case, read_cases, read_fields
from observatoire.review.links import DEAD, MOVED, check_link, check_links, known_links, moved
from observatoire.review.register_file import read_register
from observatoire.review.unrecorded import unrecorded_changes
from observatoire.review.upkeep import Upkeep, examine
from observatoire.settings import Settings
from observatoire.state import writer_lock
from tests.helpers import edit_csv, ingest_register, read_csv, write_csv
from tests.servers import Answer, Server, redirect

CASE = {
    "collectivite": "Ville d'Essai",
    "type_collectivite": "commune",
    "titre": 'Un essai, « avec » des ; et des "guillemets"',
    "theme": "eau",
    "finalite_environnementale": "true",
    "technique": "predictif",
    "statut": "experimentation",
    "nature": "usage",
    "ia_explicite": "true",
    "source_url": "https://exemple.fr/essai",
    "confiance": "haute",
}
SIGNED = ("C. Exemple", "Vu dans la presse", "2026-11-25")


def cases(project: Settings) -> list[dict[str, str]]:
    return read_csv(project.register / "cas_usage.csv")


def test_a_case_is_added_with_its_history_and_the_others_keep_their_bytes(project: Settings) -> None:
    before = (project.register / "cas_usage.csv").read_bytes()
    put = add_cases(project, [CASE], *SIGNED)
    assert (put.ids, put.faults) == (["v159"], [])
    assert (project.register / "cas_usage.csv").read_bytes().startswith(before)
    kept = cases(project)[-1]
    assert kept["id"] == "v159" and {name: kept[name] for name in CASE} == CASE
    history = read_csv(project.register / "historique.csv")[-1]
    assert history == {
        "date": "2026-11-25", "auteur": "C. Exemple", "fichier": "cas_usage.csv", "premier": "v159", "dernier": "v159",
        "nature": "ajout", "motif": "Vu dans la presse",
    }  # fmt: skip


def test_a_case_that_breaks_rules_is_said_column_by_column_and_nothing_is_written(project: Settings) -> None:
    before = (project.register / "cas_usage.csv").read_bytes(), (project.register / "historique.csv").read_bytes()
    bad = {**CASE, "theme": "magie", "source_url": "exemple", "annee": "hier", "source_date": "2026-12-01"}
    put = add_cases(project, [CASE, bad], *SIGNED)
    assert put.ids == [] and {(fault.cas, fault.colonne) for fault in put.faults} == {
        ("v160", "theme"), ("v160", "source_url"), ("v160", "annee"), ("v160", "source_date"), ("v160", "titre"),
    }  # fmt: skip
    assert before == (
        (project.register / "cas_usage.csv").read_bytes(),
        (project.register / "historique.csv").read_bytes(),
    )


def test_a_case_is_edited_in_place(project: Settings) -> None:
    path = project.register / "cas_usage.csv"
    before = path.read_text(encoding="utf-8").split("\n")
    assert edit_case(project, "v002", {"statut": "termine", "annee": "", "annee_type": ""}, *SIGNED).ids == ["v002"]
    after = path.read_text(encoding="utf-8").split("\n")
    assert [n for n, (old, new) in enumerate(zip(before, after, strict=True)) if old != new] == [2]
    assert (cases(project)[1]["statut"], cases(project)[1]["annee"]) == ("termine", "")
    assert read_csv(project.register / "historique.csv")[-1]["nature"] == "modification"
    faults = edit_case(project, "v003", {"statut": "magique"}, *SIGNED).faults
    assert [(fault.cas, fault.colonne, fault.motif) for fault in faults] == [("v003", "statut", "« magique » inconnu")]


def test_a_case_may_be_told_with_the_labels_of_the_lists(project: Settings) -> None:
    told = {
        **CASE, "type_collectivite": "Commune", "theme": "eau et assainissement", "technique": "Modèle prédictif",
        "statut": "Expérimentation", "confiance": "Haute", "finalite_environnementale": "oui", "ia_explicite": "Vrai",
    }  # fmt: skip
    put = add_cases(project, [{**told, "technique": "Vision par ordinateur"}], *SIGNED)
    assert (put.ids, put.faults) == (["v159"], [])
    assert {name: cases(project)[-1][name] for name in CASE} == {**CASE, "technique": "vision"}
    assert edit_case(project, "v159", {"statut": "En service"}, *SIGNED).faults == []
    assert cases(project)[-1]["statut"] == "deploye"
    with pytest.raises(UsageError, match="rien à changer"):
        edit_case(project, "v159", {"statut": "EN SERVICE", "ia_explicite": "oui"}, *SIGNED)


def test_what_cannot_be_is_one_line(project: Settings, tmp_path: Path) -> None:
    for call in (
        lambda: edit_case(project, "v999", {"statut": "termine"}, *SIGNED),
        lambda: edit_case(project, "v001", {"couleur": "bleu"}, *SIGNED),
        lambda: edit_case(project, "v001", {"theme": cases(project)[0]["theme"]}, *SIGNED),
        lambda: add_cases(project, [CASE], "", "motif"),
        lambda: add_cases(project, [CASE], "auteur", " "),
        lambda: add_cases(project, [CASE], "c.exemple@ville.fr", "motif"),
        lambda: edit_case(project, "v001", {"statut": "termine"}, "C. Exemple", "Dit au 06 12 34 56 78"),
        lambda: add_cases(project, [CASE], "C. Exemple", "motif", "2099-01-01"),
        lambda: edit_case(project, "v001", {"statut": "termine"}, "C. Exemple", "motif", "31/11/2026"),
        lambda: read_fields(["statut"]),
        lambda: read_fields(["id=v001", "statut=termine"]),
        lambda: read_fields(["annee=2025", "annee=2026"]),
        lambda: read_cases(tmp_path / "absent.csv"),
        lambda: check_links(project, ""),
    ):
        with pytest.raises(UsageError) as refused:
            call()
        assert "\n" not in str(refused.value)
    with writer_lock(project, "un autre"), pytest.raises(LockHeld):
        add_cases(project, [CASE], *SIGNED)


def test_a_day_is_noted_in_one_form(project: Settings) -> None:
    edit_case(project, "v002", {"statut": "termine"}, "C. Exemple", "Vu", "25/11/2026")
    assert read_csv(project.register / "historique.csv")[-1]["date"] == "2026-11-25"


def test_a_file_of_proposals_is_added_whole_with_new_keys(project: Settings, tmp_path: Path) -> None:
    path = tmp_path / "propositions.csv"
    columns = read_register(project, "cas_usage").columns
    write_csv(path, [{**dict.fromkeys(columns, ""), **CASE, "id": f"v{n}", "titre": f"Cas {n}"} for n in (900, 901)])
    assert add_cases(project, read_cases(path), *SIGNED).ids == ["v159", "v160"]
    history = read_csv(project.register / "historique.csv")[-1]
    assert (history["premier"], history["dernier"]) == ("v159", "v160")


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r")), min_size=2, max_size=2),
        min_size=1,
        max_size=5,
    )
)
def test_records_are_cut_where_csv_ends_them(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]) -> None:
    folder = tmp_path_factory.mktemp("registre")
    write_csv(folder / "essai.csv", [dict(zip("ab", row, strict=True)) for row in rows], "ab")
    file = read_register(Settings(folder, folder, folder), "essai")
    assert "".join(file.records) == file.text and len(file.records) == len(rows) + 1
    assert [[row["a"], row["b"]] for row in file.rows] == rows
    assert file.with_rows({}, []) == file.text


@pytest.mark.parametrize(
    ("final", "state"),
    [
        ("https://www.a.fr/page/", "actif"), ("http://a.fr/page", "actif"), ("https://a.fr/", DEAD),
        ("https://a.fr/page-2", MOVED), ("https://b.fr/page", MOVED), ("https://a.fr/page?id=1", MOVED),
    ],
)  # fmt: skip
def test_where_a_page_answers(final: str, state: str) -> None:
    assert moved("https://a.fr/page", final) == state


PAGES = {
    "https://a.fr/vivante": [Answer(body=b"x" * 10)],
    "https://a.fr/partie": [redirect("https://a.fr/ailleurs")],
    "https://a.fr/ailleurs": [Answer(body=b"x")],
    "https://a.fr/accueil": [redirect("https://a.fr/")],
    "https://a.fr/": [Answer(body=b"x")],
    "https://a.fr/morte": [Answer(404)],
    "https://a.fr/perdue": [Answer(410)],
    "https://a.fr/interdite": [Answer(403)],
    "https://a.fr/lasse": [Answer(503), Answer(503), Answer(503)],
    "https://a.fr/revenue": [Answer(503), Answer()],
    "https://a.fr/coupee": [Answer(reset=True)],
}


@pytest.fixture
def pages(project: Settings) -> Iterator[tuple[Settings, Server]]:
    """A register of eleven cases whose pages are replayed on loopback, and an archive that holds one of them."""
    names = [url for url in PAGES if url not in ("https://a.fr/ailleurs", "https://a.fr/")]
    edit_csv(project.register / "cas_usage.csv", lambda rows: rows.__delitem__(slice(len(names), None)))
    edit_csv(
        project.register / "cas_usage.csv",
        lambda rows: [row.update(source_url=url) for row, url in zip(rows, names, strict=True)],
    )
    with Server() as server:
        for url, answers in PAGES.items():
            server.script(url, *answers)

        def wayback(seen: object) -> Answer:
            closest = {"url": "http://web.archive.org/web/20240102/https://a.fr/morte", "timestamp": "20240102030405"}
            held = "morte" in getattr(seen, "path", "")
            return Answer(body=json.dumps({"archived_snapshots": {"closest": closest} if held else {}}).encode())

        server.route("https://archive.org/wayback/available", wayback)
        yield replace(project, mirror_url=server.url), server


def test_links_are_checked_and_what_was_found_is_signed(pages: tuple[Settings, Server]) -> None:
    settings, server = pages
    clock = [0.0]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock[0] += seconds

    pace = Pace(sleep=sleep, monotonic=lambda: clock[0], now=lambda: 0.0, jitter=lambda: 1.0)
    check_links(settings, "C. Exemple", "2026-11-25", pace=pace)
    found = {row["url"].removeprefix("https://a.fr/"): row for row in read_csv(settings.register / "liens.csv")}
    assert {name: row["etat"] for name, row in found.items()} == {
        "vivante": "actif", "partie": "deplace", "accueil": "mort", "morte": "mort", "perdue": "mort",
        "interdite": "inconnu", "lasse": "inconnu", "revenue": "actif", "coupee": "inconnu",
    }  # fmt: skip
    assert found["partie"]["adresse_finale"] == "https://a.fr/ailleurs"
    assert (
        found["morte"]["archive_url"].startswith("http://web.archive.org/")
        and found["morte"]["archive_date"] == "2024-01-02"
    )
    assert found["perdue"]["archive_url"] == "" and found["interdite"]["code"] == "403"
    assert {name: row["rencontre"] for name, row in found.items() if row["muet_depuis"]} == {
        "interdite": "le serveur a répondu 403", "lasse": "le serveur a répondu 503",
        "coupee": "la connexion a échoué ou s'est coupée",
    }  # fmt: skip
    assert len(slept) >= 8, "one request a second to one host"
    history = read_csv(settings.register / "historique.csv")[-1]
    assert (
        history["motif"] == "Liens vérifiés : 2 actif, 1 deplace, 3 mort, 3 inconnu"
        and history["auteur"] == "C. Exemple"
    )

    server.script("https://a.fr/vivante", Answer(503))
    server.script("https://a.fr/morte", Answer())
    check_links(settings, "C. Exemple", "2026-12-25", pace=pace)
    again = {row["url"].removeprefix("https://a.fr/"): row for row in read_csv(settings.register / "liens.csv")}
    assert (again["vivante"]["etat"], again["vivante"]["date"]) == ("actif", "2026-11-25"), (
        "what cannot be told replaces nothing"
    )
    assert (again["vivante"]["muet_depuis"], again["vivante"]["tentative"], again["vivante"]["rencontre"]) == (
        "2026-12-25", "2026-12-25", "le serveur a répondu 503",
    )  # fmt: skip
    assert (again["interdite"]["muet_depuis"], again["interdite"]["tentative"]) == ("2026-11-25", "2026-12-25")
    assert (again["morte"]["etat"], again["morte"]["archive_url"], again["morte"]["date"]) == (
        "actif",
        "",
        "2026-12-25",
    )


def test_a_page_that_does_not_answer_is_listed_until_it_does(
    pages: tuple[Settings, Server], capsys: pytest.CaptureFixture[str]
) -> None:
    settings, server = pages
    before = "url,etat,code,adresse_finale,archive_url,archive_date,date"
    (settings.register / "liens.csv").write_text(f"{before}\nhttps://a.fr/vivante,actif,200,,,,2026-10-01\n")
    copy = {"url": "http://web.archive.org/web/2024/https://a.fr/x", "timestamp": "20240102030405"}
    held = json.dumps({"archived_snapshots": {"closest": copy}}).encode()
    server.route("https://archive.org/wayback/available", lambda _: Answer(body=held))
    clock = [0.0]
    pace = Pace(lambda s: clock.__setitem__(0, clock[0] + s), lambda: clock[0], lambda: 0.0, lambda: 1.0)
    for month, status in (("11", 403), ("12", 500)):
        server.script("https://a.fr/vivante", Answer(status))
        check_links(settings, "C. Exemple", f"2026-{month}-25", pace=pace)
    row = next(row for row in known_links(settings) if row["url"] == "https://a.fr/vivante")
    assert row == {
        "url": "https://a.fr/vivante", "etat": "actif", "code": "200", "adresse_finale": "", "archive_url": copy["url"],
        "archive_date": "2024-01-02", "date": "2026-10-01", "muet_depuis": "2026-11-25", "tentative": "2026-12-25",
        "rencontre": "le serveur a répondu 500",
    }  # fmt: skip
    upkeep(Upkeep("2026-12-25", [], [], [row], 1, 0, []), json=False)
    line = next(line for line in capsys.readouterr().out.splitlines() if "inconnu : https://a.fr/vivante" in line)
    for said in (
        "le serveur a répondu 500",
        "depuis le 2026-11-25",
        "dernier essai le 2026-12-25",
        copy["url"],
        "source_url=",
    ):
        assert said in line
    server.script("https://a.fr/vivante", Answer())
    check_links(settings, "C. Exemple", "2027-01-25", pace=pace)
    row = next(row for row in known_links(settings) if row["url"] == "https://a.fr/vivante")
    assert (row["etat"], row["date"], row["muet_depuis"], row["rencontre"]) == ("actif", "2027-01-25", "", "")


def test_a_site_whose_name_no_longer_resolves_is_told(project: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    pace = Pace(lambda _: None, lambda: 0.0, lambda: 0.0, lambda: 1.0)
    link = check_link(replace(project, mirror_url=None), "https://disparu.invalid/page", pace)
    assert (link.state, link.met) == ("inconnu", "le nom du site ne se résout pas")


def test_a_change_that_nobody_noted_is_said_until_it_is(project: Settings) -> None:
    sources = load_all_sources(project)

    def take() -> list[str]:
        ingest_register(project, "cas_usage", "hotes", "historique")
        return unrecorded_changes(project, sources)

    assert take() == []
    edit_csv(project.register / "cas_usage.csv", lambda rows: rows[0].update(titre="Autre titre"))
    said = take()
    assert len(said) == 1 and said[0].startswith("data/register/cas_usage.csv a changé sans ligne nouvelle")
    assert "« observatoire register add »" in said[0]
    assert take() == said, "and again at the next run"
    edit_case(project, "v002", {"statut": "termine"}, *SIGNED)
    assert take() == [], "a line was added"
    edit_case(project, "v003", {"statut": "termine"}, *SIGNED)
    assert take() == []
    (project.register / "historique.csv").write_bytes("date;é".encode("cp1252"))
    assert unrecorded_changes(project, sources) == [], "an unreadable history is refused as a source"


@pytest.mark.parametrize(
    ("file", "advised"),
    [
        ("decisions", "« observatoire review decide » ou « observatoire review apply »"),
        ("liens", "« observatoire register check --live »"),
        ("hotes", None),
    ],
)
def test_the_reminder_advises_the_command_of_that_file(project: Settings, file: str, advised: str | None) -> None:
    sources = load_all_sources(project)
    ingest_register(project, file, "historique")
    assert unrecorded_changes(project, sources) == []
    with (project.register / f"{file}.csv").open("a", encoding="utf-8") as handle:
        handle.write("," * (len(read_register(project, file).columns) - 1) + "\n")
    ingest_register(project, file)
    (said,) = unrecorded_changes(project, sources)
    assert said.startswith(f"data/register/{file}.csv a changé") and "register add" not in said
    assert advised in said if advised else "passer par" not in said


def test_what_is_to_be_verified_is_listed(released: tuple[Settings, Report]) -> None:
    found = examine(released[0], load_all_sources(released[0]))
    assert found.checked + found.unchecked == len({row["source_url"] for row in cases(released[0])})
    assert found.old and all(row["mois"] is None or row["mois"] >= 24 for row in found.old)
    undated = {row["id"] for row in cases(released[0]) if row["nature"] == "usage" and not row["source_date"]
               and row["statut"] not in ("termine", "abandonne", "sans_objet")}  # fmt: skip
    assert undated <= {row["cle"] for row in found.old}
    assert found.unrecorded == []
    assert json.dumps(found.as_dict(), ensure_ascii=False)


def test_pages_without_an_answer_are_among_what_is_to_do(released: tuple[Settings, Report], tmp_path: Path) -> None:
    settings = replace(released[0], register=tmp_path / "register")
    shutil.copytree(released[0].register, settings.register)
    url, other = sorted({row["source_url"] for row in cases(settings) if row["source_url"]})[:2]
    (settings.register / "liens.csv").write_text(
        "url,etat,code,adresse_finale,archive_url,archive_date,date,muet_depuis,tentative,rencontre\n"
        f"{url},actif,200,,,,2026-10-01,2026-11-25,2026-12-25,le serveur a répondu 503\n"
        f"{other},inconnu,403,,,,2026-10-01,,,\n",
        encoding="utf-8",
    )
    found = examine(settings, load_all_sources(settings))
    assert [(row["url"], row["muet_depuis"]) for row in found.links] == [(url, "2026-11-25"), (other, "2026-10-01")]


def test_nothing_released_is_said(project: Settings) -> None:
    with pytest.raises(UsageError, match="observatoire refresh"):
        examine(project, load_all_sources(project))
