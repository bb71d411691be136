"""JSON lines: exact texts, whatever surrounds the numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from observatoire.formats import FormatRefused, json_records, jsonl
from observatoire.protocols.json_lines import json_line, read_json
from observatoire.settings import Settings
from tests.formats.conftest import rows_of
from tests.helpers import make_source

JSONL = {"name": "jsonl"}


def test_a_plain_file(read: Callable[..., Any]) -> None:
    found = read('{"code": "01", "nom": "Évreux", "autre": 1}\n{"nom": "", "code": "02"}\n', JSONL)
    assert found.rows == [(1, "01", "Évreux"), (2, "02", None)]
    assert (found.loaded.rows, found.bad, found.loaded.repairs) == (2, [], ())


@pytest.mark.parametrize(
    "number",
    ["1.10", "0", "-0.0", "1E5", "1e-7", "12345678901234567890123.50", "-12", "0.1000000000000000055511151231"],
)
def test_numbers_keep_their_text(read: Callable[..., Any], number: str) -> None:
    nested = '[NUMBER,{"b":"-1.50 \\" [2","a":NUMBER}]'.replace("NUMBER", number)
    assert read(f'{{"code":{number},"nom":{nested}}}\n', JSONL).rows == [(1, number, nested)]


def test_what_looks_like_a_number_in_a_text_stays(read: Callable[..., Any]) -> None:
    texts = ["1.10", "-3", '"2":3,', "\\", '\\"4', "x\\\\", "5\\", 'a "6" b', "{7}", "\u2028 8", "\ttab 9"]
    content = "".join(json.dumps({"code": text, "nom": [text]}, ensure_ascii=False) + "\n" for text in texts)
    assert [(code, json.loads(nom)) for _, code, nom in read(content, JSONL).rows] == [(t, [t]) for t in texts]


def test_numbers_that_are_none_do_not_shift_the_reading(read: Callable[..., Any]) -> None:
    """DuckDB accepts them where JSON does not; what follows must still be read as a text."""
    found = read('{"code": -Infinity, "nom": "x 12"}\n{"code": [NaN, -1.0], "nom": "3, 4"}\n', JSONL)
    assert [row[2] for row in found.rows] == ["x 12", "3, 4"]


def test_nested_names_and_other_values(read: Callable[..., Any]) -> None:
    lines = [
        '{"a": {"b": {"c": 1.0}, "d": true}, "x.y": "plat", "x": {"y": "creux"}}',
        '{"a": {"b": null, "d": [1, 2]}, "x": {"y": "creux"}}',
        '{"a": 3, "autre": {}}',
        "{}",
    ]
    columns = ("a.b.c", "a.b", "a.d", "x.y", {"name": "z", "optional": True})
    assert read("\n".join(lines), JSONL, columns).rows == [
        (1, "1.0", '{"c":1.0}', "true", "plat", None),
        (2, None, None, "[1,2]", "creux", None),
        (3, None, None, None, None, None),
        (4, None, None, None, None, None),
    ]


def test_lines_that_are_no_objects_are_set_aside(read: Callable[..., Any]) -> None:
    found = read('{"code": 1, "nom": 2}\n[1]\n{"code": 1\n{"code": 3, "nom": "z"}\n"x"\n{"code": 5, "nom": 6}\n', JSONL)
    assert found.rows == [(1, "1", "2"), (4, "3", "z"), (6, "5", "6")]
    assert found.bad == [(n, "la ligne n'est pas un objet JSON") for n in (2, 3, 5)]


def test_the_order_is_that_of_the_file(read: Callable[..., Any]) -> None:
    content = "".join(f'{{"code":{n},"nom":"{"x" * (n % 50)}"}}\n' for n in range(60_000))
    found = read(content, JSONL)
    assert [(ordinal, code) for ordinal, code, _ in found.rows] == [(n + 1, str(n)) for n in range(60_000)]


@pytest.mark.parametrize(
    ("content", "says", "anchor"),
    [
        (b'{"code": "1", "Nome": "x"}\n', "colonne « nom » absente (trouvé « Nome »)", "colonne-renommee"),
        (b'[{"code": "1"}]\n', "1 lignes sur 1 ne sont pas des objets JSON", "structure"),
        (b"<html>\n<body>\n", "c'est une page HTML", "page-html"),
        (b"PAR1\x00\xff\xfe\x80\n", "UTF-8", "encodage"),
    ],
)
def test_what_is_refused(refusal: Callable[..., FormatRefused], content: bytes, says: str, anchor: str) -> None:
    refused = refusal(content, JSONL)
    assert says in str(refused) and refused.anchor == anchor


def test_an_empty_file_has_no_record(read: Callable[..., Any]) -> None:
    assert read(b"", JSONL).rows == []


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufdd0"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "é"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(st.lists(st.fixed_dictionaries({"code": VALUES, "nom": VALUES}), min_size=1, max_size=5))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_reads_what_the_format_json_reads(tmp_path: Path, records: list[dict[str, Any]]) -> None:
    """Of canonical lines, as the protocol writes them, the two formats give the same texts.

    Control characters apart: inside lists and objects, \\u001F and \\u001f are both right.
    """
    whole, lines, out = tmp_path / "a.json", tmp_path / "a.jsonl", tmp_path / "o.parquet"
    known = Settings(tmp_path, tmp_path, tmp_path)
    values = [read_json(json.dumps(record).encode()) for record in records]
    lines.write_text("".join(json_line(value) + "\n" for value in values))
    whole.write_text("[" + ",".join(json_line(value) for value in values) + "]")
    first = rows_of(out, json_records.read(make_source({"name": "json"}), whole, out, known))
    second = rows_of(out, jsonl.read(make_source(JSONL), lines, out, known))
    assert first == second
