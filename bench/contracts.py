"""Take in 3.1 million contract rows made from real ones: seconds and memory of each step, as ratios to bare DuckDB.

    python bench/contracts.py ../shared/deliveries [--out bench/out] [--rows 3100000] [--json]

The rows have the columns of the live consolidated file. Objects, buyers, codes, dates and amounts are drawn from real
deliveries and varied, so that keys, names and texts have the cardinality of the real file. Every step runs in a process
of its own, whose peak memory is measured.
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

THREADS = 2
MEMORY = "1200MB"
ROWS = 3_100_000
Figures = dict[str, "float | int | str | Spent"]

# h(k) is a whole number drawn for the row, the same at every run.
DRAW = "create or replace macro tirage(graine, k, n) as (hash(graine::varchar || '/' || k) % n)::bigint"

REAL = """
create table objets as
select row_number() over (order by objet, id) - 1 as numero, objet, nature, codeCPV, procedure, montant, dureeMois
from (
    select distinct on (m.objet) m.objet, m.id, m.nature, m.codeCPV, m.procedure, m.montant, m.dureeMois
    from (select unnest(marches) as m from read_json({json}, columns = {{
        marches: 'STRUCT(id VARCHAR, objet VARCHAR, nature VARCHAR, codeCPV VARCHAR, "procedure" VARCHAR,
                         montant VARCHAR, dureeMois VARCHAR)[]'
    }}, maximum_object_size = 100000000))
    where length(m.objet) > 15 and m.objet not like '%marche du siecle%'
    order by m.objet, m.id
);
create table acheteurs as
select row_number() over (order by acheteur_id) - 1 as numero, *
from (
    select acheteur_id, min(acheteur_nom) as nom, min(acheteur_departement_code) as departement,
        min(acheteur_region_code) as region
    from read_csv({csv}, all_varchar = true) group by acheteur_id
);
create table titulaires as
select row_number() over (order by titulaire_id) - 1 as numero, titulaire_id, min(titulaire_nom) as nom
from read_csv({csv}, all_varchar = true) where titulaire_id is not null group by titulaire_id;
"""

# A buyer of the real file stands for 20 buyers, a supplier for 60: about 60,000 buyers and 250,000 suppliers.
CONTRACTS = """
create table contrats as
with tires as (
    select
        i,
        tirage(i, 'a', 20) as a,
        case when tirage(i, 't', 100) < 84 then 1 when tirage(i, 't', 100) < 94 then 2 else 3 + tirage(i, 't2', 4) end as t,
        case when tirage(i, 'm', 100) < 89 then 0 when tirage(i, 'm', 100) < 96 then 1 else 2 + tirage(i, 'm2', 3) end as m,
        o, b
    from (select i, tirage(i, 'o', (select count(*) from objets)) as o,
                 tirage(i, 'b', (select count(*) from acheteurs)) as b from range({contracts}) as r(i))
)
select
    i, t, m, o.*, b.nom as acheteur_nom, b.departement, b.region,
    (b.acheteur_id::bigint - b.acheteur_id::bigint % 100000 + (b.acheteur_id::bigint + a * 17) % 100000)::varchar as acheteur_id,
    (2018 + tirage(i, 'an', 8))::varchar || upper(substr(md5(i::varchar), 1, 6)) || '00' as id,
    date '2018-01-01' + tirage(i, 'd', 2900)::integer as jour
