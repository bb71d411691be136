"""Objects and lists inside a record: only the keys that the specification keeps are read, whatever their depth.

Suppliers come as lists of objects that hold names, some of them of persons: what is not kept never leaves the archive.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from observatoire.sources.spec import Column

IDENTIFIER = re.compile(r"[^A-Za-zÀ-ÿ]*|(?:.*[0-9]){5}.*", re.DOTALL)


def kept(value: Any, column: Column) -> Any:
    """`value` as the column may hold it: itself, or what `keep` and `codes` leave of its objects and lists.

    Objects and lists are always walked through; a text, a number or a boolean stays only under a key of `keep`, so that
    nothing slips in where an object was expected. A text under a key of `codes` with letters and fewer than five digits
    may be a name (foreign suppliers are numbered by their first letters): a digest of it stays, to tell it from others.
    """
    return _cut(value, column, "") if column.keep else value


def _cut(value: Any, column: Column, name: str) -> Any:
    if isinstance(value, Mapping):
        cut = {key: _cut(item, column, key) for key, item in value.items()}
        return {key: item for key, item in cut.items() if item is not None}
    if isinstance(value, list):
        return [item for item in (_cut(item, column, name) for item in value) if item is not None]
    if name not in column.keep:
        return None
    if name in column.codes and isinstance(value, str) and not IDENTIFIER.fullmatch(value):
        return "empreinte " + hashlib.sha256(value.strip().upper().encode("utf-8", "replace")).hexdigest()[:12]
    return value
