"""Matching the header of a delivery with the columns its specification expects."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from observatoire.formats import FormatRefused
from observatoire.sources.spec import Source


def match_header(source: Source, found: Sequence[str]) -> tuple[dict[str, int | None], list[str]]:
    """Position of each expected column in `found` (None: optional and absent), and the repairs made.

    A difference of case or of outer spaces, or a declared alias, is certain and repaired; anything else that is
    missing is refused, and so is a column found twice. Raises FormatRefused naming every missing column and its
    nearest neighbour.
    """
    exact, loose = _places(found), _places([name.strip().casefold() for name in found])
    positions: dict[str, int | None] = {}
    repairs, missing = [], []
    for column in source.columns:
        candidates = [exact.get(column.name, [])]
        candidates += [loose.get(name.strip().casefold(), []) for name in (column.name, *column.aliases)]
        places = next((places for places in candidates if places), [])
        if len(places) > 1:
            raise FormatRefused(f"colonne « {column.name} » présente deux fois", "structure")
        positions[column.name] = places[0] if places else None
        if places and found[places[0]] not in (column.name, *column.aliases):
            repairs.append(f"en-tête « {found[places[0]]} » lu comme « {column.name} »")
        elif not places and not column.optional:
            missing.append(column.name)
    if missing:
        unused = [name for position, name in enumerate(found) if position not in positions.values()]
        raise FormatRefused("; ".join(_absence(name, unused) for name in missing[:5]), "colonne-renommee")
    return positions, repairs


def _places(names: Sequence[str]) -> dict[str, list[int]]:
    """Every position of each name."""
    places: dict[str, list[int]] = {}
    for position, name in enumerate(names):
        places.setdefault(name, []).append(position)
    return places


def _absence(name: str, unused: Sequence[str]) -> str:
    near = difflib.get_close_matches(name.casefold(), [other.casefold() for other in unused], n=1, cutoff=0.6)
    hint = next((other for other in unused if near and other.casefold() == near[0]), None)
    return f"colonne « {name} » absente" + (f" (trouvé « {hint} »)" if hint else "")
