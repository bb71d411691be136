"""What a draw leaves in data/restricted/enquetes/NAME/EDITION: who was drawn identifies an authority, so nothing is public.

tirage.json        seed, frame, allocation, starts: what repeats the draw
tirage.csv         one line a drawn authority: stratum, inclusion probability, weight
participants.csv   the list that LimeSurvey takes in: no token, no person
relances.csv       who has not answered yet
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from observatoire.errors import SurveyError, UsageError
from observatoire.settings import Settings
from observatoire.storage import canonical_json, write_atomically
from observatoire.survey.sampling.draw import Draw, Selected
from observatoire.survey.sampling.frame import Frame

RECORD = "tirage.json"
SAMPLE = "tirage.csv"
PARTICIPANTS = "participants.csv"
REMINDERS = "relances.csv"
ANSWERS = "reponses.parquet"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
FIELDS = ("siren", "nom", "type", "strate", "numero", "probabilite", "poids", "panel")
# LimeSurvey wants these three heads; the name is the authority's, the address is for the association to fill in.
PARTICIPANT_FIELDS = ("firstname", "lastname", "email", "attribute_1", "attribute_2")


def edition_folder(settings: Settings, name: str, edition: str) -> Path:
    """The restricted folder of one edition. Raises UsageError on a name that is no plain identifier."""
    for what, text in (("Enquête", name), ("Édition", edition)):
        if not NAME.fullmatch(text):
            raise UsageError(f"{what} « {text} » : lettres sans accent, chiffres, tirets et soulignés seulement.")
    return settings.data / "restricted" / "enquetes" / name / edition


def write_draw(folder: Path, drawn: Draw, frame: Frame, options: Mapping[str, Any]) -> bool:
    """Write the draw and the list for the form tool; False when the same draw is already there.

    Raises SurveyError when another draw is there: it may be in the field.
    """
    record = {
        "graine": drawn.seed,
        "cadre": {"origine": frame.origin, "millesime": frame.vintage, "hors_cadre": frame.left_out},
        "population": dict(drawn.population),
        "departs": dict(drawn.starts),
        "tires": drawn.drawn,
        "recouvrement": drawn.overlap,
        "options": dict(options),
    }
    text = canonical_json(record, indent=1) + "\n"
    sample = _table(FIELDS, (_row(unit) for unit in drawn.sample))
    if (folder / RECORD).is_file():
        if (folder / RECORD).read_text(encoding="utf-8") == text and (folder / SAMPLE).read_text("utf-8") == sample:
            return False
        raise SurveyError(
            f"Un autre tirage existe déjà dans {folder.name} ({RECORD}) : il est peut-être sur le terrain. "
            "Choisir un autre nom d'édition, ou supprimer ce fichier s'il n'a jamais servi."
        )
    write_atomically(folder / SAMPLE, sample)
    write_atomically(folder / PARTICIPANTS, _participants((u.siren, u.nom, u.strate) for u in drawn.sample))
    write_atomically(folder / RECORD, text)
    return True


def read_draw(folder: Path) -> Draw:
    """The draw of an edition. Raises UsageError when there is none, SurveyError when its files are not readable."""
    if not (folder / RECORD).is_file():
        raise UsageError(f"Pas de tirage pour {folder.parent.name} {folder.name}. Lancer « observatoire survey draw ».")
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        with (folder / SAMPLE).open(encoding="utf-8", newline="") as handle:
            sample = tuple(_selected(row) for row in csv.DictReader(handle))
        return Draw(record["graine"], sample, record["population"], record["departs"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SurveyError(
            f"{folder.name}/{RECORD} ou {SAMPLE} illisible. Les restaurer depuis une sauvegarde."
        ) from error


def write_reminders(folder: Path, drawn: Draw) -> tuple[int, int]:
    """Write who of the sample has given no complete answer yet; (number to remind, number drawn).

    Raises UsageError when no answer was taken in.
    """
    waiting = {unit.siren for unit in drawn.sample} - answered(folder)
    rows = ((unit.siren, unit.nom, unit.strate) for unit in drawn.sample if unit.siren in waiting)
    write_atomically(folder / REMINDERS, _participants(rows))
    return len(waiting), len(drawn.sample)


def answered(folder: Path) -> set[str]:
    """SIREN with a complete answer. Raises UsageError when no answer was taken in."""
    import duckdb

    path = folder / ANSWERS
    if not path.is_file():
        raise UsageError(
            f"Aucune réponse pour {folder.parent.name} {folder.name}. Lancer « observatoire survey import » d'abord."
        )
    with duckdb.connect() as con:
        rows = con.execute("select distinct siren from read_parquet($1) where complete", [str(path)]).fetchall()
    return {row[0] for row in rows}


def _row(unit: Selected) -> tuple[Any, ...]:
    kept = "oui" if unit.kept else "non"
    numbers = repr(unit.number), repr(unit.probability), repr(unit.weight)
    return (unit.siren, unit.nom, unit.type, unit.strate, *numbers, kept)


def _selected(row: dict[str, str]) -> Selected:
    number, probability, weight = (float(row[name]) for name in ("numero", "probabilite", "poids"))
    texts = row["siren"], row["nom"], row["type"], row["strate"]
    return Selected(*texts, number, probability, weight, row["panel"] == "oui")


def _participants(rows: Iterable[tuple[str, str, str]]) -> str:
    return _table(PARTICIPANT_FIELDS, (("", nom, "", siren, stratum) for siren, nom, stratum in rows))


def _table(fields: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(fields)
    writer.writerows(rows)
    return out.getvalue()
