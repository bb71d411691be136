"""Judge 3.1 million contract titles for AI: against a bare scan of their file, and against the same rule in polars and pandas.

    python bench/judgement.py ../shared/deliveries [--out bench/out] [--rows 3100000] [--json]

Titles are those of bench/_contract_rows.py, in a Parquet file of their own. Every step runs in a process of its own, whose peak
memory is measured; rounds alternate the steps, and each ratio is that of one round. polars is installed by the extra
`bench` only; without it that step says so. The file system's cache is warm for all.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from bench._contract_rows import CONTRACTS, DRAW, REAL, ROWS, ROWS_OF  # noqa: E402
from observatoire.judgement.detection import judgement_query, lexicon_query, prefilter_of  # noqa: E402
from observatoire.judgement.lexicon import Lexicon, load_lexicon, normalise  # noqa: E402
from observatoire.warehouse.models import load_macros  # noqa: E402

THREADS = 2
MEMORY = "1500MB"
ROUNDS = 3
PART = 20  # pandas judges one title in so many: the whole takes it minutes
Figures = dict[str, Any]


def generate(deliveries: Path, target: Path, rows: int) -> None:
    """Write the titles: (id, objet), one row per contract row of bench/_contract_rows.py."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_suffix(".part")
    real_json = [str(path) for path in sorted((deliveries / "decp-2019").glob("*.json"))]
    real_csv = str(next((deliveries / "decp-consolide-2024").glob("*.csv")))
    with duckdb.connect() as con:
        con.execute(f"set threads = {THREADS}; set preserve_insertion_order = false; set memory_limit = '4GB'")
        con.execute(DRAW)
        con.execute(REAL.format(json=repr(real_json), csv=repr(real_csv)))
        con.execute(CONTRACTS.format(contracts=int(rows / 1.3)))
        con.execute(
            f"copy (select row_number() over () as id, objet from ({ROWS_OF}) where objet is not null limit {rows}) "
            f"to '{aside}' (format parquet, compression zstd)"
        )
    aside.rename(target)


def lexicon() -> Lexicon:
    return load_lexicon(ROOT / "data" / "register")


def _connect() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(f"set threads = {THREADS}; set memory_limit = '{MEMORY}'; set preserve_insertion_order = false")
    for macro in load_macros(ROOT / "sql"):
        if macro.name == "texte_normalise":
            con.execute(macro.statement)
    return con


def scan(file: Path) -> Figures:
    """Every title is read: the yardstick."""
    with _connect() as con:
        start = time.perf_counter()
        con.execute(f"select sum(hash(objet)::hugeint) from '{file}'").fetchall()
        return {"seconds": time.perf_counter() - start}


def judge(file: Path) -> Figures:
    """The rule of the pipeline, its table of forms made before."""
    known = lexicon()
    with _connect() as con:
        con.execute("create table lexique as " + lexicon_query(known))
        start = time.perf_counter()
        con.execute("create table juges as " + judgement_query(known, "lexique", f"'{file}'", "id", "objet"))
        seconds = time.perf_counter() - start
        return {
            "seconds": seconds,
            **counted(con.execute("select decision, count(*) from juges group by 1").fetchall()),
        }


def counted(rows: list[tuple[str, int]]) -> Figures:
    return {f"rows_{decision.replace(' ', '_')}": number for decision, number in sorted(rows)}


def python_pattern(pattern: str) -> str:
    r"""The same pattern for `re`, which has no \p{M}: combining marks of the main block only, to its advantage."""
    text = re.sub(r"\\x\{([0-9A-F]+)\}", lambda match: f"\\u{int(match.group(1), 16):04x}", pattern)
    return text.replace(r"\p{M}", "[\u0300-\u036f]")


def by_first_word(known: Lexicon) -> dict[str, list[tuple[str, str, str, int]]]:
    """The forms of French texts by their first word."""
    found: dict[str, list[tuple[str, str, str, int]]] = {}
    for entry in known.read_in("fr"):
        for form in entry.forms:
            found.setdefault(form.split(" ")[0], []).append((form, entry.terme, entry.genre, entry.poids))
    return found


