"""CSV deliveries as people and spreadsheets make them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from observatoire.formats import FormatRefused, Loaded
from observatoire.formats import csv as csv_format
from observatoire.settings import Settings
from observatoire.sources.spec import CsvFormat
from tests.formats.conftest import rows_of

CP1252 = {"name": "csv", "delimiter": ";", "encoding": "cp1252"}
LATIN = {"name": "csv", "delimiter": ";", "encoding": "latin-1"}
SEMICOLON = {"name": "csv", "delimiter": ";"}


def test_a_plain_file(read: Callable[..., Any]) -> None:
    found = read("code,nom\n01,Évreux\n02,\n")
    assert found.rows == [(1, "01", "Évreux"), (2, "02", None)]
    assert found.loaded.rows == 2 and found.bad == [] and found.loaded.repairs == ()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "end", "end end"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_line_ends_bom_and_trailing_empty_rows(read: Callable[..., Any], end: str, last: str, bom: str) -> None:
    text = bom + end.join(["code,nom", "01,a", "02,b"]) + last.replace("end", end).replace(" ", "")
    assert read(text).rows == [(1, "01", "a"), (2, "02", "b")]


def test_only_declared_columns_are_loaded_in_the_declared_order(read: Callable[..., Any]) -> None:
    found = read("nom,secret,code\na,x,01\n")
    assert found.rows == [(1, "01", "a")]


def test_nothing_is_trimmed_nor_interpreted(read: Callable[..., Any]) -> None:
    found = read('code,nom\n" 007 ",NULL\nNA,1e3\n"a,""b""",\'q\n')
    assert found.rows == [(1, " 007 ", "NULL"), (2, "NA", "1e3"), (3, 'a,"b"', "'q")]


@pytest.mark.parametrize("form", [CP1252, LATIN])
def test_eight_bit_encodings(read: Callable[..., Any], form: dict[str, str]) -> None:
    found = read("code;nom\n01;Évreux é\n".encode(form["encoding"]), form)
    assert found.rows == [(1, "01", "Évreux é")] and found.loaded.repairs == ()


def test_cp1252_has_the_euro_and_the_curly_apostrophe(read: Callable[..., Any]) -> None:
    assert read("code;nom\n01;l’été à 3 €\n".encode("cp1252"), CP1252).rows == [(1, "01", "l’été à 3 €")]


@pytest.mark.parametrize("form", [CP1252, LATIN])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_utf8_in_place_of_eight_bits_is_certain_repaired_and_said(
    read: Callable[..., Any], form: dict[str, str], bom: str
) -> None:
    found = read((bom + "code;nom\n01;Évreux\n").encode(), form)
    assert found.rows == [(1, "01", "Évreux")]
    assert found.loaded.repairs == (f"encodage UTF-8 lu au lieu de {form['encoding']}",)


def test_cp1252_in_place_of_utf8_is_refused_with_its_line(refusal: Callable[..., FormatRefused]) -> None:
    refused = refusal("code,nom\n01,Paris\n02,Évreux\n".encode("cp1252"))
    assert str(refused) == "encodage UTF-8 attendu, octet à la ligne 3 (enregistré par un tableur ?)"
    assert refused.anchor == "encodage"


def test_the_line_of_a_bad_byte_is_exact_across_blocks(
    refusal: Callable[..., FormatRefused], monkeypatch: pytest.MonkeyPatch
) -> None:
    for block in (1, 2, 3, 5, 7):
        monkeypatch.setattr(csv_format, "BLOCK", block)
        assert "ligne 3" in str(refusal(b"code,nom\n01,\xc3\xa9\xc3\xa9\n02,\xe9t\n03,z\n"))
        assert "ligne 2" in str(refusal(b"code,nom\n01,\xc3"))


def test_an_impossible_byte_is_refused(refusal: Callable[..., FormatRefused]) -> None:
    assert "0x81" in str(refusal(b"code;nom\n01;\xe9\x81\n", CP1252))


