"""The register kept alive: cases added and edited under its rules, changes that nobody noted said."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatoire.commands.output_review import put as told
from observatoire.errors import LockHeld, UsageError
from observatoire.pipeline import load_all_sources
from observatoire.review.cases import Put, add_cases, edit_case, read_cases, read_fields
from observatoire.review.links import check_links
from observatoire.review.register_file import read_register
from observatoire.review.unrecorded import unrecorded_changes
from observatoire.settings import Settings
from observatoire.state import writer_lock
from tests.helpers import edit_csv, ingest_register, read_csv, write_csv

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


@pytest.mark.parametrize(
    ("put", "said"),
    [
        (Put("ajout", ["v159"], []), "v159 ajouté, noté dans"),
        (Put("ajout", ["v159", "v160"], []), "v159, v160 ajoutés, notés dans"),
        (Put("modification", ["v001"], []), "v001 modifié, noté dans"),
    ],
    ids=["added", "two added", "edited"],
)
def test_what_was_written_is_said_in_french(put: Put, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    told(put, json=False)
    assert capsys.readouterr().out.startswith(said)


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
