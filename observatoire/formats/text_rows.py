"""Writing columns of text to the Parquet file of a delivery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


def write_rows(target: Path, columns: Mapping[str, Sequence[str | None]], ordinals: Sequence[int]) -> None:
    """Write equally long columns of text, and each record's ordinal as `_ligne`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    pq.write_table(pa.table({**arrays, "_ligne": pa.array(ordinals, pa.int64())}), target, compression="zstd")