def test_utf16_is_refused(refusal: Callable[..., FormatRefused]) -> None:
    assert "encodage" in str(refusal("code,nom\n01,é\n".encode("utf-16")))


@pytest.mark.parametrize(("used", "shown"), [(";", ";"), ("\t", "tabulation"), ("|", "|")])
def test_another_delimiter_is_named(refusal: Callable[..., FormatRefused], used: str, shown: str) -> None:
    refused = refusal(f"code{used}nom\n01{used}a\n")
    assert str(refused) == f"séparateur « , » attendu, « {shown} » trouvé"


def test_a_renamed_column_is_refused_with_its_nearest_neighbour(refusal: Callable[..., FormatRefused]) -> None:
    refused = refusal("code,Nom_complet,population\n01,a,3\n", columns=("code", "nom_complet_2", "region"))
    assert "colonne « nom_complet_2 » absente (trouvé « Nom_complet »)" in str(refused)
    assert "colonne « region » absente" in str(refused) and "« region » absente (" not in str(refused)


def test_case_spaces_and_aliases_of_a_header_are_repaired_and_said(read: Callable[..., Any]) -> None:
    columns = ("code", {"name": "nom", "aliases": ["libelle"]}, {"name": "region", "optional": True})
    found = read(" Code ,LIBELLE\n01,a\n", columns=columns)
    assert found.rows == [(1, "01", "a", None)]
    assert found.loaded.repairs == ("en-tête «  Code  » lu comme « code »", "en-tête « LIBELLE » lu comme « nom »")


def test_the_declared_name_wins_over_its_variants(read: Callable[..., Any]) -> None:
    assert read("NOM,nom,code\nx,y,01\n").rows == [(1, "01", "y")]


@pytest.mark.parametrize("header", ["code,nom,nom", "Code,code ,nom"])
def test_a_column_found_twice_is_refused(refusal: Callable[..., FormatRefused], header: str) -> None:
    assert "deux fois" in str(refusal(f"{header}\n01,a,b\n"))


def test_twins_of_columns_that_are_not_read_do_not_matter(read: Callable[..., Any]) -> None:
    assert read("code,x,x,nom,,\n01,1,2,a,,\n").rows == [(1, "01", "a")]


@pytest.mark.parametrize(
    ("text", "bad", "kept"),
    [
        ("code,nom\n01,a\n02\n03,c\n", [(2, "1 champs au lieu de 2")], [1, 3]),
        ("code,nom\n01,a\n02,b,x\n03,c\n", [(2, "3 champs au lieu de 2")], [1, 3]),
        ('code,nom\n01,"a\nb\n\nc"\n02\n03,c\n', [(2, "1 champs au lieu de 2")], [1, 3]),
        ('code,nom\r\n01,"a\r\nb"\r\n02,b\r\n03,c,d\r\n', [(3, "3 champs au lieu de 2")], [1, 2]),
        ("code,nom\n01,a\n02,b\n03,c\n04,", [], [1, 2, 3, 4]),
    ],
)
def test_a_ragged_record_is_set_aside_under_its_own_ordinal(
    read: Callable[..., Any], text: str, bad: list[Any], kept: list[int]
) -> None:
    found = read(text)
    assert found.bad == bad
    assert [row[0] for row in found.rows] == kept
    assert [row[1] for row in found.rows] == [f"0{ordinal}" for ordinal in kept]


def test_mostly_ragged_is_another_structure(refusal: Callable[..., FormatRefused]) -> None:
    assert str(refusal("code,nom\n01\n02\n03,c\n")) == "2 enregistrements sur 3 n'ont pas 2 champs"


@pytest.mark.parametrize("text", ["", "\ufeff", "\n", "\n\n\n"])
def test_an_empty_file(refusal: Callable[..., FormatRefused], text: str) -> None:
    assert str(refusal(text)) == "fichier vide"


