"""Array types and the checks that every entry of the survey room shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from observatoire.errors import SurveyError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Labels = Sequence[Any] | NDArray[Any]
Missing = Literal["refuse", "exclude"]


def encode(labels: Labels, rows: int, what: str) -> tuple[Integers, tuple[str, ...]]:
    """Codes from 0 in the order of the sorted labels, and those labels as text.

    Raises SurveyError when the length is not `rows` or a label is missing (None, NaN or empty).
    """
    values = np.asarray([_text(label) for label in labels], dtype=object)
    if len(values) != rows:
        raise SurveyError(f"{what} : {len(values)} valeurs pour {rows} unités. Fournir une valeur par unité.")
    absent = np.flatnonzero(values == "")
    if absent.size:
        raise SurveyError(
            f"{what} : valeur manquante pour l'unité n° {absent[0] + 1}. La compléter ou écarter l'unité."
        )
    names, codes = np.unique(values.astype(str), return_inverse=True)
    return codes.astype(np.int64).reshape(-1), tuple(names.tolist())


def _text(label: Any) -> str:
    return "" if label is None or label != label else str(label)


def numbers(values: Any, rows: int, what: str) -> Floats:
    """`values` as a float array (rows,); NaN is kept, an infinite value or another length raises SurveyError."""
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (rows,):
        raise SurveyError(f"{what} : dimensions {array.shape} au lieu de ({rows},). Fournir une valeur par unité.")
    if np.isinf(array).any():
        raise SurveyError(f"{what} : valeur infinie à l'unité n° {int(np.argmax(np.isinf(array))) + 1}.")
    return array


def domain_rows(domain: Any, rows: int) -> Integers:
    """Row numbers of a domain given as flags (rows,); None is the whole sample. Raises SurveyError on another shape."""
    if domain is None:
        return np.arange(rows, dtype=np.int64)
    flags = np.asarray(domain)
    if flags.shape != (rows,) or flags.dtype != np.bool_:
        raise SurveyError(f"Domaine : fournir {rows} booléens, un par unité de l'échantillon.")
    return np.flatnonzero(flags)