def decide(text: str, forms: dict[str, list[tuple[str, str, str, int]]], known: Lexicon) -> str | None:
    """The rule on one title, for what passed the prefilter: None without any term of AI."""
    words = normalise(text).split()
    hits = [
        (at, at + len(form.split(" ")) - 1, term, kind, weight)
        for at, word in enumerate(words)
        for form, term, kind, weight in forms.get(word, ())
        if words[at : at + form.count(" ") + 1] == form.split(" ")
    ]
    kept = {
        (term, kind, weight)
        for first, last, term, kind, weight in hits
        if kind != "exclusion"
        and not any(
            a <= last and b >= first and (k == "exclusion" or (b - a > last - first and a <= first and b >= last))
            for a, b, _, k, _ in hits
        )
    }
    if not any(kind != "contexte" for _, kind, _ in kept):
        return None
    weak = sorted((weight for _, kind, weight in kept if kind == "faible"), reverse=True)
    context = min(sum(weight for _, kind, weight in kept if kind == "contexte"), known.seuils.contexte_max)
    score = sum(weight for _, kind, weight in kept if kind == "fort") + context
    score += (weak[0] if weak else 0) + (weak[1] // 2 if len(weak) > 1 else 0)
    return "oui" if score >= known.seuils.oui else "à examiner" if score >= known.seuils.a_examiner else "non"


def with_polars(file: Path) -> Figures:
    """The prefilter by polars, streamed, two threads; the rest on the few titles left."""
    import os

    os.environ["POLARS_MAX_THREADS"] = str(THREADS)
    try:
        import polars as pl
    except ImportError:
        return {"absent": "pip install '.[bench]'"}
    known = lexicon()
    forms = by_first_word(known)
    pattern = prefilter_of(known)
    start = time.perf_counter()
    lazy = pl.scan_parquet(file).filter(pl.col("objet").str.contains(pattern))
    left = lazy.collect(engine="streaming")
    found = [decide(text, forms, known) for text in left["objet"].to_list()]
    seconds = time.perf_counter() - start
    return {"seconds": seconds, **tally(found)}


def with_pandas(file: Path) -> Figures:
    """The prefilter by pandas on one title in PART, its time multiplied; the file is read whole."""
    import pandas as pd

    known = lexicon()
    forms = by_first_word(known)
    pattern = re.compile(python_pattern(prefilter_of(known)))
    start = time.perf_counter()
    texts = pd.read_parquet(file, columns=["objet"])["objet"]
    read = time.perf_counter() - start
    texts = texts.iloc[::PART]
    left = texts[texts.str.contains(pattern).fillna(False)]
    found = [decide(text, forms, known) for text in left]
    seconds = read + (time.perf_counter() - start - read) * PART
    return {"seconds": seconds, "part": PART, **tally(found)}


def tally(found: list[str | None]) -> Figures:
    return counted([(name, found.count(name)) for name in ("oui", "à examiner", "non") if name in found])


STEPS: dict[str, Callable[[Path], Figures]] = {
    "scan": scan, "judge": judge, "polars": with_polars, "pandas": with_pandas,
}  # fmt: skip


def run_step(name: str, file: Path) -> Figures:
    """One step in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--step", name, "--file", str(file)], check=True, capture_output=True, text=True
    )
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def run(deliveries: Path, out: Path, rows: int) -> Figures:
    """Every step, in rounds; ratios are the medians of those of each round."""
    file = out / f"titres_{rows}.parquet"
    if not file.is_file():
        generate(deliveries, file, rows)
    rounds: list[dict[str, Figures]] = []
    for turn in range(ROUNDS):
        names = [name for name in STEPS if turn == 0 or name != "pandas"]
        rounds.append({name: run_step(name, file) for name in names})
    found: Figures = {"rows": rows, "file_mb": round(file.stat().st_size / 1e6)}
    for name in STEPS:
        done = [turn[name] for turn in rounds if name in turn]
        if "absent" in done[0]:
            found[name] = done[0]
            continue
        ratios = [turn[name]["seconds"] / turn["scan"]["seconds"] for turn in rounds if name in turn]
        found[name] = {
            **done[0],
            "seconds": round(min(item["seconds"] for item in done), 2),
            "times_scan": round(statistics.median(ratios), 2),
            "peak_mb": max(item["peak_mb"] for item in done),
        }
    return found


def main() -> None:
    """Print the figures, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("deliveries", type=Path, nargs="?", default=ROOT.parent / "shared" / "deliveries")
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "out")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--step", choices=sorted(STEPS))
    parser.add_argument("--file", type=Path)
    asked = parser.parse_args()
    if asked.step:
        figures = STEPS[asked.step](asked.file)
        status = Path("/proc/self/status").read_text(encoding="utf-8")  # getrusage would keep the peak of the parent
        figures["peak_mb"] = round(int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024)
        print(json.dumps(figures))
        return
    found = run(asked.deliveries, asked.out, asked.rows)
    if asked.json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
        return
    for name, figures in found.items():
        print(f"{name:10}", figures)


if __name__ == "__main__":
    main()
