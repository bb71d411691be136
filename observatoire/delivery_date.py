"""The date of a delivery, and who says it: nothing is dated by the day it came without saying so."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from observatoire.archive import ANALYST, ARRIVAL, FILE, ORIGINS, REGISTER, SERVER, Delivery
from observatoire.clock import day_of
from observatoire.errors import DeliveryRefused, UsageError
from observatoire.protocols import Fetched, NotModified
from observatoire.review.sheet import read_date
from observatoire.review.signature import past_day
from observatoire.settings import Settings
from observatoire.sources.spec import RegisterProtocol, Source

HISTORY = "historique.csv"
FIRST = "1990-01-01"  # no file of ours can be older: what they count did not exist, nor did the web that serves them


@dataclass(frozen=True)
class Dated:
    """An ISO date and what says it; both None for a file of the register without history."""

    day: str | None
    origin: str | None


def date_given(text: str | None, file: Path | None) -> str | None:
    """AAAA-MM-JJ of the date that an analyst gives to a file. Raises UsageError when it is empty, no date, before 1990 or
    after today, or comes without a file: what an address answers is dated by its server."""
    if text is None:
        return None
    if not text.strip():
        raise UsageError("La date donnée est vide : écrire « --date AAAA-MM-JJ », ou ôter « --date ».")
    if file is None:
        raise UsageError("Une date se donne avec le fichier qu'elle date : ajouter « --file CHEMIN », ou l'omettre.")
    day = past_day(text)
    if day < FIRST:
        raise UsageError(
            f"La date {day} est impossible : aucun fichier de ces sources n'est d'avant 1990. La corriger."
        )
    return day


def dated(settings: Settings, source: Source, received: Fetched, given: str | None, moment: str) -> Dated:
    """What dates bytes received at `moment`: the register's history for its files; else the analyst (`given`), the name
    of the file where the source says how to read it, the server; else the day they came.

    Raises DeliveryRefused when the name of the file holds a day that does not exist or has not come.
    """
    arrived = day_of(moment)
    if isinstance(source.protocol, RegisterProtocol):
        noted = register_date(settings.register, source.protocol.file, arrived)
        return Dated(noted, REGISTER) if noted else Dated(given, ANALYST if given else None)
    if given:
        return Dated(given, ANALYST)
    if named := _named(source, _file_name(received), arrived):
        return Dated(named, FILE)
    if received.date and received.date <= arrived:  # a server whose clock is ahead dates nothing
        return Dated(received.date, SERVER)
    return Dated(arrived, ARRIVAL)


def dated_again(current: Delivery, found: Dated) -> Dated:
    """The date of bytes seen once more: what is surest, and of two equally sure what is said now; they arrived once."""
    known = Dated(current.date, current.date_origin)
    if found.origin in (None, ARRIVAL):
        return known
    if known.origin is None or found.origin == REGISTER:
        return found
    return min(found, known, key=lambda item: ORIGINS.index(item.origin or ARRIVAL))


def received_on(source: Source, delivery: Delivery) -> str | None:
    """The day the observatory came to know of a delivery, whatever the date it bears: that of its arrival; for a file of the
    register, that of its history, which is the same on every machine."""
    return delivery.date if isinstance(source.protocol, RegisterProtocol) else day_of(delivery.first_seen)


def remarks(source: Source, received: Fetched | NotModified, before: Delivery | None, delivery: Delivery) -> list[str]:
    """What to say of the date of a delivery, known or not `before`: that it changed, is contradicted, or is told by
    nothing. In French, one sentence each."""
    said = (redated(received, before, delivery), _contradiction(source, received, delivery), _undated(source, delivery))
    return [sentence for sentence in said if sentence]


def _undated(source: Source, delivery: Delivery) -> str | None:
    """What to say of a file given by hand that nothing dates, in French."""
    if not delivery.by_hand or delivery.date_origin != ARRIVAL:
        return None
    return (
        f"Rien ne dit la date de « {delivery.url} » : {source.id} est daté de son arrivée ({delivery.date}). "
        "Le redonner avec « --date AAAA-MM-JJ »."
    )


def redated(received: Fetched | NotModified, before: Delivery | None, after: Delivery) -> str | None:
    """That giving a file again changed the date of its bytes, in French. Servers and the register change theirs as a
    matter of course."""
    if before is None or not _given_by_hand(received) or _told(before) == _told(after):
        return None
    return f"Date changée : {_told(before)} → {_told(after)}."


def _contradiction(source: Source, received: Fetched | NotModified, delivery: Delivery) -> str | None:
    """That the name of a file given by hand holds another date than the one its analyst states, in French."""
    found = _day_in_name(source, _file_name(received)) if _given_by_hand(received) else None
    if found is None or delivery.date_origin != ANALYST or read_date(found) == delivery.date:
        return None
    return (
        f"Le nom « {received.url} » porte une autre date ({found}) que celle de l'analyste ({delivery.date}), qui est "
        "retenue : vérifier laquelle est la bonne."
    )


def _given_by_hand(received: Fetched | NotModified) -> bool:
    return "/" not in received.url


def _file_name(received: Fetched | NotModified) -> str:
    return received.url.rpartition("/")[2]


def _told(delivery: Delivery) -> str:
    """« arrivée 2026-11-28 »: a date after what says it."""
    origin = "arrivée" if delivery.date_origin == ARRIVAL else delivery.date_origin
    return " ".join(filter(None, (origin, delivery.date))) or "sans date"


def register_date(register: Path, file: str, last: str) -> str | None:
    """The newest date that historique.csv gives for a file of the register (for itself: the newest of all), up to the
    day `last`: a history dated later is refused as a source."""
    path = register / HISTORY
    if not path.is_file():
        return None
    # A history in another encoding is refused as a source, in its own name; its dates remain legible.
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as handle:
        rows = list(csv.DictReader(handle))
    dates = [row.get("date") or "" for row in rows if file == HISTORY or row.get("fichier") == file]
    known = [date for date in dates if re.fullmatch(r"\d{4}-\d{2}-\d{2}", date) and date <= last]
    return max(known, default=None)


def _named(source: Source, name: str, arrived: str) -> str | None:
    """The date in the name of a file, None where the source does not say how to read it or the name holds none."""
    found = _day_in_name(source, name)
    if found is None:
        return None
    day = read_date(found)
    reason = None
    if day is None:
        reason = "n'existe pas"
    elif day > arrived:
        reason = f"est après aujourd'hui ({arrived})"
    elif day < FIRST:
        reason = "est impossible, avant 1990"
    if day is None or reason:
        raise DeliveryRefused(
            f"{source.id} : la date {found} du nom « {name} » {reason}. Livraison refusée. "
            "Corriger le nom, ou donner la date avec « --date AAAA-MM-JJ »."
        )
    return day


def _day_in_name(source: Source, name: str) -> str | None:
    """What the name of a file holds for a date, as it is written."""
    found = re.search(source.date_in_name, name) if source.date_in_name else None
    return found[1] if found else None
