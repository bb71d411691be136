"""One call from a frame to the files of a draw: allocation, rotation, draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from observatoire.errors import SurveyError
from observatoire.settings import Settings
from observatoire.survey.sampling.allocation import Method, allocate
from observatoire.survey.sampling.draw import Draw, draw, rotated_starts
from observatoire.survey.sampling.files import edition_folder, read_draw, write_draw
from observatoire.survey.sampling.frame import Frame


@dataclass(frozen=True)
class DrawOptions:
    """What an analyst chooses. `panel` is the previous edition, `overlap` the share of it that stays."""

    size: int
    seed: str
    method: Method = "proportionnelle"
    minimum: int = 2
    take_all: tuple[str, ...] = ()
    spreads: Mapping[str, float] = field(default_factory=dict)
    panel: str | None = None
    overlap: float = 1.0


@dataclass(frozen=True)
class Drawn:
    """What `draw_edition` did: the draw, its frame, whether files were written (False: the same were there)."""

    draw: Draw
    frame: Frame
    new: bool
    folder: str


def draw_edition(settings: Settings, name: str, edition: str, frame: Frame, options: DrawOptions) -> Drawn:
    """Draw the sample of an edition and write it in data/restricted.

    Raises SurveyError as `allocate`, `draw` and `write_draw`, and when the panel was drawn with another seed.
    """
    from observatoire.survey.intake.store import restricted_folder

    folder = edition_folder(settings, name, edition)
    counts = allocate(
        frame.sizes,
        options.size,
        options.method,
        spreads=options.spreads or None,
        take_all=options.take_all,
        minimum=options.minimum,
    )
    starts: Mapping[str, float] = {}
    before: tuple[str, ...] = ()
    if options.panel is not None:
        previous = read_draw(edition_folder(settings, name, options.panel))
        if previous.seed != options.seed:
            raise SurveyError(
                f"L'édition {options.panel} a été tirée avec la graine « {previous.seed} » : sans la même graine, "
                "les numéros changent et le panel est perdu. Reprendre cette graine."
            )
        known = frame.sizes
        starts = {h: start for h, start in rotated_starts(previous, options.overlap).items() if h in known}
        before = tuple(unit.siren for unit in previous.sample)
    drawn = draw(frame, counts, options.seed, starts, before)
    restricted_folder(settings, name, edition)
    return Drawn(drawn, frame, write_draw(folder, drawn, frame, asdict(options)), str(folder))
