"""All the shares of a survey at once: questions × domains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from observatoire.errors import SurveyError
from observatoire.survey.arrays import Flags, Floats, Integers, Missing
from observatoire.survey.batch_elements import ElementShares
from observatoire.survey.design import SurveyDesign
from observatoire.survey.estimators import Estimate, check_binary
from observatoire.survey.intervals import Intervals, Method, Reason, proportion_intervals, self_selected

BLOCK = 400_000  # cells handled together: few enough to stay in the processor's cache


@dataclass(frozen=True, eq=False)
class Shares:
    """Shares by domain and question, arrays (D, Q).

    Bounds are NaN where `intervals.reason` is not PRESENT, and so are value and variance where `n` is 0: read one figure
    with `estimate`, which gives None instead.
    """

    value: Floats
    variance: Floats
    n: Integers
    df: Integers
    intervals: Intervals
    has_variance: bool

    def estimate(self, domain: int, question: int) -> Estimate:
        """One figure, without design effects; absent numbers are None."""
        cell = (domain, question)
        reason = Reason(int(self.intervals.reason[cell]))
        if self.n[cell] == 0:
            return Estimate(None, None, 0, 0, reason=reason.text)
        present = reason is Reason.PRESENT
        return Estimate(
            float(self.value[cell]),
            float(self.variance[cell]) if self.has_variance else None,
            int(self.df[cell]),
            int(self.n[cell]),
            float(self.intervals.low[cell]) if present else None,
            float(self.intervals.high[cell]) if present else None,
            reason.text,
        )

    def __iter__(self) -> Iterator[tuple[int, int, Estimate]]:
        """(domain, question, figure), domain by domain."""
        domains, questions = self.value.shape
        return ((d, q, self.estimate(d, q)) for d in range(domains) for q in range(questions))


def proportions(
    design: SurveyDesign,
    answers: Any,
    domains: Any,
    *,
    method: Method = "logit",
    level: float = 0.95,
    missing: Missing = "refuse",
) -> Shares:
    """The share of 1 in each column of `answers` (n, Q) of 0, 1 and NaN, over each row of `domains` (D, n) of flags.

    Each figure is that of `estimators.proportion` on the same column and domain, and the errors are the same.
    """
    columns = np.asarray(answers, dtype=np.float64)
    flags = np.asarray(domains)
    if columns.ndim != 2 or len(columns) != design.rows:
        raise SurveyError(f"Réponses de dimensions {columns.shape} : attendu {design.rows} unités × questions.")
    if flags.ndim != 2 or flags.shape[1] != design.rows or flags.dtype != np.bool_:
        raise SurveyError(f"Domaines de dimensions {flags.shape} : attendu domaines × {design.rows} booléens.")
    check_binary(columns)
    answered = ~np.isnan(columns)
    if missing == "refuse" and (absent := int((~answered[flags.any(axis=0)]).sum())):
        raise SurveyError(
            f"{absent} réponses manquantes dans les domaines : les coder, "
            "ou déclarer que l'estimation ne porte que sur les répondants à la question."
        )
    shape = (len(flags), columns.shape[1])
    value, variance = np.full(shape, np.nan), np.full(shape, np.nan)
    n, df, census = np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
    fast = ElementShares.of(design, columns, answered)
    for d, domain in enumerate(flags):
        rows = np.flatnonzero(domain)
        if rows.size == 0:
            continue
        if fast is not None:
            value[d], variance[d], n[d], df[d], census[d] = fast.domain(rows)
            continue
        width = 1 if design.lonely == "average" else max(1, BLOCK // design.rows)
        for start in range(0, shape[1], width):
            cut = slice(start, start + width)
            found = _block(design, columns[rows, cut], answered[rows, cut], rows)
            value[d, cut], variance[d, cut], n[d, cut], df[d, cut], census[d, cut] = found
    if design.plan == "auto_selection":
        return Shares(value, variance, n, df, self_selected(n), has_variance=False)
    return Shares(
        value, variance, n, df, proportion_intervals(method, value, variance, n, df, census, level), has_variance=True
    )


Block = tuple[Floats, Floats, Integers, Integers, Flags]  # value, variance, n, df, census


def _block(design: SurveyDesign, answers: Floats, answered: Flags, rows: Integers) -> Block:
    """Any design: the scores of each column, as wide as the domain. Rows where no column was answered are left out."""
    kept = answered.any(axis=1)
    answers, answered, rows = np.where(answered, answers, 0.0)[kept], answered[kept], rows[kept]
    weight = design.weights[rows]
    size, yes = _sums(weight, answered), _sums(weight, answers)
    with np.errstate(invalid="ignore"):
        value = yes / size
        scores = answered * (answers - np.nan_to_num(value)) * weight[:, None]
        variance = design.variances(scores, rows) / np.square(size)
    partial = design.partial(rows).astype(np.float64)
    freedom = design.degrees_of_freedom_by_column(rows, answered)
    return value, variance, answered.sum(axis=0), freedom, partial @ answered == 0


def _sums(weight: Floats, columns: Any) -> Floats:
    """Column sums in one fixed order, so that all-yes and all-answered give the same number."""
    return np.asarray((weight[:, None] * columns).sum(axis=0), dtype=np.float64)
