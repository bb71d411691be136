"""DONNÉES FICTIVES: the invented survey of the tutorial. `python -m tests.survey.exemple` rewrites docs/exemple-enquete.

The frame is made of authorities that do not exist (SIREN from 999 on); two editions of answers follow the draws that the
tutorial makes, a share of each stratum not answering. Nothing here is taken from a real person, authority or survey.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from pathlib import Path

from observatoire.survey.sampling.allocation import allocate
from observatoire.survey.sampling.draw import Draw, draw, rotated_starts
from observatoire.survey.sampling.frame import Frame, frame_of_file
from tests.conftest import ROOT

FOLDER = ROOT / "docs" / "exemple-enquete"
SEED, SIZE, MINIMUM, OVERLAP, TAKE_ALL = "tutoriel", 320, 20, 0.75, ("regions",)
STRATA = {
    # size, type, label of a unit, chance to answer, chance to use AI
    "petites": (900, "commune", "Bourg fictif", 0.62, 0.18),
    "moyennes": (300, "commune", "Ville fictive", 0.70, 0.35),
    "grandes": (120, "commune", "Grande ville fictive", 0.80, 0.62),
    "epci": (60, "epci", "Intercommunalité fictive", 0.75, 0.55),
    "regions": (12, "region", "Région fictive", 1.0, 1.0),
}
HEADS = (
    "id", "submitdate", "lastpage", "startlanguage", "seed", "SIREN", "TYPE", "TYPE[other]", "IA01", "IA02[SQ001]",
    "IA02[SQ002]", "IA02[SQ003]", "IA02[SQ004]", "IA02[SQ005]", "IA02[other]", "IA03", "IA04[SQ001]", "IA04[SQ002]",
    "IA04[SQ003]", "IA05", "IA06", "IA07", "IA08", "CONTACT",
)  # fmt: skip
AREAS = (0.7, 0.35, 0.4, 0.45, 0.3)


def files() -> dict[str, str]:
    """The content of each file of docs/exemple-enquete, by name."""
    book = (ROOT / "data" / "register" / "enquetes" / "exemple.yml").read_text(encoding="utf-8")
    found = {"cadre.csv": frame_csv(), "exemple-2027.yml": next_edition(book)}
    frame = example_frame()
    counts = allocate(frame.sizes, SIZE, take_all=TAKE_ALL, minimum=MINIMUM)
    first = draw(frame, counts, SEED)
    second = draw(frame, counts, SEED, rotated_starts(first, OVERLAP), [unit.siren for unit in first.sample])
    return {**found, "reponses-2026.csv": answers(first, 2026), "reponses-2027.csv": answers(second, 2027)}


def frame_csv() -> str:
    """The frame: 1,392 invented authorities."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("siren", "nom", "type", "strate"))
    rank = 0
    for stratum, (size, kind, name, _, _) in STRATA.items():
        for number in range(1, size + 1):
            rank += 1
            writer.writerow((luhn(f"999{rank:05d}"), f"DONNÉES FICTIVES {name} {number}", kind, stratum))
    return out.getvalue()


def example_frame() -> Frame:
    """The frame as `survey draw --cadre` reads it from the folder."""
    return frame_of_file(FOLDER / "cadre.csv", "2025-01-01")


def luhn(eight: str) -> str:
    """Eight digits and the ninth that makes a well-formed SIREN."""
    total = sum(sum(divmod(int(digit) * (1 + position % 2), 10)) for position, digit in enumerate(eight))
    return eight + str(-total % 10)


def next_edition(book: str) -> str:
    """The codebook of the second edition: the same questions, a year later."""
    changed = (
        book.replace('edition: "2026"', 'name: exemple\nedition: "2027"')
        .replace("{start: 2026-03-02, end: 2026-04-30}", "{start: 2027-03-01, end: 2027-04-30}")
        .replace("keep_until: 2031-04-30", "keep_until: 2032-04-30")
    )
    assert changed.count("2027") >= 3
    return changed


def answers(drawn: Draw, year: int) -> str:
    """The export of an edition, as LimeSurvey writes it (codes, short answers, semicolons)."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(HEADS)
    for row in responses(drawn, year):
        writer.writerow(row)
    return out.getvalue()


def responses(drawn: Draw, year: int) -> Iterator[list[str]]:
    """One row a response; one in forty left the form before its end."""
    number = 0
    for unit in drawn.sample:
        # What an authority does this year follows from what it did last year: same dice, more use.
        lasting, now = random.Random(f"{unit.siren}"), random.Random(f"{unit.siren}-{year}")
        _, kind, _, answering, using = STRATA[unit.strate]
        if now.random() >= answering:
            continue
        number += 1
        uses = lasting.random() < using + 0.08 * (year - 2026)
        areas = [lasting.random() < share for share in AREAS]
        generative = "A1" if lasting.random() < (0.75 if uses else 0.15) else now.choice(("A2", "A3", "A3", "A4"))
        done = now.random() >= 0.025
        yield [
            str(number), f"{year}-03-{1 + number % 28:02d} 10:00:00" if done else "", "3" if done else "1", "fr", "",
            unit.siren, {"commune": "AO01", "epci": "AO02", "region": "AO03"}[kind], "",
            "" if not done or (now.random() < 0.03 and unit.strate != "regions") else "Y" if uses else "N",
            *("Y" if done and uses and area else "" for area in areas), "", generative if done else "",
            *(f"F{now.randint(1, 4)}" if done else "" for _ in range(3)), now.choice("YN") if done else "",
            str(now.randint(1, 80) * 500) if done and uses else "", f"{year - now.randint(0, 3)}-01-15 00:00:00" if done and uses else "",
            "", "",
        ]  # fmt: skip


def main(folder: Path = FOLDER) -> None:
    """Rewrite the files."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cadre.csv").write_text(frame_csv(), encoding="utf-8")
    for name, text in files().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
