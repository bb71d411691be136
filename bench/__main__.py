"""`make bench`: every benchmark, each as ratios against a bare scan or a peer in the same run.

`python -m bench names contracts` runs only those named. Nothing here is a test: no figure makes anything fail.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def known() -> list[str]:
    """The benchmarks: one module of this folder each, with a `main()`."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))


def main(wanted: list[str]) -> int:
    """Run the benchmarks asked for, all of them by default."""
    names = known()
    if unknown := [name for name in wanted if name not in names]:
        print(f"Unknown benchmark {unknown[0]}. Known: {', '.join(names)}.", file=sys.stderr)
        return 2
    for name in wanted or names:
        print(f"== {name}", flush=True)
        sys.argv = [name]
        importlib.import_module(f"bench.{name}").main()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
