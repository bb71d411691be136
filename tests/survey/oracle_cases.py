"""What each case of the survey oracle asks, answered with the project's own estimators."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from observatoire.survey import calibration, change, estimators
from observatoire.survey.design import SurveyDesign, collapse_strata
from observatoire.survey.diagnostics import kish

Answers = dict[str, float | None]


class Sample:
    """A CSV file of the oracle as columns: text, or floats with NaN for an empty field."""

    def __init__(self, path: Path, text: tuple[str, ...]) -> None:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        self.columns: dict[str, Any] = {}
        for name in rows[0]:
            values = [row[name] for row in rows]
            if name in text:
                self.columns[name] = np.array(values)
            else:
                self.columns[name] = np.array([float(v) if v not in ("", "NA") else math.nan for v in values])

    def __getitem__(self, name: str) -> Any:
        return self.columns[name]

    def keep(self, flags: Any) -> Sample:
        kept = object.__new__(Sample)
        kept.columns = {name: values[flags] for name, values in self.columns.items()}
        return kept


TEXT = ("cds", "stype", "sch.wide", "uid", "stratum", "type", "size", "region", "term")
API = {"apistrat": "apistrat", "apistrat_nofpc": "apistrat", "apiclus1": "apiclus1", "apiclus2": "apiclus2"}


class Oracle:
    """The inputs of the oracle and the answers of the project, case by case."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sample = cache(lambda name: Sample(folder / "input" / f"{name}.csv", TEXT))
        self.calibrated = cache(self._calibrated)
        self.covariances = cache(self._stacked)

    def answer(self, case: str) -> Answers:
        """Values by stat for one case. A refused estimate raises SurveyError."""
        head, *rest = case.split("|")
        if head == "apipop":
            return self._population()
        if head == "change":
            return self._change(rest)
        if rest and rest[-1] == "kish":
            weights = self._kish_weights(head)
            found = kish(weights)
            return {
                "n": found.n,
                "sum_w": found.sum_weights,
                "sum_w2": found.sum_squares,
                "n_eff": found.effective_size,
                "deff_w": found.design_effect,
            }
        if rest and rest[-1] == "g":
            before, after = self._kish_weights(head.split("_")[0]), self._kish_weights(head)
            return {"min": float((after / before).min()), "max": float((after / before).max())}
        if head == "synth2026_greg_infeasible":
            self.calibrated(head)
        data, design, domain, rest = self._locate(head, rest)
        return self._estimate(data, design, domain, rest)

    def _estimate(self, data: Sample, design: SurveyDesign, domain: Any, rest: list[str]) -> Answers:
        if rest[0].startswith("ratio_"):
            above, below = rest[0].removeprefix("ratio_").split("/")
            found = estimators.ratio(design, data[above], data[below], domain, missing="exclude")
            return {"est": found.value, "se": found.se}
        if rest[0] == "type_x_ia_totals":
            return self._cross_totals(data, design)
        variable, stat = rest
        values = self._variable(data, variable.removesuffix("_narm"))
        if stat.startswith("ciprop_"):
            method: Any = stat.removeprefix("ciprop_")
            return _flat(estimators.proportion(design, values, domain, method=method))
        if stat.startswith("quantile_"):
            found = estimators.quantile(design, values, float(stat.removeprefix("quantile_")), domain)
            return {"est": found.value, "lo": found.low, "hi": found.high}
        estimator: Callable[..., estimators.Estimate] = getattr(estimators, stat)
        if variable.endswith("_narm"):  # the oracle counts degrees of freedom before leaving the missing out
            rows = None if domain is None else np.flatnonzero(domain)
            freedom = design.degrees_of_freedom(rows)
            return _flat(estimator(design, values, domain, df=freedom, missing="exclude"))
        return _flat(estimator(design, values, domain))

    @staticmethod
    def _variable(data: Sample, name: str) -> Any:
        if name in ("zero", "one"):
            return np.full(len(data["ia"]), float(name == "one"))
        return data[name]

    @staticmethod
    def _cross_totals(data: Sample, design: SurveyDesign) -> Answers:
        answers: Answers = {}
        for kind in sorted(set(data["type"])):
            for value in (0, 1):
                flags = ((data["type"] == kind) & (data["ia"] == value)).astype(float)
                found = estimators.total(design, flags)
                answers[f"est[interaction(type, ia){kind}.{value}]"] = found.value
                answers[f"se[interaction(type, ia){kind}.{value}]"] = found.se
        return answers

    def _population(self) -> Answers:
        """Read from the margins, and for what no file gives from the calibrated weights that must meet it."""
        margin = self.sample("apipop_stype")
        size = dict(zip(margin["stype"], margin["N"], strict=True))
        data = self.sample("apiclus1")
        raked, greg = self.calibrated("apiclus1_rake"), self.calibrated("apiclus1_greg")
        return {
            "N": float(margin["N"].sum()),
            "stypeH": size["H"],
            "stypeM": size["M"],
            "api99": estimators.total(greg, data["api99"]).value,
            "schwideYes": estimators.total(raked, data["schwide"]).value,
        }

    # ---- designs

    def _kish_weights(self, head: str) -> Any:
        if head in API:
            return self._api(head)[1].weights
        if head in ("synth2025", "synth2026"):
            return self._year(head, "certainty")[1].weights
        return self.calibrated(head).weights

    def _locate(self, head: str, rest: list[str]) -> tuple[Sample, SurveyDesign, Any, list[str]]:
        if head in API:
            data, design = self._api(head)
        elif head.startswith("apiclus1_"):
            data, design = self.sample("apiclus1"), self.calibrated(head)
        elif head.startswith("synth2026_"):
            data, design = self.sample("synth_2026"), self.calibrated(head)
        elif head.startswith("synth2025_"):
            data, design = self._without(head)
        elif rest[0].startswith("collapsed_"):
            data, design = self._collapsed()
            rest = rest[1:]
        else:
            lonely: Any = "certainty"
            if rest[0].startswith("lonely="):
                lonely = rest[0].removeprefix("lonely=").replace("remove", "certainty")
                rest = rest[1:]
            data, design = self._year(head, lonely)
        if rest[0].startswith("edge_"):
            rest = [{"edge_p=0": "zero", "edge_p=1": "one"}.get(rest[0], rest[0]), *rest[1:]]
        if rest[0] == "edge_empty_domain":
            return data, design, data["region"] == "ZZ", ["ia", rest[1]]
        if rest[0].startswith(("dom_", "census_stratum=")):
            return data, design, self._domain(data, rest[0].removeprefix("dom_").removeprefix("census_")), rest[1:]
        return data, design, None, rest

    @staticmethod
    def _domain(data: Sample, name: str) -> Any:
        if name == "big":
            return (data["type"] == "COM") & (data["pop"] >= 3500)
        if name == "charte_answered":
            return ~np.isnan(data["charte"])
        if name == "ia=1":
            return data["ia"] == 1
        column, value = name.split("=")
        return data[column] == value

    def _api(self, name: str) -> tuple[Sample, SurveyDesign]:
        data = self.sample(API[name])
        if name == "apistrat":
            return data, SurveyDesign.element(weights=data["pw"], strata=data["stype"], population=data["fpc"])
        if name == "apistrat_nofpc":
            return data, SurveyDesign.element(weights=data["pw"], strata=data["stype"])
        if name == "apiclus1":
            return data, SurveyDesign.clustered(data["dnum"], weights=data["pw"], population=data["fpc"])
        _, codes, drawn = np.unique(data["dnum"], return_inverse=True, return_counts=True)
        weights = (data["fpc1"] / len(drawn)) * (data["fpc2"] / drawn[codes])
        return data, SurveyDesign.clustered(data["dnum"], weights=weights, population=data["fpc1"]).two_stage(
            data["fpc2"]
        )

    def _year(self, name: str, lonely: Any) -> tuple[Sample, SurveyDesign]:
        data = self.sample(f"synth_{name[-4:]}")
        return data, SurveyDesign.element(strata=data["stratum"], population=data["N_h"], lonely=lonely)

    def _without(self, head: str) -> tuple[Sample, SurveyDesign]:
        data = self.sample("synth_2025")
        dropped = ("DEP",) if head == "synth2025_noDEP_lonely=fail" else ("DEP", "CTU")
        data = data.keep(~np.isin(data["stratum"], dropped))
        population = None if head.endswith("nofpc") else data["N_h"]
        return data, SurveyDesign.element(
            weights=data["N_h"] / data["n_h"], strata=data["stratum"], population=population
        )

    def _collapsed(self) -> tuple[Sample, SurveyDesign]:
        data, design = self._year("synth2025", "certainty")
        sizes = dict(zip(data["stratum"], data["N_h"], strict=True))
        strata, population = collapse_strata(data["stratum"], sizes, {"DEP+SYND": ("DEP", "SYND")})
        return data, SurveyDesign.element(weights=design.weights, strata=strata, population=population)

    def _calibrated(self, head: str) -> SurveyDesign:
        dataset, _, method = head.partition("_")
        return self._schools(method) if dataset == "apiclus1" else self._authorities(method)

    def _schools(self, method: str) -> SurveyDesign:
        data, design = self._api("apiclus1")
        margin = self.sample("apipop_stype")
        sizes = dict(zip(margin["stype"], margin["N"], strict=True))
        whole, yes, api99 = 6194, 5122, 3914069  # published facts of the population, api99 and sch.wide among them
        if method == "post":
            return calibration.post_stratify(design, data["stype"], sizes)
        if method == "rake":
            margins = (data["stype"], data["sch.wide"])
            return calibration.rake(design, margins, (sizes, {"Yes": yes, "No": whole - yes}))
        matrix, _ = calibration.indicator_matrix(data["stype"])
        x = np.column_stack([matrix, data["api99"]])
        totals = np.array([whole, sizes["H"], sizes["M"], api99])
        options: dict[str, Any] = {
            "greg": {},
            "greg_raking": {"distance": "raking"},
            "greg_logit": {"distance": "logit", "bounds": (0.4, 2.5)},
            "greg_trunc": {"distance": "bounded", "bounds": (0.6, 1.6)},
        }
        return calibration.calibrate(design, x, totals, **options[method])

    def _authorities(self, method: str) -> SurveyDesign:
        data, design = self._year("synth2026", "certainty")

        def margin(name: str) -> dict[str, float]:
            table = self.sample(f"margin_{name}")
            return dict(zip(table[name], table["N"], strict=True))

        if method.startswith("post_"):
            name = method.removeprefix("post_")
            return calibration.post_stratify(design, data[name], margin(name))
        if method.startswith("rake_"):
            names = method.split("_")[1:]
            return calibration.rake(design, [data[n] for n in names], [margin(n) for n in names])
        matrix, names_ = calibration.indicator_matrix(data["region"], data["type"])
        known = self.sample("calib_totals_region_type_popk")
        totals = dict(zip(known["term"], known["total"], strict=True))
        keys = ["(Intercept)"]
        keys += [f"{'type' if name.isalpha() else 'region'}{name}" for name in names_[1:]]
        x = np.column_stack([matrix, data["pop"] / 1000])
        options: dict[str, Any] = {
            "greg_lin": {},
            "greg_raking": {"distance": "raking"},
            "greg_logit": {"distance": "logit", "bounds": (0.5, 2.2)},
            "greg_trunc": {"distance": "bounded", "bounds": (0.72, 2.2)},
            "greg_infeasible": {"distance": "logit", "bounds": (0.95, 1.05)},
        }
        names = (*names_, "popk")
        target = np.array([totals[key] for key in (*keys, "popk")])
        return calibration.calibrate(design, x, target, names=names, **options[method])

    # ---- change

    def _change(self, rest: list[str]) -> Answers:
        if rest[-1] == "formula_fpc_overlap":
            (a, first), (b, second) = self._year("synth2025", "certainty"), self._year("synth2026", "certainty")
            one = change.Edition(first, a["ia"], a["uid"], self._scope(a, rest[0]))
            two = change.Edition(second, b["ia"], b["uid"], self._scope(b, rest[0]))
            found = change.change_of_mean(one, two)
            return {
                "p1": found.before,
                "p2": found.after,
                "d": found.difference,
                "se": found.se,
                "v1": found.variance_before,
                "v2": found.variance_after,
                "cov": found.covariance,
                "se_if_independent": found.se_if_independent,
                "strata_without_cov": found.strata_without_covariance,
            }
        return self.covariances(rest[0].removeprefix("lonely="), rest[1])

    def _scope(self, data: Sample, name: str) -> Any:
        if name == "all":
            return np.full(len(data["ia"]), True)
        if name == "MET_census":
            name = "stratum=MET"
        if name == "COM_3500":
            name = "stratum=COM_3500"
        return self._domain(data, name)

    def _stacked(self, lonely: Any, name: str) -> Answers:
        """Both years as one sample whose clusters are the authorities: the covariance comes with it."""
        a, b = self.sample("synth_2025"), self.sample("synth_2026")
        columns = {
            key: np.concatenate([a[key], b[key]])
            for key in ("uid", "stratum", "ia", "year", "N_h", "n_h", "type", "pop")
        }
        data = object.__new__(Sample)
        data.columns = columns
        design = SurveyDesign.clustered(
            data["uid"], weights=data["N_h"] / data["n_h"], strata=data["stratum"], lonely=lonely
        )
        scope = self._scope(data, name)
        lines = [
            estimators.linear_mean(design, data["ia"], np.flatnonzero(scope & (data["year"] == year)))
            for year in (2025, 2026)
        ]
        scores = np.zeros((design.rows, 2))
        for column, line in enumerate(lines):
            scores[line.rows, column] = line.scores
        rows = np.flatnonzero(scope)
        covariance = design.covariance(scores[rows], rows)
        se = math.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
        return {
            "p1": lines[0].value,
            "p2": lines[1].value,
            "d": lines[1].value - lines[0].value,
            "se": se,
            "v1": float(covariance[0, 0]),
            "v2": float(covariance[1, 1]),
            "cov": float(covariance[0, 1]),
        }


def _flat(found: estimators.Estimate) -> Answers:
    return {
        "est": found.value,
        "se": found.se,
        "lo": found.low,
        "hi": found.high,
        "df": found.df,
        "deff": found.deff,
        "deff_replace": found.deff_replace,
    }
