"""Matching the header of a delivery with the columns its specification expects."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from observatoire.formats import FormatRefused
from observatoire.sources.spec import Source


def match_header(source: Source, found: Sequence[str]) -> tuple[dict[str, int | None], list[str]]:
    """Position of each expected column in `found` (None: optional and absent), and the repairs made.

    A difference of case or of outer spaces, or a declared alias, is certain and repaired; anything else that is
    missing is refused. Raises FormatRefused naming every missing column and its nearest neighbour.
    """
    exact = {name: position for position, name in reversed(list(enumerate(found)))}
    loose = {name.strip().casefold(): position for position, name in reversed(list(enumerate(found)))}
    positions: dict[str, int | None] = {}
    repairs, missing = [], []
    for column in source.columns:
        if column.name in exact:
            positions[column.name] = exact[column.name]
            continue
        candidates = [loose.get(name.strip().casefold()) for name in (column.name, *column.aliases)]
        position = next((candidate for candidate in candidates if candidate is not None), None)
        positions[column.name] = position
        if position is not None:
            repairs.append(f"en-tête « {found[position]} » lu comme « {column.name} »")
        elif not column.optional:
            missing.append(column.name)
    if missing:
        unused = [name for position, name in enumerate(found) if position not in positions.values()]
        raise FormatRefused("; ".join(_absence(name, unused) for name in missing[:5]), "colonne-renommee")
    return positions, repairs


def _absence(name: str, unused: Sequence[str]) -> str:
    near = difflib.get_close_matches(name.casefold(), [other.casefold() for other in unused], n=1, cutoff=0.6)
    hint = next((other for other in unused if near and other.casefold() == near[0]), None)
    return f"colonne « {name} » absente" + (f" (trouvé « {hint} »)" if hint else "")
