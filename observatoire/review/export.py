"""What analysts are asked to decide, as a CSV and a workbook."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from observatoire.errors import BuildFailed, UsageError
from observatoire.review.decisions_file import COLUMNS, HELP, choices
from observatoire.review.last_build import last_build
from observatoire.review.sheet import write_csv, write_workbook
from observatoire.settings import Settings
from observatoire.storage import storage_errors, write_atomically

FOLDER = "revue"
FIELDS = (
    "objet_type", "cle", "collectivite", "texte", "preuve_url", "raison", "candidats", "proposition", "valeur_attendue",
    "nature", "guide",
)  # fmt: skip

# Candidates that the rules of judgement leave to analysts, those on which a decision applies left out.
CANDIDATES = """
select
    'detection', source || '|' || cle, acheteur, objet, url, 'les termes trouvés ne suffisent pas à conclure',
    array_to_string(motifs, ' ; '), 'ne le compter ni comme IA, ni comme écarté', decision_automatique, 'decision',
    cast(null as varchar)
from core.candidats
where decision_automatique = 'à examiner' and source || '|' || cle not in (
    select objet from core.decisions where objet_type = 'detection' and etat in ('appliquée', 'obsolète')
)
order by 2
"""


@dataclass(frozen=True)
class Exported:
    """The files written and how many objects of each kind they hold."""

    files: list[Path]
    counts: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        return {"fichiers": [str(file) for file in self.files], "objets": self.counts}


def export(settings: Settings, folder: Path | None = None) -> Exported:
    """Write revue-VERSION.csv and .xlsx in data/revue, or in `folder`: the doubts of the last build.

    A file that someone filled in is never overwritten (UsageError). Raises BuildFailed when nothing was built.
    """
    from observatoire.release.store import current_release

    current = current_release(settings)
    if current is None:
        raise BuildFailed("Rien n'est construit : lancer « observatoire build » puis relancer.")
    rows = doubts(settings)
    target = folder or settings.data / FOLDER
    table = [[cell or "" for cell in row] + [""] * (len(COLUMNS) - len(FIELDS)) for row in rows]
    allowed = choices(settings.register)
    book = io.BytesIO()
    write_workbook(COLUMNS, table, [allowed.get(row[0], []) for row in table], HELP, book)
    contents = {".csv": write_csv(COLUMNS, table), ".xlsx": book.getvalue()}
    files = []
    with storage_errors(target):
        target.mkdir(parents=True, exist_ok=True)
        paths = {ending: target / f"revue-{current.id}{ending}" for ending in contents}
        for ending, path in paths.items():
            if path.is_file() and path.read_bytes() != contents[ending]:
                raise UsageError(
                    f"{path} existe déjà avec un autre contenu : il n'est pas remplacé. L'appliquer ou le renommer, puis relancer."
                )
        for ending, path in paths.items():
            write_atomically(path, contents[ending])
            files.append(path)
    return Exported(files, dict(sorted(Counter(row[0] for row in table).items())))


def doubts(settings: Settings) -> list[tuple[str | None, ...]]:
    """The rows of core.doutes, and the candidates to be examined where they are judged, in a stable order.

    Raises BuildFailed when nothing was built or the warehouse lacks them, StorageError when a build holds it.
    """
    listed = ", ".join(FIELDS)
    with last_build(settings) as con:
        rows = con.execute(f"select {listed} from core.doutes order by objet_type, nature, cle").fetchall()
        return rows + con.execute(CANDIDATES).fetchall()