def test_a_header_alone_is_no_record(read: Callable[..., Any]) -> None:
    assert read("code,nom\n").rows == [] == read("code,nom").rows


@pytest.mark.parametrize("text", ["code,nom\n01,a\n\n03,b\n", "code,nom\n\n\n03,b\n", "code,nom\n01,a\n\n03,b\n04\n"])
def test_a_blank_line_counts_as_in_a_spreadsheet_but_holds_nothing(read: Callable[..., Any], text: str) -> None:
    found = read(text)
    assert found.rows[-1] == (3, "03", "b")
    assert found.bad == ([(4, "1 champs au lieu de 2")] if "04" in text else [])


@pytest.mark.parametrize("text", ["code,nom\n01,a\n02,b,\n", "code,nom\n01,a\n02,b,,\n"])
def test_an_empty_field_in_excess_is_a_ragged_record(read: Callable[..., Any], text: str) -> None:
    """It may be the end of a record that an unquoted comma shifted."""
    assert [ordinal for ordinal, _ in read(text).bad] == [2]


def test_rows_of_commas_are_no_content(read: Callable[..., Any]) -> None:
    assert read("code,nom\n01,a\n,\n02,b\n").rows == [(1, "01", "a"), (2, None, None), (3, "02", "b")]


def test_a_lone_quote_is_refused_rather_than_swallowing_the_rest(refusal: Callable[..., FormatRefused]) -> None:
    refused = refusal('code,nom\n01,a\n02,"b\n03,c\n')
    assert "enregistrement 2 illisible" in str(refused)


def test_quotes_inside_an_unquoted_cell(read: Callable[..., Any]) -> None:
    assert read('code,nom\n01,le "grand" projet\n').rows == [(1, "01", 'le "grand" projet')]


def test_a_very_long_cell(read: Callable[..., Any]) -> None:
    long = "é" * 3_000_000
    assert read(f"code,nom\n01,{long}\n").rows == [(1, "01", long)]
    assert read(f"code,nom\n01,{long}\n02\n03,c\n").rows == [(1, "01", long), (3, "03", "c")]


@pytest.mark.parametrize("text", ["code,nom\n01,a\x00b\n02,c\n", "code,nom\n01,a\x00b\n02\n03,c\n"])
def test_nul_bytes_are_the_same_whichever_way_the_file_is_read(read: Callable[..., Any], text: str) -> None:
    assert read(text).rows[0] == (1, "01", "a\x00b")


def test_lines_before_the_header_are_passed_over(read: Callable[..., Any]) -> None:
    form = {"name": "csv", "delimiter": ";", "skip_rows": 2}
    text = 'Source : DGCL\n"Extrait; du\ncode;nom\n01;a\n'
    assert read(text, form).rows == [(1, "01", "a")]
    assert read(text + "02\n03;c\n", form).rows == [(1, "01", "a"), (3, "03", "c")]


def test_a_file_of_one_column(read: Callable[..., Any]) -> None:
    assert read("code\n01\n02\n", columns=("code",)).rows == [(1, "01"), (2, "02")]


def test_a_member_of_a_zip(tmp_path: Path, read: Callable[..., Any]) -> None:
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("autre.csv", "rien")
        archive.writestr("bon.csv", "code,nom\n01,a\n")
    protocol = {"name": "http_file", "url": "https://a.fr/f.zip", "member": "bon.csv"}
    assert read(buffer.getvalue(), protocol=protocol).rows == [(1, "01", "a")]


# Any text but NUL and lone surrogates, rich in what breaks CSV readers.
CELLS = st.text(st.sampled_from(list("ab ,;\"'\n\r\té€\u2028\ufeff")) | st.characters(exclude_categories=["Cs", "Cc"]))
TABLES = st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=8))


def write(table: list[list[str]], width: int, delimiter: str, end: str) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=end)
    writer.writerow([f"c{position}" for position in range(width)])
    writer.writerows(table)
    return buffer.getvalue()


