"""Matching the header of a delivery with the columns its specification expects."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from observatoire.formats import FormatRefused
from observatoire.sources.spec import Column, Source


def match_header(source: Source, found: Sequence[str]) -> tuple[dict[str, int | None], list[str]]:
    """Position of each expected column in `found` (None: optional and absent), and the repairs made.

    A difference of case or of outer spaces, or a declared alias, is certain and repaired; anything else that is
    missing is refused, and so is a column found twice. Raises FormatRefused naming every missing column and its
    nearest neighbour.
    """
    exact, loose = _places(found), _places([name.strip().casefold() for name in found])
    positions: dict[str, int | None] = {}
    repairs: list[str] = []
    missing: list[Column] = []
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
            missing.append(column)
    if missing:
        unused = [name for position, name in enumerate(found) if position not in positions.values()]
        raise FormatRefused(" ; ".join(_absence(column, unused) for column in missing[:5]), "colonne-renommee")
    return positions, repairs


def _places(names: Sequence[str]) -> dict[str, list[int]]:
    """Every position of each name."""
    places: dict[str, list[int]] = {}
    for position, name in enumerate(names):
        places.setdefault(name, []).append(position)
    return places


def _absence(column: Column, unused: Sequence[str]) -> str:
    """What is missing, and the column received that looks most like one of its names."""
    folded = {other.casefold(): other for other in reversed(unused)}
    names = (*column.aliases, column.name)
    near = [match for name in names for match in difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)]
    alias = f", attendu « {column.aliases[0]} »" if column.aliases else ""
    return f"colonne « {column.name} » absente" + (f" (trouvé « {folded[near[0]]} »{alias})" if near else "")
