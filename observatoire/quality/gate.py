"""The gate: Great Expectations validates what DuckDB counted, one path for every table.

The rules of every table give one frame of one row, a column a rule (number of violations). A rule that is missing from
the frame is a missing column, which an expectation on that column cannot pass.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from observatoire.errors import ChecksFailed
from observatoire.quality.scan import Counted
from observatoire.quality.spec import Check


def suite_of(table: str, checks: Sequence[Check]) -> dict[str, Any]:
    """The canonical form of a table's suite: what is expected of each rule, without ids or dates."""
    return {
        "name": table,
        "expectations": [
            {
                "type": "expect_column_max_to_be_between",
                "kwargs": {"column": check.code, "min_value": 0, "max_value": 0},
                "meta": {"severite": check.severity, "portee": check.scope, "motif": check.reason},
            }
            for check in checks
        ],
    }


def validate(declared: Mapping[str, Sequence[Check]], counted: Mapping[str, Sequence[Counted]]) -> dict[str, bool]:
    """Whether each rule is respected, by code, according to Great Expectations.

    Raises ChecksFailed when a declared rule gave no result: it would otherwise pass unseen.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    import pandas as pd
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.expectations import ExpectColumnMaxToBeBetween  # type: ignore[attr-defined]

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    batch = context.data_sources.add_pandas("comptes").add_dataframe_asset("regles")
    frame = pd.DataFrame({item.check.code: [item.violations] for items in counted.values() for item in items})
    codes = [check.code for checks in declared.values() for check in checks]
    suite = gx.ExpectationSuite(
        name="regles",
        expectations=[ExpectColumnMaxToBeBetween(column=code, min_value=0, max_value=0) for code in codes],
    )
    whole = batch.add_batch_definition_whole_dataframe("tout").get_batch(batch_parameters={"dataframe": frame})
    results: dict[str, bool] = {}
    for result in whole.validate(suite).results:
        assert result.expectation_config
        code = result.expectation_config.kwargs["column"]
        if result.exception_info and any(_raised(info) for info in _infos(result.exception_info)):
            raise ChecksFailed(f"Contrôle {code} déclaré mais non exécuté. Rien n'est publié.")
        results[code] = bool(result.success)
    if lost := sorted(set(codes) - results.keys()):
        raise ChecksFailed(f"Contrôle {lost[0]} déclaré mais sans résultat. Rien n'est publié.")
    return results


def _infos(info: dict[str, Any]) -> list[dict[str, Any]]:
    """Exception details come either as one record or as one record per metric."""
    return [info] if "raised_exception" in info else list(info.values())


def _raised(info: Any) -> bool:
    return isinstance(info, dict) and bool(info.get("raised_exception"))