@given(TABLES, st.sampled_from([",", ";", "\t"]), st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_readings_give_back_what_was_written(
    tmp_path: Path, table: list[list[str]], delimiter: str, end: str
) -> None:
    width = len(table[0]) if table else 2
    path, fast, slow = tmp_path / "t.csv", tmp_path / "fast.parquet", tmp_path / "slow.parquet"
    path.write_bytes(write(table, width, delimiter, end).encode())
    form = CsvFormat(name="csv", delimiter=delimiter)
    header = [f"c{position}" for position in range(width)]
    positions: dict[str, int | None] = {name: position for position, name in enumerate(header)}
    expected = [(n, *(cell or None for cell in row)) for n, row in enumerate(table, 1)]

    loaded = csv_format._read_record_by_record(path, form, header, positions, slow, [])
    assert rows_of(slow, loaded) == expected

    whole = csv_format.read(_source(form, header), path, fast, Settings(tmp_path, tmp_path, tmp_path))
    assert rows_of(fast, whole) == expected
    assert whole.rows == len(table)


def _source(form: CsvFormat, header: list[str]) -> Any:
    from tests.helpers import make_source

    return make_source(form.model_dump(), header)


@given(
    st.integers(1, 3),
    st.lists(st.sampled_from(["a", " ", ",", ",", '"', "\n", "\n", "\r\n", '""', '"b"', '"\n"']), max_size=16),
)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_fast_reading_never_reads_otherwise_than_the_exact_one(
    tmp_path: Path, width: int, pieces: list[str]
) -> None:
    """On any text at all, the fast reading gives up or gives the same records under the same ordinals."""
    path, fast, slow = tmp_path / "t.csv", tmp_path / "fast.parquet", tmp_path / "slow.parquet"
    header = [f"c{position}" for position in range(width)]
    path.write_bytes((",".join(header) + "\n" + "".join(pieces)).encode())
    form = CsvFormat(name="csv", delimiter=",")
    positions: dict[str, int | None] = {name: position for position, name in enumerate(header)}
    rows = csv_format._read_fast(path, form, header, positions, fast)
    if rows is None:
        return
    try:
        exact = csv_format._read_record_by_record(path, form, header, positions, slow, [])
    except FormatRefused as refused:
        # The one tolerance: blanks after a closing quote, which change no record's shape.
        assert "expected after" in str(refused) and re.search(r'" ', "".join(pieces))
        return
    assert exact.bad_records == ()
    assert [row for row in rows_of(fast, Loaded(rows)) if any(row[1:])] == [
        row for row in rows_of(slow, exact) if any(row[1:])
    ]


def test_a_well_formed_file_is_read_fast(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('c0,c1\n01,"a\n""b"""\n02,\n', encoding="utf-8")
    form = CsvFormat(name="csv", delimiter=",")
    read = csv_format._read_fast(path, form, ["c0", "c1"], {"c0": 0, "c1": 1}, tmp_path / "f")
    assert read == 2


def test_only_the_columns_asked_for_are_written_whatever_the_row_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Groups of rows smaller than a file, a column that is not read, one that is absent: same rows, same order."""
    monkeypatch.setattr(csv_format, "BLOCK", 1 << 10)
    monkeypatch.setattr(csv_format, "ROW_GROUP", 100)
    path, target = tmp_path / "t.csv", tmp_path / "t.parquet"
    path.write_text("a,b,c\n" + "".join(f"{i},passé,é{i}\n" for i in range(1000)), encoding="utf-8")
    form = CsvFormat(name="csv", delimiter=",")
    assert csv_format._read_fast(path, form, ["a", "b", "c"], {"c": 2, "absente": None, "a": 0}, target) == 1000
    assert rows_of(target, Loaded(1000)) == [(i + 1, f"é{i}", None, str(i)) for i in range(1000)]
