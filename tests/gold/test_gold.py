"""The gold sets of judgement are whole: halves by hash, closed values, every item coded, nothing that may not be published."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from pathlib import Path

import pytest

from observatoire.vocabularies import codes_by_list
from observatoire.yaml_file import read_yaml

ROOT = Path(__file__).resolve().parents[2]
GOLD = ROOT / "tests" / "gold"
REGISTER = ROOT / "data" / "register"
GUIDE = "2026-11-24/1"
CODED = ("ia", "theme", "finalite_environnementale", "technique", "statut")
PASSES = ("codage_a.csv", "codage_b.csv")


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file of the project."""
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def half(text: str) -> str:
    """The half of an item: parity of the last hexadecimal digit of the sha256 of its key."""
    return "test" if int(hashlib.sha256(text.encode()).hexdigest()[-1], 16) % 2 else "apprentissage"


def allowed(variable: str) -> set[str]:
    """The values that a coder may give to a variable where the text speaks of AI."""
    lists = codes_by_list(REGISTER)
    return {
        "ia": {"oui", "possible", "non"},
        "ia_explicite": {"true", "false"},
        "finalite_environnementale": {"true", "false", ""},
    }.get(variable) or set(lists[variable])


def truths() -> dict[tuple[str, str], str]:
    """What is held true of each item and variable: the arbitration, else what both passes say."""
    settled = {(row["gold_id"], row["variable"]): row["valeur"] for row in rows(GOLD / "arbitrages.csv")}
    said = {(row["gold_id"], variable): row[variable] for row in rows(GOLD / PASSES[0]) for variable in CODED}
    return said | settled


def test_titles_are_many_distinct_and_split_by_hash() -> None:
    items = rows(GOLD / "jugements.csv")
    assert len(items) >= 600
    assert len({row["gold_id"] for row in items}) == len({(row["source"], row["cle"]) for row in items}) == len(items)
    assert [row["gold_id"] for row in items if row["moitie"] != half(f"{row['source']}|{row['cle']}")] == []
    assert all(count > 300 for count in Counter(row["moitie"] for row in items).values())
    assert set(items[0]) == {"gold_id", "source", "cle", "texte", "empreinte", "moitie", "vague"}  # no label


def test_texts_of_unknown_licence_stay_out_and_the_others_keep_their_fingerprint() -> None:
    for row in rows(GOLD / "jugements.csv"):
        if row["source"] == "fonds_vert":
            assert row["texte"] == "", row["gold_id"]
        else:
            assert hashlib.sha256(row["texte"].encode()).hexdigest() == row["empreinte"], row["gold_id"]


@pytest.mark.parametrize("name", PASSES)
def test_every_title_is_coded_with_closed_values(name: str) -> None:
    coded = rows(GOLD / name)
    assert [row["gold_id"] for row in coded] == [row["gold_id"] for row in rows(GOLD / "jugements.csv")]
    for row in coded:
        if row["ia"] == "non":
            assert not any(row[variable] for variable in CODED[1:]), row
        else:
            assert all(row[variable] in allowed(variable) for variable in CODED), row


def test_every_disagreement_is_settled_and_nothing_else() -> None:
    first, second = ({row["gold_id"]: row for row in rows(GOLD / name)} for name in PASSES)
    settled = rows(GOLD / "arbitrages.csv")
    keys = [(row["gold_id"], row["variable"]) for row in settled]
    assert len(keys) == len(set(keys))
    truth = truths()
    for item, row in first.items():
        judged = truth[item, "ia"] != "non"
        for variable in CODED:
            differs = row[variable] != second[item][variable]
            assert ((item, variable) in keys) == differs, (item, variable)
            # The truth is whole: a text that speaks of AI has its theme, another has none.
            assert (
                truth[item, variable] in allowed(variable) if judged or variable == "ia" else not truth[item, variable]
            )
    assert all(row["motif"] for row in settled)


def test_pairs_to_merge_are_split_by_hash_and_explained() -> None:
    pairs = rows(GOLD / "fusions.csv")
    assert len(pairs) >= 120
    assert len({(row["cle_a"], row["cle_b"]) for row in pairs}) == len(pairs)
    for row in pairs:
        assert row["cle_a"] < row["cle_b"] and row["motif"], row
        assert row["relation"] in {"meme_usage", "meme_projet", "distincts"}, row
        assert row["moitie"] == half(f"{row['cle_a']} + {row['cle_b']}"), row
        # Since the second draw both passes are kept; where they agree, that is the relation.
        assert (row["vague"] > "1") == bool(row["passe_a"] and row["passe_b"]), row
        assert row["passe_a"] != row["passe_b"] or row["passe_a"] in ("", row["relation"]), row


def test_texts_coded_once_are_in_no_draw_and_have_closed_values() -> None:
    coded = rows(GOLD / "themes_appoint.csv")
    assert len({row["cle"] for row in coded}) == len(coded) == 880
    assert not {row["cle"] for row in coded} & {f"{row['source']}|{row['cle']}" for row in rows(GOLD / "jugements.csv")}
    assert all(row[variable] in allowed(variable) for row in coded for variable in CODED[1:])


def test_the_register_is_coded_twice_from_its_text() -> None:
    coded = rows(REGISTER / "codages.csv")
    register = {row["id"] for row in rows(REGISTER / "cas_usage.csv")}
    variables = ("ia_explicite", "theme", "finalite_environnementale", "statut")
    keys = Counter((row["cle"], row["variable"], row["passe"]) for row in coded)
    assert keys == Counter((case, variable, turn) for case in register for variable in variables for turn in "AB")
    assert all(row["valeur"] in allowed(row["variable"]) and row["guide"] == GUIDE for row in coded)


def test_themes_are_those_of_the_closed_list_with_their_labels() -> None:
    content = read_yaml(REGISTER / "themes.yml")
    closed = read_yaml(REGISTER / "vocabulaires.yml")["theme"]
    themes = content["themes"]
    assert content["version"] == GUIDE and GUIDE in (ROOT / "docs" / "codebook.md").read_text(encoding="utf-8")
    assert {code: (theme["fr"], theme["en"]) for code, theme in themes.items()} == {
        code: (labels["fr"], labels["en"]) for code, labels in closed.items()
    }
    assert sorted(theme["rang"] for theme in themes.values()) == list(range(1, len(themes) + 1))
    for code, theme in themes.items():
        assert theme["environnemental"] in (True, False, "selon_le_but"), code
        assert all(theme[key] for key in ("definition_fr", "definition_en", "inclusions", "exclusions")), code
