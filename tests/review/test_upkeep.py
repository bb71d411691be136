"""What the register needs today, and how it is said."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from observatoire.commands.output_review import links_checked, upkeep
from observatoire.errors import BuildFailed, UsageError
from observatoire.pipeline import Report, load_all_sources
from observatoire.review.links import Link
from observatoire.review.upkeep import MONTHS, OLD, Upkeep, examine, proposed_statuses
from observatoire.settings import Settings
from observatoire.vocabularies import load_vocabularies
from tests.conftest import ROOT
from tests.helpers import edit_csv, read_csv
from tests.servers import Server
from tests.test_cli import run

Released = tuple[Settings, Report]
STATUSES = load_vocabularies(ROOT / "data" / "register")["statut"]
ENDED = ("termine", "abandonne", "sans_objet")


def examined(released: Released, monkeypatch: pytest.MonkeyPatch, day: str) -> Upkeep:
    monkeypatch.setattr("observatoire.review.upkeep.today", lambda: day)
    return examine(released[0], load_all_sources(released[0]))


def first_day(text: str) -> dt.date:
    return dt.date.fromisoformat(f"{text}-01-01"[:10] if len(text) < 10 else text)


@pytest.mark.parametrize("day", ["2026-11-28", "2028-12-31"])
def test_ages_are_counted_to_the_day_of_the_command(
    released: Released, monkeypatch: pytest.MonkeyPatch, day: str
) -> None:
    found = examined(released, monkeypatch, day)
    today = dt.date.fromisoformat(day)
    dated = {
        row["id"]: row["source_date"] and first_day(row["source_date"])
        for row in read_csv(released[0].register / "cas_usage.csv")
        if row["nature"] == "usage" and row["statut"] not in ENDED
    }
    limit = today.replace(year=today.year - 2)
    assert {row["cle"] for row in found.old} == {key for key, date in dated.items() if not date or date <= limit}
    assert (found.reference, found.release, found.behind) == (day, released[1].release, [])
    ages = [row["mois"] for row in found.old if row["mois"] is not None]
    assert ages == sorted(ages, reverse=True) and {row["mois"] for row in found.old[len(ages) :]} == {None}
    if day > "2028":
        assert len(found.old) == len(dated), "two years later, nothing in the register is fresh"
    assert found.unrecorded == [] and found.last_change == "2026-11-28"
    told = json.loads(json.dumps(found.as_dict()))
    assert told["date_reference"] == day and len(told["a_verifier"]) == len(found.old)


def test_what_counts_as_seen() -> None:
    """(date_verification, derniere_observation, statut_date, statut, nature) of each use, and its age when it is listed."""
    old, new = "2020-05-15", "2026-01-01"
    uses = {
        "old": (old, old, old, "deploye", "usage"),
        "evidence of another source": (old, new, old, "deploye", "usage"),
        "decision on its status": (old, old, new, "deploye", "usage"),
        "ended": (old, old, old, "termine", "usage"),
        "a plan": (old, old, old, "experimentation", "programme"),
        "the very day": ("2024-11-28", None, None, "prevu", "usage"),
        "the day after": ("2024-11-29", None, None, "prevu", "usage"),
        "no date": (None, None, None, "idee", "usage"),
    }
    with duckdb.connect() as con:
        con.execute(
            "create table usages (cle_source varchar, collectivite varchar, titre varchar, date_verification date, "
            "derniere_observation date, statut_date date, statut varchar, nature varchar)"
        )
        con.executemany(
            "insert into usages values (?, '', '', ?, ?, ?, ?, ?)", [(key, *use) for key, use in uses.items()]
        )
        found = con.execute(OLD.format(today="'2026-11-28'", months=MONTHS)).fetchall()
    assert [(row[0], row[-1]) for row in found] == [("old", 78), ("the very day", 24), ("no date", None)]


def test_pages_to_take_up_again_say_of_which_case(
    released: Released, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(released[0], register=tmp_path / "register")
    shutil.copytree(released[0].register, settings.register)
    cited: dict[str, list[str]] = {}
    for row in read_csv(settings.register / "cas_usage.csv"):
        cited.setdefault(row["source_url"], []).append(row["id"])
    shared = next(url for url, cases in cited.items() if len(cases) > 1)
    one, two, three = [url for url, cases in cited.items() if len(cases) == 1][:3]
    (settings.register / "liens.csv").write_text(
        "url,etat,code,adresse_finale,archive_url,archive_date,date,muet_depuis,tentative,rencontre\n"
        f"{shared},actif,200,,,,2026-10-01,2026-11-25,2026-12-25,le serveur a répondu 503\n"
        f"{one},inconnu,403,,,,2026-09-01,,,\n"
        f"{two},actif,200,,,,2026-10-01,,2026-10-01,\n"
        f"{three},mort,404,,,,2026-10-01,,2026-10-01,\n"
        "https://exemple.fr/plus-au-registre,mort,404,,,,2020-10-01,,2020-10-01,\n",
        encoding="utf-8",
    )
    found = examined((settings, released[1]), monkeypatch, "2026-12-31")
    assert [(row["cas"], row["muet_depuis"], row["tentative"]) for row in found.links] == [
        (cited[three], "", "2026-10-01"),
        *sorted([(cited[shared], "2026-11-25", "2026-12-25"), (cited[one], "2026-09-01", "2026-09-01")],
                key=lambda row: shared if row[0] == cited[shared] else one),
    ]  # fmt: skip
    assert found.behind == []
    edit_csv(settings.register / "cas_usage.csv", lambda rows: rows[0].update(statut="termine"))
    assert examined((settings, released[1]), monkeypatch, "2026-12-31").behind == ["cas_usage.csv"]
    assert (found.checked, found.unchecked, found.oldest_check) == (4, len(cited) - 4, "2026-09-01")


def page(**facts: str) -> dict[str, object]:
    empty = dict.fromkeys(("adresse_finale", "archive_url", "muet_depuis", "rencontre"), "")
    return {"cas": ["v007", "v008"], "url": "https://a.fr/x", "date": "2026-10-01", "tentative": "2026-12-25", **empty,
            **facts}  # fmt: skip


SAID = [
    (page(etat="actif", muet_depuis="2026-11-25", rencontre="le serveur a répondu 503", archive_url="https://c.org/x"),
     "v007, v008 : https://a.fr/x — non lue depuis le 2026-11-25, dernier essai le 2026-12-25 (le serveur a répondu 503) ; "
     "« actif » le 2026-10-01 ; copie : https://c.org/x"),
    (page(etat="inconnu", muet_depuis="2026-11-25"),
     "non lue depuis le 2026-11-25, dernier essai le 2026-12-25 ; aucune copie trouvée"),
    (page(etat="mort"), "— disparue, constaté le 2026-10-01 ; aucune copie trouvée"),
    (page(etat="mort", rencontre="l'Internet Archive n'a pas répondu"),
     "aucune copie trouvée (l'Internet Archive n'a pas répondu)"),
    (page(etat="deplace", adresse_finale="https://b.fr/y"), "— déplacée vers https://b.fr/y, constaté le 2026-10-01"),
]  # fmt: skip


def test_what_is_printed_says_to_which_day_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    case = {"cle": "v001", "collectivite": "Ville", "titre": "Essai", "statut": "deploye", "vu_le": None, "mois": None}
    status = {"cle": "cas_usage|v044", "collectivite": "Région", "titre": "Aides", "statut": "idee", "statut_propose": "prevu",
              "preuve_nature": "marché notifié", "preuve_cle": "decp|1", "preuve_date": "2026-03-02",
              "preuve_titre": "Assistant", "preuve_url": None}  # fmt: skip
    old = [{**case, "vu_le": "2024-01-01", "mois": 35}] + [case] * 60
    links = [link for link, _ in SAID]
    upkeep(
        Upkeep(
            "2026-12-31",
            "R1",
            ["cas_usage.csv", "decisions.csv"],
            "",
            old,
            [status],
            links,
            5,
            2,
            "2026-10-01",
            ["dit"],
        ),
        json=False,
        statuses=STATUSES,
    )
    said = capsys.readouterr().out
    lines = said.splitlines()
    assert (
        lines[0]
        == "Version R1, âges comptés jusqu'à aujourd'hui (2026-12-31). Dernier changement noté des cas : aucun."
    )
    assert lines[1:5] == [
        "cas_usage.csv, decisions.csv : changements pas encore publiés, absents de ce qui suit. Lancer « observatoire refresh ».",
        "À noter : dit", "1 cas dont la dernière preuve datée a 24 mois ou plus :",
        "  v001 Ville — Essai (en service, vu le 2024-01-01, 35 mois)",
    ]  # fmt: skip
    assert "60 cas sans aucune preuve datée :" in lines and "  … et 20 autres : « --json » les donne tous." in lines
    assert (
        "  cas_usage|v044 Région — Aides : idée → prévu ? marché notifié decp|1, 2026-03-02, « Assistant » (sans adresse)"
        in lines
    )
    assert "Liens : 5 vérifiés (le plus ancien essai : 2026-10-01), 2 jamais vérifiés, 5 à reprendre :" in lines
    assert all(any(line.endswith(end) for line in lines) for _, end in SAID), said
    for advice in ("review export", "source_url=…", "register check --live --auteur"):
        assert advice in said


def test_a_register_in_order_asks_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    upkeep(
        Upkeep("2026-12-31", "R1", [], "2026-12-01", [], [], [], 3, 0, "2026-12-02", []), json=False, statuses=STATUSES
    )
    assert capsys.readouterr().out.splitlines() == [
        "Version R1, âges comptés jusqu'à aujourd'hui (2026-12-31). Dernier changement noté des cas : le 2026-12-01.",
        "0 cas dont la dernière preuve datée a 24 mois ou plus.",
        "0 cas sans aucune preuve datée.",
        "0 statut(s) à revoir d'après une preuve plus récente.",
        "Liens : 3 vérifiés (le plus ancien essai : 2026-12-02), 0 jamais vérifiés, 0 à reprendre.",
    ]
    links_checked([Link("u", state) for state in ("actif", "actif", "mort", "inconnu")], json=False)
    assert capsys.readouterr().out.startswith("4 page(s) interrogée(s) : 2 actives, 0 déplacées, 1 mortes, 1 non lues.")


def test_nothing_released_is_said_before_any_request(project: Settings) -> None:
    with pytest.raises(UsageError, match="observatoire refresh"):
        examine(project, load_all_sources(project))
    with Server() as server:
        done = run(project, "register", "check", "--live", "--auteur", "C. Exemple", OBSERVATOIRE_MIRROR_URL=server.url)
    assert done.returncode == 2 and "Rien n'est publié" in done.stderr and server.seen == []


def test_a_signature_without_a_check_is_refused(released: Released) -> None:
    for option in (("--auteur", "C. Exemple"), ("--date", "2026-11-28")):
        done = run(released[0], "register", "check", *option)
        assert done.returncode == 2 and "--live" in done.stderr and done.stdout == ""


def test_statuses_that_cannot_be_read_are_not_none(project: Settings) -> None:
    with pytest.raises(BuildFailed, match="observatoire build"):
        proposed_statuses(project)
    project.work.mkdir(parents=True)
    with duckdb.connect(str(project.warehouse)) as con:
        con.execute("create schema core")
        con.execute("create table core.statuts_proposes (objet varchar)")
    with pytest.raises(BuildFailed, match="plus ancienne"):
        proposed_statuses(project)
