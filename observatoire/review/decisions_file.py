"""What a decision is about and how its value is written: shared by the export and by what reads it back."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

from observatoire.review.sheet import Column, read_siren
from observatoire.vocabularies import load_vocabularies

NAME = "decisions"
LISTS = {
    "detection": "decision_detection",
    "theme": "theme",
    "finalite": "decision_finalite",
    "statut": "statut",
    "fusion": "decision_fusion",
    "role": "role",
    "droit_de_reponse": "contestation",
}
NOBODY = "aucune"
NO_ROLE = "aucun"
TOGETHER = " + "  # between two records of a pair, a record and an actor, two roles of one actor
OBJECT, KEY, EXPECTED, DECISION, REASON, AUTHOR = "objet", "clé", "valeur attendue", "décision", "motif", "auteur"
DATE, NATURE, GUIDE, PROOF = "date", "nature", "guide", "preuve de la décision"
COLUMNS = (
    Column(OBJECT, 14),
    Column(KEY, 22),
    Column("collectivité", 24),
    Column("texte", 60),
    Column("preuve", 30),
    Column("raison du doute", 28),
    Column("candidats", 34),
    Column("la machine ferait", 24),
    Column(EXPECTED, 16),
    Column(NATURE, 11),
    Column(GUIDE, 14),
    Column(DECISION, 18, True),
    Column(REASON, 40, True),
    Column(AUTHOR, 18, True),
    Column(DATE, 12, True),
    Column(PROOF, 30, True),
)


def flat(text: str) -> str:
    """A text without case, accents, doubled or odd spaces: what two ways of typing it have in common."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(bare.replace("’", "'").casefold().replace("_", " ").split())


def choices(register: Path) -> dict[str, list[str]]:
    """The codes that may be decided of each kind of object; none for a name, which takes a SIREN.

    A role comes alone or with another, as `read_value` writes two of them; three are typed.
    """
    vocabularies = load_vocabularies(register)
    codes = {kind: list(vocabularies[name]) for kind, name in LISTS.items()}
    pairs = [TOGETHER.join(pair) for pair in combinations(sorted(codes["role"]), 2)]
    return codes | {"role": [*codes["role"], *pairs, NO_ROLE]}


def readings(register: Path) -> dict[str, dict[str, str]]:
    """For each kind of object, every way of writing a code (code, French label, other values) and the code."""
    vocabularies = load_vocabularies(register)
    return {
        kind: {
            flat(word): code
            for code, labels in vocabularies[name].items()
            for word in (labels["fr"], *labels.get("register", []), code)
        }
        for kind, name in LISTS.items()
    }


YES_NO = {"vrai": "oui", "true": "oui", "faux": "non", "false": "non"}


def read_value(kind: str, text: str, known: Mapping[str, Mapping[str, str]]) -> str:
    """The code that a cell means, or the cell itself when it means none: the rules of staging then say so."""
    clean = text.strip()
    if kind == "role":
        return _roles(clean, known.get(kind, {}))
    if kind == "nom":
        first = clean.split(" ")[0] if read_siren(clean) is None else clean
        return NOBODY if flat(clean) in ("aucune", "aucun") else read_siren(first) or clean
    word = YES_NO.get(flat(clean), flat(clean)) if kind in ("detection", "finalite") else flat(clean)
    return known.get(kind, {}).get(word, clean)


def read_expected(kind: str, text: str, known: Mapping[str, Mapping[str, str]]) -> str:
    """What a cell says that the machine said, written as a value is; empty: nothing, which is what « aucun » role means."""
    if kind == "nom":
        return read_siren(text) or text
    value = read_value(kind, text, known)
    return "" if kind == "role" and value == NO_ROLE else value


def _roles(text: str, known: Mapping[str, str]) -> str:
    """The codes of one actor's roles, in the order of the alphabet, or the text itself when a word is no role."""
    if flat(text) in ("aucun", "aucune"):
        return NO_ROLE
    codes = [known.get(flat(word)) for word in text.replace(",", "+").split("+")]
    return TOGETHER.join(sorted({code for code in codes if code})) if all(codes) else text


def read_key(kind: str, text: str) -> str:
    """The key that a cell means: an actor's SIREN gets back the spaces and zeros that a spreadsheet changed."""
    clean = text.strip()
    record, joined, actor = clean.rpartition(TOGETHER)
    return f"{record}{TOGETHER}{read_siren(actor) or actor}" if kind == "role" and joined else clean


def object_of(kind: str, key: str) -> tuple[str, str]:
    """What two decisions on one object have in common (see the macro decision_objet)."""
    clean = key.strip()
    if kind == "nom":
        return kind, clean.lower()
    if kind == "role":
        record, _, actor = clean.rpartition(TOGETHER)
        return kind, record + TOGETHER + flat(actor.split("|")[0])
    return kind, TOGETHER.join(sorted(clean.split(TOGETHER))) if kind == "fusion" else clean


HELP: Sequence[str] = (
    "Remplir « décision » et « motif » ; laisser vide ce qui n'est pas tranché.",
    "« auteur » peut rester vide s'il est donné à l'application ; « date » aussi : c'est alors celle du jour.",
    "Ne changer ni « objet », ni « clé », ni « valeur attendue », ni « nature » : elles disent de quoi l'on parle et protègent d'une source qui change.",
    "nom : le SIREN de la collectivité, ou « aucune ».",
    "detection : oui, à examiner ou non. finalite : oui ou non. theme et statut : un code de la liste.",
    "fusion : meme_usage, meme_projet ou distincts.",
    "role : porteur, utilisateur, financeur ou exploitant, plusieurs séparés par « + », ou aucun.",
    "Pour donner un rôle à un autre organisme : une ligne de plus, objet « role », clé « cas_usage|v001 + SIREN » ou « cas_usage|v001 + Nom|autre », valeur attendue vide.",
    "droit_de_reponse : contestee, rectifiee, maintenue ou retiree ; le motif porte les mots de la collectivité.",
    "nature « arbitrage » : deux analystes ont décidé autrement, cette décision tranche.",
    "Puis : observatoire review apply FICHIER --auteur « Prénom Nom ».",
)
