"""One edition, from its restricted answers to the file of figures that may leave the restricted folder."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from observatoire.errors import UsageError
from observatoire.settings import Settings
from observatoire.storage import write_atomically
from observatoire.survey.diagnostics import kish
from observatoire.survey.intake.codebook import Codebook
from observatoire.survey.intake.codebook_file import load_codebook
from observatoire.survey.production.estimate import Figure, figures
from observatoire.survey.production.protection import Protected, protect
from observatoire.survey.production.respondents import Respondents, respondents
from observatoire.survey.production.weights import Weighted, response_rates, weigh, write_weights
from observatoire.survey.sampling.files import edition_folder
from observatoire.survey.sampling.frame import Frame

FIGURES = "chiffres.csv"  # protected: what may be published
ESTIMATES = "estimations.csv"  # everything, hidden figures included: never leaves the restricted folder
COLUMNS = (
    "enquete", "edition", "indicateur", "comparabilite", "libelle", "definition", "base", "ventilation", "modalite",
    "valeur", "unite", "ic_bas", "ic_haut", "niveau_confiance", "methode", "n", "numerateur", "deff", "plan", "absence",
    "motif", "terrain_debut", "terrain_fin", "millesime", "fictif",
)  # fmt: skip
Row = dict[str, str]


@dataclass(frozen=True, eq=False)
class Edition:
    """An edition ready to be estimated."""

    codebook: Codebook
    folder: Path
    people: Respondents
    weighted: Weighted
    figures: list[Figure]


@dataclass(frozen=True)
class Estimated:
    """What an estimation gave: protected rows, why each hidden one is hidden (by its name), responses left out."""

    rows: list[Row]
    hidden: dict[str, str]
    left_out: Mapping[str, int]
    respondents: int
    folder: str


@dataclass(frozen=True)
class Weighing:
    """What the weights of an edition are worth. `response` gives respondents, drawn, population by stratum."""

    survey: str
    edition: str
    fictitious: bool
    respondents: int
    method: str
    response: dict[str, tuple[int, int, int]]
    smallest: float
    largest: float
    effective: float
    left_out: Mapping[str, int]
    file: str


@contextmanager
def opened_edition(settings: Settings, name: str, edition: str, frame: Frame | None = None) -> Iterator[Edition]:
    """The respondents, weights and figures of an edition. Raises UsageError, SpecError, SurveyError as its parts."""
    from observatoire.figures.definitions import load_definitions

    codebook = load_codebook(settings.register, name, edition)
    folder = edition_folder(settings, name, edition)
    definitions = {item.code: item for item in load_definitions(settings.register)}
    with respondents(folder, codebook, frame) as people:
        weighted = weigh(people, codebook)
        found = figures(people, weighted, codebook, definitions)
        yield Edition(codebook, folder, people, weighted, found)


def weigh_edition(settings: Settings, name: str, edition: str, frame: Frame | None = None) -> Weighing:
    """Weigh the respondents of an edition and write their weights in the restricted folder. Raises as `weigh`."""
    codebook = load_codebook(settings.register, name, edition)
    folder = edition_folder(settings, name, edition)
    with respondents(folder, codebook, frame) as people:
        weighted = weigh(people, codebook)
        path = write_weights(folder, people, weighted)
        values = weighted.design.weights
        return Weighing(
            name, edition, codebook.fictitious, len(people.sirens), weighted.method, response_rates(people),
            float(values.min()), float(values.max()), kish(values).effective_size, people.left_out, str(path),
        )  # fmt: skip


def estimate_edition(
    settings: Settings, name: str, edition: str, frame: Frame | None = None, suppress: bool = True
) -> Estimated:
    """Estimate an edition, hide what must be, and write both tables in the restricted folder.

    Raises DisclosureRisk, naming the figures, when one could be recomputed: nothing is then written.
    """
    with opened_edition(settings, name, edition, frame) as opened:
        protected = protect(
            opened.figures, opened.weighted.design.weights, opened.weighted.exhaustive, suppress=suppress
        )
        write_weights(opened.folder, opened.people, opened.weighted)
        rows = published_rows(opened, protected)
        write_atomically(opened.folder / ESTIMATES, table(COLUMNS, published_rows(opened, Protected({}))))
        write_atomically(opened.folder / FIGURES, table(COLUMNS, rows))
        named = {opened.figures[position].name: reason for position, reason in protected.hidden.items()}
        return Estimated(rows, named, opened.people.left_out, len(opened.people.sirens), str(opened.folder))


def published_rows(edition: Edition, protected: Protected) -> list[Row]:
    """The rows of `enquetes_chiffres.csv`; a hidden figure has no number, not even its count of answers.

    The unweighted numerator is never given: with the weighted share it would be a second equation on the same answers.
    """
    return [_row(edition, figure, protected.hidden.get(i)) for i, figure in enumerate(edition.figures)]


def read_figures(folder: Path) -> list[Row]:
    """The protected figures of an edition. Raises UsageError when it was never estimated."""
    if not (folder / FIGURES).is_file():
        raise UsageError(
            f"{folder.parent.name} {folder.name} n'a pas de chiffres. Lancer « observatoire survey estimate »."
        )
    with (folder / FIGURES).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def table(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """CSV text as the files of the register are written."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def plain(value: float | None, digits: int) -> str:
    """A number rounded for publication, without trailing zeros; empty when absent."""
    if value is None:
        return ""
    text = f"{value:.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "0") else text


def _row(edition: Edition, figure: Figure, hidden: str | None) -> Row:
    book, found = edition.codebook, figure.estimate
    breakdown, _ = figure.domain.key
    # Which rule hides a figure would itself tell: « unanimous » is an answer. The analyst alone is told.
    shown: dict[str, Any] = {"absence": "secret"}
    if hidden is None:
        scale = 100.0 if figure.indicator.measure == "proportion" else 1.0
        numbers = [None if x is None else scale * x for x in (found.value, found.low, found.high)]
        shown = {
            "valeur": plain(numbers[0], 1), "ic_bas": plain(numbers[1], 1), "ic_haut": plain(numbers[2], 1),
            "niveau_confiance": plain(100 * book.weighting.level, 1) if found.low is not None else "",
            "n": str(found.n), "deff": plain(found.deff, 2), "motif": found.reason.replace(" : ", ", "),
            "absence": "sans_objet" if found.value is None else "zero" if found.value == 0 else "",
        }  # fmt: skip
    interval = f" ; intervalle {book.weighting.interval}" if figure.indicator.measure == "proportion" else ""
    return {
        **dict.fromkeys(COLUMNS, ""),
        "enquete": book.name,
        "edition": book.edition,
        "indicateur": figure.indicator.code,
        "comparabilite": figure.definition.comparability,
        "libelle": figure.definition.fr.label,
        "definition": figure.definition.fr.definition,
        "base": figure.base_label,
        "ventilation": breakdown,
        "modalite": " × ".join(figure.domain.labels),
        "unite": figure.definition.unit,
        "methode": edition.weighted.method + ("" if book.plan == "auto_selection" else interval),
        "plan": book.plan,
        "terrain_debut": book.field.start.isoformat(),
        "terrain_fin": book.field.end.isoformat(),
        "millesime": vintage_date(book.frame_vintage),
        "fictif": "oui" if book.fictitious else "non",
        **shown,
    }


def vintage_date(vintage: str | None) -> str:
    """The first of January of a vintage given as a year; a date as it is; empty without one."""
    return "" if vintage is None else f"{vintage}-01-01" if len(vintage) == 4 else vintage
