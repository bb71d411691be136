"""What the register needs today: cases to verify again, statuses to look at, pages gone, changes that nobody noted.

A list of work, not a part of a release: ages are counted to the day it is asked, so that a register left alone grows old.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from observatoire.clock import today
from observatoire.errors import UsageError
from observatoire.review.last_build import last_build
from observatoire.review.links import DEAD, MOVED, NAME, silent_since
from observatoire.review.register_file import Row, read_register
from observatoire.review.rules import HISTORY
from observatoire.review.unrecorded import unrecorded_changes
from observatoire.settings import Settings
from observatoire.sources.spec import Source
from observatoire.sql_text import literal
from observatoire.state import writer_lock
from observatoire.storage import sha256_file

if TYPE_CHECKING:
    from observatoire.release.store import Release

CASES = "cas_usage"
READ = (CASES, "decisions")  # files of the register that the release read for what is listed here
MONTHS = 24

# Cases of which no evidence, and no decision on their status, is dated of the last MONTHS months: the oldest first, then
# those without any date.
OLD = """
with vus as (
    select *, greatest(date_verification, derniere_observation, statut_date) as vu_le from usages
)
select
    cle_source as cle, collectivite, titre, statut, cast(vu_le as varchar) as vu_le,
    datesub('month', vu_le, date {today}) as mois
from vus
where nature = 'usage' and statut not in ('termine', 'abandonne', 'sans_objet')
    and (vu_le is null or datesub('month', vu_le, date {today}) >= {months})
order by vu_le nulls last, cle_source
"""

PROPOSED = """
select
    s.objet as cle, t.nom as collectivite, t.titre, s.statut, s.statut_propose, s.preuve_nature,
    cast(s.preuve_date as varchar) as preuve_date, s.origine_id as preuve_cle, s.preuve_titre, s.preuve_url
from core.statuts_proposes as s
inner join core.traces as t on t.cle = s.objet
order by s.objet
"""


@dataclass(frozen=True)
class Upkeep:
    """What is to be done, one row a case or a page: of `links`, those gone, then those that moved, then those not read.

    `reference` is the day to which ages are counted, `release` the one read, `behind` the files of the register that are no
    longer what it read, `last_change` the newest change of the cases that historique.csv tells, `oldest_check` the oldest
    last attempt among the pages checked (both empty when there is none).
    """

    reference: str
    release: str
    behind: list[str]
    last_change: str
    old: list[dict[str, Any]]
    statuses: list[dict[str, Any]]
    links: list[dict[str, Any]]
    checked: int
    unchecked: int
    oldest_check: str
    unrecorded: list[str]

    def as_dict(self) -> dict[str, Any]:
        names = {
            "reference": "date_reference", "release": "version", "behind": "pas_encore_publies", "last_change": "dernier_changement_note",
            "old": "a_verifier", "statuses": "statuts_proposes", "links": "liens_a_reprendre",
            "checked": "liens_verifies", "unchecked": "liens_jamais_verifies", "oldest_check": "plus_ancienne_verification",
            "unrecorded": "changements_non_notes",
        }  # fmt: skip
        return {names[name]: value for name, value in asdict(self).items()}


def examine(settings: Settings, sources: dict[str, Source], who: str = "cli", wait_seconds: float = 0.0) -> Upkeep:
    """Read the current release, the last build and the register, as of today.

    Raises UsageError when nothing was released or a file of the register cannot be read, BuildFailed when the warehouse
    is not there, LockHeld.
    """
    from observatoire.release.query import ask

    release, day = examined_release(settings), today()
    old = ask(settings, release, OLD.format(today=literal(day), months=MONTHS)).as_dicts()
    used = dict(ask(settings, release, "select source, livraison from livraisons order by livraison").rows)
    cited: dict[str, list[str]] = {}
    for case in read_register(settings, CASES).rows:
        if case["source_url"]:
            cited.setdefault(case["source_url"], []).append(case["id"])
    known = [row for row in read_register(settings, NAME).rows if row["url"] in cited]
    changes = [row["date"] for row in read_register(settings, HISTORY).rows if row["fichier"] == f"{CASES}.csv"]
    with writer_lock(settings, who, wait_seconds):
        unrecorded = unrecorded_changes(settings, sources)
        statuses = proposed_statuses(settings)
    return Upkeep(
        reference=day,
        release=release.id,
        behind=[f"{name}.csv" for name in READ if used.get(name) != sha256_file(settings.register / f"{name}.csv")],
        last_change=max(changes, default=""),
        old=old,
        statuses=statuses,
        links=sorted(
            (_to_take_up(row, cited[row["url"]]) for row in known if row["etat"] in (MOVED, DEAD) or silent_since(row)),
            key=lambda row: (bool(row["muet_depuis"]), row["etat"] == MOVED, row["url"]),
        ),
        checked=len(known),
        unchecked=len(cited) - len(known),
        oldest_check=min((_attempt(row) for row in known), default=""),
        unrecorded=unrecorded,
    )


def examined_release(settings: Settings) -> Release:
    """The release in use. Raises UsageError when there is none."""
    from observatoire.release.store import current_release

    current = current_release(settings)
    if current is None:
        raise UsageError("Rien n'est publié : lancer « observatoire refresh » puis relancer.")
    return current


def _attempt(row: Row) -> str:
    return row.get("tentative") or row["date"]


def _to_take_up(row: Row, cases: list[str]) -> dict[str, Any]:
    """A page of liens.csv with the cases that cite it; older files lack columns."""
    later = {"muet_depuis": silent_since(row), "tentative": _attempt(row), "rencontre": row.get("rencontre", "")}
    return {"cas": cases, **row, **later}


def proposed_statuses(settings: Settings) -> list[dict[str, Any]]:
    """The rows of core.statuts_proposes in the last build. Raises BuildFailed, StorageError."""
    with last_build(settings) as con:
        cursor = con.execute(PROPOSED)
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
