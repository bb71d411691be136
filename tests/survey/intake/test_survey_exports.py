"""Every export of the same responses gives the same rows, as far as it carries them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from observatoire.errors import DeliveryRefused, UsageError
from observatoire.settings import Settings
from observatoire.survey.intake.importing import import_file
from tests.survey.intake.surveys import (
    KEY,
    NOT_SHOWN,
    RESPONSES,
    as_csv,
    as_json,
    as_vv,
    as_xlsx,
    in_full,
    response,
    rows,
    states,
    take,
    write_codebook,
    yes,
)

SAME: dict[str, Callable[[Path], bytes]] = {
    "comma.csv": lambda _: as_csv(RESPONSES, ","),
    "tab.csv": lambda _: as_csv(RESPONSES, "\t"),
    "without_bom.csv": lambda _: as_csv(RESPONSES, bom=False),
    "full_heads.csv": lambda _: as_csv(RESPONSES, full=True),
    "long_answers.csv": lambda _: as_csv([in_full(row) for row in RESPONSES]),
    "full_and_long.csv": lambda _: as_csv([in_full(row) for row in RESPONSES], ",", full=True),
    "shuffled.csv": lambda _: as_csv([dict(reversed(row.items())) for row in reversed(RESPONSES)]),
    "export.json": lambda _: as_json(RESPONSES),
    "limesurvey3.json": lambda _: as_json(RESPONSES, numbered=True),
    "export.xlsx": lambda folder: as_xlsx(RESPONSES, folder / "made.xlsx"),
}


@pytest.mark.parametrize("name", SAME)
def test_exports_that_carry_as_much_give_the_same_bytes(office: Settings, tmp_path: Path, name: str) -> None:
    first = take(office, as_csv(RESPONSES))
    expected = rows(office)
    again = take(office, SAME[name](tmp_path), name)
    assert again.delivery == first.delivery and not again.new
    assert rows(office) == expected


def test_what_a_csv_holds(office: Settings) -> None:
    done = take(office, as_csv(RESPONSES))
    assert (done.received, done.complete, done.kept, done.rows) == (3, 2, 3, 21)
    assert states(office, "210000001") == {
        "IA": ("Y", "repondu"), "OU[SQ1]": ("Y", "repondu"), "OU[SQ2]": (None, "inconnu"), "OU[other]": ("Y", "repondu"),
        "QUI": ("A2", "repondu"), "EUR": ("1500.5", "repondu"), "JOUR": ("2024-03-01", "repondu"),
    }  # fmt: skip
    assert states(office, "210000002")["QUI"] == ("-oth-", "repondu")
    assert {row["date_reponse"].isoformat() for row in rows(office)} == {"2026-01-01", "2026-01-02", "2026-01-03"}
    assert {row["siren"] for row in rows(office) if not row["complete"]} == {"210000003"}
    assert any("ne distingue pas « non affichée »" in loss for loss in done.losses)
    assert any(loss.startswith("13 cellules vides") for loss in done.losses)


def test_only_a_vv_tells_what_was_not_shown(office: Settings) -> None:
    hidden = dict.fromkeys(["OU[SQ1]", "OU[SQ2]", "OU[other]", "EUR", "JOUR", "QUI[other]"], NOT_SHOWN)
    done = take(office, as_vv([yes(1, **{"OU[SQ2]": ""}), response(2, IA="N", QUI="", **hidden)]), "export.vv")
    assert states(office, "210000001")["OU[SQ2]"] == (None, "non_coche")
    seen = states(office, "210000002")
    assert seen["OU[SQ1]"] == seen["OU[other]"] == (None, "non_affiche")
    assert seen["QUI"] == (None, "sans_reponse")
    assert seen["EUR"] == seen["JOUR"] == (None, "inconnu")  # NULL in LimeSurvey, shown or not
    assert done.losses == ("2 cellules vides dont on ne sait pas si la question a été affichée (état « inconnu »)",)


def test_filters_decide_where_the_codebook_says_so(office: Settings) -> None:
    write_codebook(office, empty_cells="filtre")
    stopped = {"submitdate": ""}
    incomplete = [yes(4, **stopped, QUI="", token=""), response(5, **stopped, IA="N")]
    take(office, as_csv([yes(1), response(2, IA="N"), response(3), *incomplete]))
    assert states(office, "210000001")["OU[SQ2]"] == (None, "non_coche")
    assert states(office, "210000002")["OU[SQ1]"] == (None, "non_affiche")
    assert states(office, "210000002")["QUI"] == (None, "sans_reponse")
    assert states(office, "210000003")["OU[SQ1]"] == (None, "non_affiche")  # an empty answer is not Y
    assert states(office, "210000004")["OU[SQ2]"] == (None, "inconnu")  # incomplete: the page may not have been reached
    assert states(office, "210000004")["QUI"] == (None, "inconnu")
    assert states(office, "210000005")["OU[SQ1]"] == (None, "non_affiche")


def test_a_filter_that_the_codebook_cannot_say_decides_nothing(office: Settings) -> None:
    from tests.survey.intake.surveys import CODEBOOK

    questions = [{**item, "shown_if": "inconnu"} if item["code"] == "OU" else item for item in CODEBOOK["questions"]]
    write_codebook(office, empty_cells="filtre", questions=questions)
    take(office, as_csv([response(2, IA="N")]))
    assert states(office, "210000002")["OU[SQ1]"] == (None, "inconnu")


@pytest.mark.parametrize(
    ("head", "written", "value"),
    [
        ("EUR", "1 500,50", "1500.5"),
        ("EUR", "1.5000000000", "1.5"),
        ("EUR", "0", "0"),
        ("EUR", "-0.0", "0"),
        ("EUR", "100", "100"),
        ("EUR", "douze mille", None),
        ("EUR", "NaN", None),
        ("JOUR", "2024-03-01", "2024-03-01"),
        ("JOUR", "01/03/2024", "2024-03-01"),
        ("JOUR", "hier", None),
        ("QUI", "a1", "A1"),
        ("QUI", "élus", "A2"),
        ("QUI", "Autre", "-oth-"),
        ("QUI", "Mme Durand", None),
        ("IA", "peut-être", None),
    ],
)
def test_answers_are_codes_numbers_or_days_and_nothing_else(
    office: Settings, head: str, written: str, value: str | None
) -> None:
    done = take(office, as_csv([response(1, **{head: written})]))
    assert states(office, "210000001")[head] == ((value, "repondu") if value else (None, "inconnu"))
    assert done.unreadable == ({} if value else {head: 1})


def test_labels_that_are_codes_of_other_choices(office: Settings) -> None:
    swapped = {"code": "QUI", "label": "Qui ?", "type": "choix_unique", "choices": {"1": "2", "2": "1"}}
    from tests.survey.intake.surveys import CODEBOOK

    write_codebook(office, questions=[CODEBOOK["questions"][0], swapped])
    take(office, as_csv([response(1, IA="Y", QUI="1")]))
    assert states(office, "210000001")["QUI"][0] == "1"
    take(office, as_csv([response(1, IA="Oui", QUI="1")]))
    assert states(office, "210000001")["QUI"][0] == "2"


def test_columns_named_by_numbers_bind_through_the_structure(office: Settings, tmp_path: Path) -> None:
    (tmp_path / "form.lss").write_text(FORM, encoding="utf-8")
    expected = take(office, as_csv(RESPONSES)).delivery
    for names in (SEVEN, SGQA):
        renamed = [{names.get(head, head): cell for head, cell in row.items()} for row in RESPONSES]
        assert take(office, as_csv(renamed), structure=tmp_path / "form.lss").delivery == expected
        with pytest.raises(DeliveryRefused, match=r"7 réponses du livre de codes sans colonne.*--structure"):
            take(office, as_csv([{"id": "1", "submitdate": "", **row} for row in renamed]))


SEVEN = {
    "SIREN": "Q1", "IA": "Q2", "OU[SQ1]": "Q3_S31", "OU[SQ2]": "Q3_S32", "OU[other]": "Q3_Cother", "QUI": "Q4",
    "QUI[other]": "Q4_Cother", "EUR": "Q5", "JOUR": "Q6", "LIBRE": "Q7", "MAIL": "Q8",
}  # fmt: skip
SGQA = {
    "SIREN": "9X1X1", "IA": "9X1X2", "OU[SQ1]": "9X1X3SQ1", "OU[SQ2]": "9X1X3SQ2", "OU[other]": "9X1X3other", "QUI": "9X1X4",
    "QUI[other]": "9X1X4other", "EUR": "9X1X5", "JOUR": "9X1X6", "LIBRE": "9X1X7", "MAIL": "9X1X8",
}  # fmt: skip


def section(name: str, *rows: dict[str, Any]) -> str:
    listed = "".join(
        "<row>" + "".join(f"<{key}><![CDATA[{value}]]></{key}>" for key, value in row.items()) + "</row>"
        for row in rows
    )
    return f"<{name}><rows>{listed}</rows></{name}>"


ASKED = [
    ("SIREN", "S"),
    ("IA", "Y"),
    ("OU", "M"),
    ("QUI", "L"),
    ("EUR", "N"),
    ("JOUR", "D"),
    ("LIBRE", "T"),
    ("MAIL", "S"),
]
FORM = (
    "<?xml version='1.0' encoding='UTF-8'?><document><LimeSurveyDocType>Survey</LimeSurveyDocType>"
    + section("surveys", {"sid": 9, "language": "fr"})
    + section("groups", {"gid": 1, "group_order": 1})
    + section(
        "questions",
        *[
            {"qid": n, "parent_qid": 0, "gid": 1, "type": kind, "title": code, "other": "Y", "question_order": n}
            for n, (code, kind) in enumerate(ASKED, 1)
        ],
    )
    + section("subquestions", *[{"qid": 30 + n, "parent_qid": 3, "title": f"SQ{n}", "scale_id": 0} for n in (1, 2)])
    + "</document>"
)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("vide.csv", b"", "Aucun en-tête n'est connu"),
        ("autre.csv", b"a;b\r\n1;2\r\n", "Aucun en-tête n'est connu du livre de codes"),
        ("large.csv", as_csv(RESPONSES).replace(b'"Y";', b'"Y";"MARTIN";', 1), "La réponse n° 1 du fichier a 16 cellules au lieu de 15"),
        ("guillemet.csv", as_csv(RESPONSES).replace(b'"1500.5"', b'"15"MARTIN"'), "Guillemets mal fermés"),
        ("tableur.csv", "id;submitdate;Une IA ?\r\n1;;é\r\n".encode("cp1252"), "Encodage utf-8 attendu, octet invalide à la ligne 2"),
        ("court.json", as_json(RESPONSES)[:-9], "JSON illisible ou tronqué"),
        ("deux.json", b'{"responses": [{"id": 1, "QUI": "MARTIN", "QUI": "A2"}]}', "Deux questions ont le même en-tête"),
        ("page.json", b'{"status": "No permission"}', "n'a pas de liste « responses »"),
        ("faux.xlsx", b"PK\x03\x04MARTIN", "Classeur illisible"),
        ("form.lss", b"<?xml version='1.0'?><document/>", "ne contient aucune réponse"),
        ("abrege.csv", b'"id";"submitdate";"Une IA ..";"Qui ..";"IA"\r\n', "intitulés abrégés"),
        ("sans_id.csv", as_csv([{k: v for k, v in row.items() if k != "id"} for row in RESPONSES]), "Colonne « id » absente"),
        ("double.csv", as_csv([RESPONSES[0], RESPONSES[0]]), "Deux réponses de cet export ont le même numéro"),
        ("repete.csv", as_csv([{**row, "Qui ?": "A1"} for row in RESPONSES]), "Deux colonnes portent l'en-tête « Qui ? »"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_without_quoting_it(
    office: Settings, name: str, content: bytes, said: str
) -> None:
    with pytest.raises(DeliveryRefused) as caught:
        take(office, content, name)
    message = str(caught.value)
    assert said in message and "\n" not in message and "MARTIN" not in message
    assert caught.value.__cause__ is None  # a traceback shows causes, which quote the file
    assert not (office.data / "restricted").exists()


def test_a_missing_file_is_a_wrong_command(office: Settings, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="introuvable"):
        import_file(office, "essai", tmp_path / "rien.csv", key=KEY)