from tires
inner join objets as o on o.numero = tires.o
inner join acheteurs as b on b.numero = tires.b
"""

ROWS_OF = """
select
    c.acheteur_id || c.id as uid, c.id, c.nature, c.acheteur_id, c.acheteur_nom,
    case when length(s.titulaire_id) = 14
        then (s.titulaire_id::bigint - s.titulaire_id::bigint % 100000 + (s.titulaire_id::bigint + tirage(c.i + c.k, 'e', 60) * 13) % 100000)::varchar
        else s.titulaire_id end as titulaire_id,
    if(length(s.titulaire_id) = 14, 'SIRET', 'HORS-UE') as "titulaire_typeIdentifiant", s.nom as titulaire_nom,
    c.objet || ' - ' || c.acheteur_nom || ' (' || tirage(c.i, 'lot', 90000) || ')' as objet,
    case when c.montant::double > 1e8 then c.montant
         else round(c.montant::double * (50 + tirage(c.i, 'x', 100)) / 100 * (1 + c.v / 10.0), 2)::varchar end as montant,
    ['Travaux', 'Services', 'Fournitures'][1 + tirage(c.numero, 'type', 3)] as type, c.codeCPV as "codeCPV", c.procedure,
    if(c.nature = 'Accord-cadre', 'Accord-cadre', 'Sans objet') as techniques, c.dureeMois as "dureeMois",
    '12.5' as "dureeRestanteMois", tirage(c.i, 'of', 12)::varchar as "offresRecues",
    (c.jour + 200 * c.v::integer)::varchar as "dateNotification", (c.jour + 200 * c.v::integer + 21)::varchar as "datePublicationDonnees",
    'Unitaire' as "formePrix", 'Définitif révisable' as "typesPrix", 'false' as "attributionAvance", '0' as "tauxAvance",
    'false' as "marcheInnovant", 'Bons de commande' as "modalitesExecution", 'Clause sociale' as "considerationsSociales",
    'Clause environnementale' as "considerationsEnvironnementales", 'Fournitures courantes et services' as ccag,
    'false' as "sousTraitanceDeclaree", 'Pas de groupement' as "typeGroupementOperateurs", null as "origineUE", null as "origineFrance",
    c.departement as "lieuExecution_code", 'Code département' as "lieuExecution_typeCode", null as "idAccordCadre",
    tirage(c.i + c.k, 'km', 600)::varchar as titulaire_distance, 'Commune' as acheteur_categorie,
    c.departement || '123' as acheteur_commune_code, c.acheteur_nom as acheteur_commune_nom,
    c.departement as acheteur_departement_code, 'Département ' || c.departement as acheteur_departement_nom,
    c.region as acheteur_region_code, 'Région ' || c.region as acheteur_region_nom,
    round(42 + tirage(c.numero, 'lat', 90000) / 10000.0, 5)::varchar as acheteur_latitude,
    round(tirage(c.numero, 'lon', 90000) / 10000.0, 5)::varchar as acheteur_longitude,
    if(tirage(c.i + c.k, 'cat', 10) < 8, 'PME', 'ETI') as titulaire_categorie,
    c.v::varchar as modification_id, (c.v = c.m)::varchar as "donneesActuelles",
    ['atexo_maximilien', 'aws', 'pes_marche', 'aife_dume', 'megalis'][1 + tirage(c.i, 's', 5)] as "sourceDataset",
    'https://www.data.gouv.fr/fr/datasets/r/' || md5((c.i // 4000)::varchar) as "sourceFile"
from (
    select *, tirage(i * 7 + k, 'titulaire', (select count(*) from titulaires)) as titulaire
    from (select *, unnest(range(m + 1)) as v from (select *, unnest(range(t)) as k from contrats))
) as c
inner join titulaires as s on s.numero = c.titulaire
"""


# In the order of the real file, the newest notified first. Nine new rows in ten are the newest; the others, published late,
# were notified in the year before (an eighth of the rows).
FILES = """
create table lignes as
select *, n <= {new} * 0.9 or n <= {rows} // 8 and tirage(n, 'retard', ({rows} // 8 - {new} * 9 // 10) * 10 // {new}) = 0 as nouvelle
from (select *, row_number() over (order by "dateNotification" desc, uid, titulaire_id, modification_id, objet) as n
      from (select * from ({source}) limit {rows}))
"""


def generate(deliveries: Path, out: Path, rows: int = ROWS) -> Figures:
    """Write contrats (3.1 million rows) and contrats_suite (1 % more) in `out`, each in CSV and Parquet, and
    contrats_desordre (the rows of the latter in no order) in Parquet: their rows and bytes."""
    out.mkdir(parents=True, exist_ok=True)
    real_json = [str(path) for path in sorted((deliveries / "decp-2019").glob("*.json"))]
    real_csv = str(next((deliveries / "decp-consolide-2024").glob("*.csv")))
    with duckdb.connect() as con:
        con.execute(f"set threads = {THREADS}; set preserve_insertion_order = false; set memory_limit = '4GB'")
        con.execute("set enable_progress_bar = false")
        con.execute(DRAW)
        con.execute(REAL.format(json=repr(real_json), csv=repr(real_csv)))
        con.execute(CONTRACTS.format(contracts=int(rows / 1.3)))
        con.execute(FILES.format(source=ROWS_OF, rows=int(rows * 1.01), new=rows // 100))
        con.execute("set preserve_insertion_order = true")
        for name, which, order in (
            ("contrats", "where not nouvelle", "n"),
            ("contrats_suite", "", "n"),
            ("contrats_desordre", "", "hash(n)"),
        ):
            chosen = f"(select * exclude (n, nouvelle) from lignes {which} order by {order})"
            con.execute(f"copy {chosen} to '{out}/{name}.parquet' (format parquet, compression zstd)")
            if name != "contrats_desordre":
                con.execute(f"copy (from '{out}/{name}.parquet') to '{out}/{name}.csv' (header)")
        counted = con.execute(
            "select count(*), count(distinct uid), count(distinct objet), count(*) filter (nouvelle) from lignes"
        ).fetchone()
    assert counted
    return {
        "rows": counted[0],
        "contracts": counted[1],
        "objects": counted[2],
        "new": counted[3],
        "csv_mb": round((out / "contrats.csv").stat().st_size / 1e6),
        "parquet_mb": round((out / "contrats.parquet").stat().st_size / 1e6),
    }


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
