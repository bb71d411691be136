"""The territorial reference from the real deliveries: seconds to read them, to build it, and by table."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from observatoire.ingest import ingest_source  # noqa: E402
from observatoire.sources import load_sources  # noqa: E402
from tests.helpers import Warehouse  # noqa: E402
from tests.servers import Server  # noqa: E402
from tests.territories.reference import REAL, replay_real, workspace  # noqa: E402

WANTED = ("curated.territoires", "curated.univers", "curated.passages")


def main() -> None:
    """Print what each stage takes. The issue asks for a reference built in 15 s on 2 cores."""
    with tempfile.TemporaryDirectory() as folder, Server() as server:
        settings, sources = workspace(Path(folder)), load_sources()
        replay_real(server, ROOT.parent / "shared", Path(folder))
        start, used = time.perf_counter(), time.process_time()
        for name, vintage in REAL:
            ingest_source(replace(settings, mirror_url=server.url), sources[name], vintage=vintage)
        taken, computed = time.perf_counter() - start, time.process_time() - used
        print(f"{len(REAL)} livraisons demandées, lues et archivées en {taken:.1f} s ({computed:.1f} s de calcul)")

        start, used = time.perf_counter(), time.process_time()
        report = Warehouse(settings).build(*WANTED)
        taken, computed = time.perf_counter() - start, time.process_time() - used
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(
            f"référence construite en {taken:.1f} s ({computed:.1f} s de calcul, {len(report.built)} tables, pic {peak} Mo)"
        )
        for table, seconds in sorted(report.seconds.items(), key=lambda item: -item[1])[:8]:
            print(f"  {table:36} {seconds:6.2f} s")


if __name__ == "__main__":
    main()
