"""What happens to the Tech Watch delivery that changes, shrinks or disappears; and how its variants of writing are read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace

import pytest

from observatoire.ingest import Ingested, deliveries_in_use, ingest_source
from observatoire.pipeline import load_all_sources
from observatoire.settings import Settings
from observatoire.standing import source_rows
from tests.helpers import Warehouse
from tests.servers import Answer, Server, html

HOST = "https://interoperable-europe.ec.europa.eu"
PAGE = f"{HOST}/collection/public-sector-tech-watch/pstw-cases-viewer-data-download"
FILE = "/sites/default/files/custom-page/attachment/2026-06/pstw_dataset.csv"
CELLS = {
    "Name": "A case", "Website": "https://example.org/a", "Description": "Two\nlines, a comma; " + "x" * 600,
    "Geographical coverage (country)": "Italy", "Responsible organisation": "A city",
    "Responsible organisation category": "Local Government", "Status": "Pilot", "Primary Technology": "Artificial Intelligence",
    "Start Year": "2021", "Date updated": "04/10/2024",
}  # fmt: skip


def delivery(columns: list[str], *rows: dict[str, str], count: int = 1100, delimiter: str = ",") -> bytes:
    """A delivery of `count` records: the given ones first, then plain ones; the header as PSTW writes it (« Status »)."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow([" Status" if name == "Status" else name for name in columns])
    for number in range(count):
        cells = {"PSTW ID": f"PSTW-{number}", **CELLS, **(rows[number] if number < len(rows) else {})}
        writer.writerow([cells.get(name, "") for name in columns])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


@pytest.fixture
def served(project: Settings) -> Iterator[tuple[Settings, Server]]:
    with Server() as server:
        server.script(PAGE, html(f'<!DOCTYPE html><html><a href="{FILE}">CSV</a></html>'))
        yield replace(project, mirror_url=server.url), server


def columns(settings: Settings) -> list[str]:
    return load_all_sources(settings)["pstw"].column_names


def take(settings: Settings, server: Server, body: bytes | Answer) -> Ingested:
    server.script(HOST + FILE, body if isinstance(body, Answer) else Answer(body=body))
    [result] = ingest_source(settings, load_all_sources(settings)["pstw"])
    return result


def shown(settings: Settings) -> dict[str, object]:
    return next(row for row in source_rows(settings) if row["source"] == "pstw")


def test_each_fault_degrades_the_source_keeps_the_last_good_and_a_good_one_mends_it(
    served: tuple[Settings, Server],
) -> None:
    settings, server = served
    names = columns(settings)
    good = take(settings, server, delivery(names))
    assert good.outcome == "nouvelle", good.message
    renamed = ["Statut" if name == "Status" else name for name in names]
    faults: list[tuple[bytes | Answer, str]] = [
        (delivery(renamed), "colonne « Status » absente (trouvé « Statut »)"),
        (delivery(names, count=900), "900 enregistrements, au moins 1000 attendus"),
        (html("<!DOCTYPE html><html>Maintenance</html>"), "page HTML"),
        (Answer(404), "404"),
    ]
    since = None
    for body, said in faults:
        result = take(settings, server, body)
        assert result.degraded and said in str(result.message), result
        row = shown(settings)
        since = since or row["degradee_depuis"]
        assert row["degradee_depuis"] == since and said in str(row["message"])
        [used] = deliveries_in_use(settings, load_all_sources(settings)["pstw"])
        assert good.delivery and used.sha256 == good.delivery.sha256
    again = take(settings, server, delivery(names, count=1101))
    assert again.outcome == "nouvelle" and shown(settings)["degradee_depuis"] is None


def test_a_delivery_that_lost_a_tenth_of_its_rows_is_refused(served: tuple[Settings, Server]) -> None:
    settings, server = served
    names = columns(settings)
    assert take(settings, server, delivery(names, count=1500)).outcome == "nouvelle"
    result = take(settings, server, delivery(names, count=1300))
    assert result.outcome == "refusée" and "1300 enregistrements au lieu de 1500" in str(result.message)


def test_a_page_that_lost_its_link_is_one_clear_line(served: tuple[Settings, Server]) -> None:
    settings, server = served
    server.script(PAGE, html("<!DOCTYPE html><html><a href='/autre.pdf'>Autre</a></html>"))
    result = take(settings, server, b"x")
    assert result.outcome == "échec" and "aucun des 1 liens" in str(result.message) and "\n" not in str(result.message)


def test_both_separators_give_the_same_cases(served: tuple[Settings, Server]) -> None:
    settings, server = served
    warehouse = Warehouse(settings)
    read = []
    for delimiter in (",", ";"):
        assert take(settings, server, delivery(columns(settings), delimiter=delimiter)).outcome == "nouvelle"
        warehouse.build("staging.pstw")
        read.append(warehouse.rows("select * exclude (_livraison) from staging.pstw order by _ligne"))
    assert read[0] == read[1] and len(read[0]) == 1100


def test_variants_of_writing_are_read_and_unreadable_cells_set_aside(served: tuple[Settings, Server]) -> None:
    settings, server = served
    rows = [
        {"Status": "Pilot ", "Date updated": "45569", "Responsible organisation category": "Local government"},
        {"Status": "pilot\u00a0phase", "Date updated": "2024-10-04", "Geographical coverage (country)": "France\u00a0"},
        {
            "Status": "Retired",
            "Primary Technology": "Virtual Worlds ",
            "Secondary Technology": "artificial intelligence",
        },
        {"Date updated": "31/02/2024"},
        {"Date updated": "bientôt", "End Year": "20x5"},
        {"PSTW ID": "PSTW-0"},
        {"Name": " \n "},
        {"Website": "voir https://example.org/b, puis https://example.org/c"},
    ]
    assert take(settings, server, delivery(columns(settings), *rows)).outcome == "nouvelle"
    warehouse = Warehouse(settings)
    warehouse.build("core.contexte_europe")
    query = "select statut, niveau, pays, technologie, ia_declaree, date_maj::text from staging.pstw where _ligne <= 3 order by _ligne"
    assert warehouse.rows(query) == [
        ("experimentation", "local", "Italy", "ia", True, "2024-10-04"),
        ("experimentation", "local", "France", "ia", True, "2024-10-04"),
        ("inconnu", "local", "Italy", "realite_virtuelle", True, "2024-10-04"),
    ]
    date = "n'est pas une date (JJ/MM/AAAA, AAAA-MM-JJ ou numéro de jour de tableur)"
    assert warehouse.rows("select _ligne, _motifs from staging._pstw where _motifs <> [] order by 1") == [
        (4, [f"Date updated : « 31/02/2024 » {date}"]),
        (5, ["End Year : « 20x5 » n'est pas une année", f"Date updated : « bientôt » {date}"]),
        (6, ["PSTW ID : « PSTW-0 » déjà à l'enregistrement 1"]),
        (7, ["Name : vide"]),
    ]
    assert warehouse.rows("select url from staging.pstw where _ligne = 8") == [("https://example.org/b",)]
    assert warehouse.rows("select perimetre, count(*) from core.contexte_europe group by all order by all") == [
        ("europe", 1095), ("france", 1),
    ]  # fmt: skip
