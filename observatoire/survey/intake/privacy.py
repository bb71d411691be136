"""The door of the archive: who answered is a keyed hash, and what looks like a person is refused or dropped.

A keyed hash (HMAC-SHA-256, RFC 2104, 1997) cannot be recomputed from a list of tokens or of numbers without the key.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import unicodedata
from collections.abc import Mapping, Sequence

from observatoire.errors import DeliveryRefused, UsageError
from observatoire.persons import contact_in
from observatoire.survey.intake.exports import Export

KEY = "OBSERVATOIRE_SURVEY_KEY"
KEY_LENGTH = 32
PERSONS = frozenset(
    {
        "mail", "email", "mails", "courriel", "courriels", "messagerie", "adresse", "adresses", "telephone", "tel",
        "telephones", "portable", "mobile", "phone", "fax", "nom", "noms", "prenom", "prenoms", "name", "names",
        "firstname", "lastname", "surname", "fonction", "fonctions", "contact", "contacts", "interlocuteur",
        "interlocutrice", "repondant", "repondante", "repondants", "signataire", "civilite", "naissance", "referent",
        "referente", "ip",
    }
)  # fmt: skip


def survey_key(environ: Mapping[str, str] | None = None) -> bytes:
    """The key of the respondents' hashes. Raises UsageError when it is absent or short; no message quotes it."""
    value = (os.environ if environ is None else environ).get(KEY, "")
    if len(value) < KEY_LENGTH:
        what = "n'est pas définie" if not value else f"a moins de {KEY_LENGTH} caractères"
        raise UsageError(
            f"La variable d'environnement {KEY} {what} : sans clé, les réponses ne sont pas pseudonymisées et rien n'est "
            "importé. Reprendre la clé gardée par l'association ; la première fois, en créer une avec "
            '« python -c "import secrets; print(secrets.token_hex(32))" » et la garder hors du projet.'
        )
    return value.encode()


def keyed(key: bytes, *parts: str) -> str:
    """32 hexadecimal digits that stand for `parts`; the same key and parts always give the same."""
    message = "\x1f".join(parts).encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:32]


def refuse_persons(export: Export, unlisted: Sequence[int]) -> None:
    """Pass columns that the codebook does not list and that show no sign of a person.

    Raises DeliveryRefused naming the column by its rank and the sign, never a value; the head is named only when it
    is what gives the sign.
    """
    for place in unlisted:
        head = export.heads[place]
        if word := person_word(head):
            raise _refused(place, f"son en-tête contient « {word} »")
        for cell in (head, *export.columns[place]):
            if cell and (what := contact_in(cell)):
                raise _refused(place, f"elle contient {what}")


def person_word(head: str) -> str | None:
    """The word of a head that says that the column names a person, None when there is none."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", head)
    flat = (
        unicodedata.normalize("NFKD", parted).encode("ascii", "ignore").decode().casefold().replace("e-mail", "email")
    )
    return next((word for word in re.findall(r"[a-z]+", flat) if word in PERSONS), None)


def _refused(place: int, why: str) -> DeliveryRefused:
    return DeliveryRefused(
        f"Colonne n° {place + 1} inconnue du livre de codes et qui semble nommer une personne ({why}) : rien n'est importé. "
        "Refaire l'export sans elle, ou l'écrire dans `dropped` du livre de codes pour qu'elle soit jetée à l'entrée."
    )
