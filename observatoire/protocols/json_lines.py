"""JSON of APIs: read with its numbers as written, cut down to what may be kept, written as canonical lines."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

HALF = re.compile("[\ud800-\udfff]")


class Number(str):
    """A number of the document, kept as the text it was written with."""


def read_json(content: bytes) -> Any:
    """The document, numbers as `Number`. Raises ValueError on anything that is not strict JSON in UTF-8."""
    return json.loads(content.decode("utf-8-sig"), parse_float=Number, parse_int=Number, parse_constant=_no_number)


def json_line(value: Any) -> str:
    """Canonical JSON on one line: keys sorted, numbers as written, half characters as U+FFFD (they are no text)."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, str):
        return json.dumps(HALF.sub("\ufffd", value), ensure_ascii=False)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json_line(str(name))}:{json_line(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(json_line(item) for item in value) + "]"
    return json.dumps(value)


def at_path(value: Any, path: str) -> Any:
    """What is at a dotted path, None when nothing is; a key that itself holds a dot wins over a nested one."""
    if not path:
        return value
    if not isinstance(value, dict):
        return None
    if path in value:
        return value[path]
    head, _, rest = path.partition(".")
    return at_path(value.get(head), rest) if rest else None


def record_key(record: dict[str, Any], key: Sequence[str]) -> tuple[str, ...]:
    """The record's key as texts, by which lines are sorted."""
    values = (at_path(record, name) for name in key)
    return tuple("" if value is None else value if isinstance(value, str) else json_line(value) for value in values)


def stripped(value: Any, paths: Sequence[str]) -> Any:
    """`value` without what is at the dotted paths, in each element of the lists on the way."""
    if not paths:
        return value
    if isinstance(value, list):
        return [stripped(item, paths) for item in value]
    if not isinstance(value, dict):
        return value
    below: dict[str, list[str]] = {}
    for path in paths:
        for name in value:
            if path.startswith(f"{name}."):
                below.setdefault(name, []).append(path.removeprefix(f"{name}."))
    return {name: stripped(item, below.get(name, ())) for name, item in value.items() if name not in paths}


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
