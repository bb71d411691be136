"""Take in 3.1 million contract rows made from real ones: seconds and memory of each step, as ratios to bare DuckDB.

    python bench/contracts.py ../shared/deliveries [--out bench/out] [--rows 3100000] [--json]

The rows are those of bench/_contract_rows.py. Every step runs in a process of its own, whose peak memory is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import sqlglot

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from bench._contract_rows import ROWS, THREADS, generate  # noqa: E402

MEMORY = "1200MB"
Figures = dict[str, "float | int | str | Spent"]


def _settings(out: Path, name: str) -> Any:
    """A project of its own in `out`, emptied, with bounded memory."""
    from observatoire.settings import Settings

    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    return Settings(ROOT, folder, ROOT / "data" / "register", threads=THREADS, memory_limit=MEMORY)


def _source(settings: Any, name: str = "decp") -> Any:
    from observatoire.pipeline import load_all_sources

    return load_all_sources(settings)[name]


def _build(settings: Any, *names: str) -> dict[str, float]:
    """Bring the named tables up to date; seconds by table."""
    from tests.helpers import Warehouse

    return Warehouse(settings).build(*names).seconds


class Spent(NamedTuple):
    """Seconds by the clock, and of computing over all threads: the clock also counts what else the machine does."""

    clock: float
    computing: float

    def __add__(self, other: object) -> Spent:
        assert isinstance(other, Spent)
        return Spent(round(self.clock + other.clock, 2), round(self.computing + other.computing, 2))

    def __sub__(self, other: object) -> Spent:
        assert isinstance(other, Spent)
        return Spent(round(self.clock - other.clock, 2), round(self.computing - other.computing, 2))

    def over(self, other: Spent) -> Spent:
        """Both ratios."""
        return Spent(round(self.clock / other.clock, 2), round(self.computing / other.computing, 2))


def _timed(function: Callable[[], Any]) -> Spent:
    clock, computing = time.perf_counter(), time.process_time()
    function()
    return Spent(round(time.perf_counter() - clock, 2), round(time.process_time() - computing, 2))


def _timed_command(command: list[str], environment: dict[str, str]) -> Spent:
    """The same of another program, from its start to its end. Raises CalledProcessError when it fails."""
    clock, before = time.perf_counter(), os.times()
    subprocess.run(command, check=True, capture_output=True, env=environment, cwd=ROOT)
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return Spent(round(time.perf_counter() - clock, 2), round(spent, 2))


def _bare(query: str) -> Spent:
    """Seconds of one statement in a DuckDB with the same threads and memory, nothing else around it."""
    with duckdb.connect() as con:
        con.execute(f"set threads = {THREADS}; set memory_limit = '{MEMORY}'; set preserve_insertion_order = true")
        con.execute("set enable_progress_bar = false")
        return _timed(lambda: con.execute(query).fetchall())


def _scan(columns: list[str], table: str) -> str:
    """A query that reads every value of the columns: the hash of each."""
    return f"select {', '.join(f'sum(hash({column})::hugeint)' for column in columns)} from {table}"


def bare_csv(out: Path) -> Figures:
    """The yardstick of CSV: DuckDB reads the file and writes it as Parquet, all columns as text."""
    target = out / "nu.parquet"
    read = (
        f"read_csv('{out}/contrats.csv', all_varchar = true, header = true, delim = ',', quote = '\"', escape = '\"')"
    )
    seconds = _bare(f"copy (select * from {read}) to '{target}' (format parquet, compression zstd)")
    target.unlink()
    return {"seconds": seconds}


def csv_to_staging(out: Path) -> Figures:
    """A CSV delivery given by hand: copied, hashed, read, judged, archived, typed into staging.decp. Goal: 2 x bare."""
    from observatoire.ingest import ingest_source

    settings = _settings(out, "csv")
    arrival = _timed(lambda: ingest_source(settings, _source(settings), out / "contrats.csv"))
    staging = _timed(lambda: _build(settings, "staging.decp"))
    return {"seconds": arrival + staging, "arrival": arrival, "staging": staging}


def parquet_in_place(out: Path) -> Figures:
    """A Parquet delivery given by hand: hashed and archived, read in place by a view, then typed into staging."""
    from observatoire.ingest import ingest_source

    settings = _settings(out, "parquet")
    source = _source(settings)
    arrival = _timed(lambda: ingest_source(settings, source, out / "contrats.parquet"))
    view = _timed(lambda: _build(settings, "raw.decp"))
    staging = _timed(lambda: _build(settings, "staging.decp"))
    return {"arrival": arrival, "view": view, "staging": staging}


def one_row_a_contract(out: Path) -> Figures:
    """core.contrats made from staging and read once in full, against a bare scan of the columns that the contracts are made
    from, in Parquet as received. Goal: 6 x, the reading apart as well."""
    from observatoire.settings import Settings
    from observatoire.warehouse.by_row import columns_read

    settings = Settings(ROOT, out / "csv", ROOT / "data" / "register", threads=THREADS, memory_limit=MEMORY)
    received = _timed(lambda: _build(settings, "staging.decp", "core.livraisons"))  # what any build begins with
    seconds: dict[str, float] = {}
    made = _timed(lambda: seconds.update(_build(settings, "core.contrats")))
    made -= _timed(
        lambda: _build(settings, "core.contrats")
    )  # what any build costs: reading models, opening the warehouse
    staging = sqlglot.parse_one((settings.sql / "staging" / "decp.sql").read_text(encoding="utf-8"), read="duckdb")
    assert isinstance(staging, sqlglot.exp.Query)
    columns = [f'"{name}"' for name in columns_read(staging, _source(settings).column_names)]
    with duckdb.connect(str(settings.warehouse), read_only=True) as con:
        con.execute(f"set threads = {THREADS}; set memory_limit = '{MEMORY}'; set enable_progress_bar = false")
        scan = _timed(lambda: con.execute(_scan(columns, "raw.decp")).fetchall())
        names = [f'"{row[0]}"' for row in con.execute("describe core.contrats").fetchall()]
        read = _timed(lambda: con.execute(_scan(names, "core.contrats")).fetchall())
        counted = con.execute("select count(*), sum(nb_lignes)::bigint from core.contrats").fetchone()
    assert counted
    return {
        "made": made,
        "read": read,
        "before": received,
        "versions": round(seconds["core.contrats_versions"], 2),
        "retained": round(seconds["core.contrats_retenus"], 2),
        "bare_scan": scan,
        "ratio_made": made.over(scan),
        "ratio_made_and_read": (made + read).over(scan),
        "rows_in": counted[1],
        "rows_out": counted[0],
    }


def unchanged(out: Path) -> Figures:
    """`observatoire refresh --source decp --live` once more, as a whole process, after a release with every contract: the
    server answers 304. Goal: 1 s. `first` is that release: every table of the project built, checked and written."""
    from observatoire.pipeline import refresh
    from observatoire.settings import Settings
    from tests.servers import Server

    settings = Settings(ROOT, out / "csv", ROOT / "data" / "register", threads=THREADS, memory_limit=MEMORY)
    with Server() as server:
        source = _source(settings)
        server.replay(source.protocol.url, out / "contrats.csv")
        reached = Settings(**{**settings.__dict__, "mirror_url": server.url})
        first = _timed(lambda: (refresh(reached), refresh(reached, only=["decp"], live=True)))
        environment = {
            **os.environ, "OBSERVATOIRE_DATA_DIR": str(out / "csv"), "OBSERVATOIRE_MIRROR_URL": server.url,
            "OBSERVATOIRE_THREADS": str(THREADS), "OBSERVATOIRE_MEMORY_LIMIT": MEMORY,
        }  # fmt: skip
        command = [str(Path(sys.executable).with_name("observatoire")), "refresh", "--source", "decp", "--live"]
        again = _timed_command(command, environment)
    return {"seconds": again, "first": first}


def one_percent_more_csv(out: Path) -> Figures:
    """A second whole file with 1 % more rows, from its arrival to staging, against a bare scan of the file."""
    read = f"read_csv('{out}/contrats_suite.csv', all_varchar = true, header = true, delim = ',', quote = '\"', escape = '\"')"
    return _one_percent_more(out, "csv", out / "contrats_suite.csv", read)


def one_percent_more_parquet(out: Path) -> Figures:
    """The same in Parquet, as the live file is. Goal: 1.5 x."""
    second = out / "contrats_suite.parquet"
    return _one_percent_more(out, "parquet", second, f"read_parquet('{second}')")


def in_another_order(out: Path) -> Figures:
    """The worst second file: every row of the last one, in no order at all."""
    third = out / "contrats_desordre.parquet"
    return _one_percent_more(out, "parquet", third, f"read_parquet('{third}')")


def _one_percent_more(out: Path, kind: str, second: Path, read: str) -> Figures:
    from observatoire.ingest import ingest_source
    from observatoire.settings import Settings

    settings = Settings(ROOT, out / kind, ROOT / "data" / "register", threads=THREADS, memory_limit=MEMORY)
    _build(settings, "staging.decp")  # of the first file
    scan = _bare(f"select count(*), sum(hash(columns(*))::hugeint) from {read}")
    arrival = _timed(lambda: ingest_source(settings, _source(settings), second))
    seconds: dict[str, float] = {}
    built = _timed(lambda: seconds.update(_build(settings, "staging.decp")))
    total = arrival + built
    return {
        "seconds": total,
        "arrival": arrival,
        "build": built,
        "staging": round(seconds["staging.decp"], 2),
        "bare_scan": scan,
        "ratio": total.over(scan),
    }


STEPS: dict[str, Callable[[Path], Figures]] = {
    "bare_csv": bare_csv,
    "csv_to_staging": csv_to_staging,
    "parquet_in_place": parquet_in_place,
    "one_row_a_contract": one_row_a_contract,
    "unchanged": unchanged,
    "one_percent_more_csv": one_percent_more_csv,
    "one_percent_more_parquet": one_percent_more_parquet,
    "in_another_order": in_another_order,
}


def run_step(name: str, out: Path) -> Figures:
    """One step in a process of its own: its figures and its peak memory in MB."""
    command = [sys.executable, __file__, "--step", name, "--out", str(out)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def run(deliveries: Path, out: Path, rows: int = ROWS) -> dict[str, Figures]:
    """Every figure, in the order of the steps; the files are generated when `out` does not hold them."""
    found: dict[str, Figures] = {}
    if not (out / "contrats_desordre.parquet").is_file():
        found["generate"] = generate(deliveries, out, rows)
    for name in STEPS:
        found[name] = run_step(name, out)
    bare, staged = found["bare_csv"], found["csv_to_staging"]
    staged["speed_vs_bare"] = Spent(*bare["seconds"]).over(Spent(*staged["seconds"]))  # type: ignore[misc]
    return found


def main() -> None:
    """Print a table of the figures, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("deliveries", type=Path, nargs="?", default=ROOT.parent / "shared" / "deliveries")
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "out")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--step", choices=sorted(STEPS))
    asked = parser.parse_args()
    if asked.step:
        figures = STEPS[asked.step](asked.out)
        status = Path("/proc/self/status").read_text(encoding="utf-8")  # getrusage would keep the peak of the parent
        figures["peak_mb"] = round(int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024)
        print(json.dumps(figures))
        return
    found = run(asked.deliveries, asked.out, asked.rows)
    if asked.json:
        print(json.dumps(found, indent=1))
        return
    for name, figures in found.items():
        print(f"{name:20} " + "  ".join(f"{key} {value}" for key, value in figures.items()))


if __name__ == "__main__":
    main()
