"""What the register needs: cases to verify again, statuses to look at, pages gone, changes that nobody noted."""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from typing import Any

from observatoire.errors import UsageError
from observatoire.review.links import DEAD, MOVED, known_links, silent_since
from observatoire.review.register_file import read_register
from observatoire.review.unrecorded import unrecorded_changes
from observatoire.settings import Settings
from observatoire.sources.spec import Source
from observatoire.state import writer_lock

MONTHS = 24
OLD = f"""
with reference as (
    select max(date_livraison) as jour from livraisons
),
vus as (
    select *, greatest(date_verification, statut_date) as vu_le from usages
)
select
    cle_source as cle, collectivite, titre, statut, cast(vu_le as varchar) as vu_le,
    datesub('month', vu_le, jour) as mois
from vus cross join reference
where nature = 'usage' and statut not in ('termine', 'abandonne', 'sans_objet')
    and (vu_le is null or datesub('month', vu_le, jour) >= {MONTHS})
order by vu_le nulls first, cle_source
"""


@dataclass(frozen=True)
class Upkeep:
    """What is to be done, one row a case or a page; `reference` is the date to which ages are counted."""

    reference: str
    old: list[dict[str, Any]]
    statuses: list[dict[str, Any]]
    links: list[dict[str, str]]
    checked: int
    unchecked: int
    unrecorded: list[str]

    def as_dict(self) -> dict[str, Any]:
        names = {
            "reference": "date_reference", "old": "a_verifier", "statuses": "statuts_proposes", "links": "liens_a_reprendre",
            "checked": "liens_verifies", "unchecked": "liens_jamais_verifies", "unrecorded": "changements_non_notes",
        }  # fmt: skip
        return {names[name]: value for name, value in asdict(self).items()}


def examine(settings: Settings, sources: dict[str, Source], who: str = "cli", wait_seconds: float = 0.0) -> Upkeep:
    """Read the current release, the last build and the register. Raises UsageError when nothing was released."""
    from observatoire.release.query import ask
    from observatoire.release.store import current_release

    current = current_release(settings)
    if current is None:
        raise UsageError("Rien n'est publié : lancer « observatoire refresh » puis relancer.")
    old = ask(settings, current, OLD).as_dicts()
    (reference,) = ask(settings, current, "select cast(max(date_livraison) as varchar) from livraisons").rows[0]
    pages = {row["source_url"] for row in read_register(settings, "cas_usage").rows if row["source_url"]}
    known = [row for row in known_links(settings) if row["url"] in pages]
    asked = {row["url"] for row in known}
    links = [
        {**row, "muet_depuis": silent_since(row)} for row in known if row["etat"] in (MOVED, DEAD) or silent_since(row)
    ]
    with writer_lock(settings, who, wait_seconds):
        unrecorded = unrecorded_changes(settings, sources)
    return Upkeep(
        reference, old, proposed_statuses(settings), links, len(asked), len(pages - asked), unrecorded,
    )  # fmt: skip


def proposed_statuses(settings: Settings) -> list[dict[str, Any]]:
    """The rows of core.statuts_proposes in the last build; none when there is no build to read."""
    import duckdb

    if not settings.warehouse.is_file():
        return []
    with suppress(duckdb.Error), closing(duckdb.connect(str(settings.warehouse), read_only=True)) as con:
        cursor = con.execute(
            "select objet as cle, statut, statut_propose, cast(preuve_date as varchar) as preuve_date, preuve_url "
            "from core.statuts_proposes order by objet"
        )
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return []
