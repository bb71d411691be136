"""Regular expressions made from lists of terms, for DuckDB's RE2 (no lookaround, linear time)."""

from __future__ import annotations

from collections.abc import Iterable

# What the normal form removes or reads as a letter, beside ASCII, Latin-1, œ and U+FFFD: marks that combine, soft hyphens,
# the letters of other Latin blocks. A text that holds one is always judged in full, so that the prefilter needs to know the
# accents of Latin-1 only. tests/judgement tries every character of Unicode against this list.
RARE = r"[\x{AD}\x{100}-\x{151}\x{154}-\x{24F}\x{1D00}-\x{1D7F}\x{1E00}-\x{1EFF}\x{200B}-\x{200D}\x{2060}\x{212A}\x{212B}\x{FEFF}]|\p{M}"
ACCENTS = {
    "a": "ÀÁÂÃÄÅàáâãäå", "c": "Çç", "e": r"ÈÉÊËèéêë\x{FFFD}", "i": "ÌÍÎÏìíîï", "n": "Ññ", "o": "ÒÓÔÕÖòóôõö",
    "u": "ÙÚÛÜùúûü", "y": "Ýýÿ",
}  # fmt: skip
LIGATURES = {"oe": "[œŒ]", "ae": "[æÆ]"}
WORD_LIMIT = "[^0-9A-Za-z]"


def prefilter(starts: Iterable[str]) -> str:
    """A pattern over raw texts that matches whenever the normal form of the text holds one of `starts`, and sometimes else.

    It reads the text once, as it was received; the property test of tests/judgement proves that nothing is lost.
    """
    return "|".join([*(raw(start) for start in starts), RARE])


def raw(start: str) -> str:
    """A pattern for a piece of normal form as people write it: any accent of Latin-1, any other run for a space."""
    body = (WORD_LIMIT + "+").join(_raw_word(word) for word in start.strip().split(" "))
    first = f"(?:^|{WORD_LIMIT})" if start.startswith(" ") else ""
    last = f"(?:{WORD_LIMIT}|$)" if start.endswith(" ") else ""
    return first + body + last


def _raw_word(word: str) -> str:
    return "".join(
        _either(word, at)
        if word[at : at + 2] in LIGATURES
        else ""
        if word[at - 1 : at + 1] in LIGATURES and at
        else one
        for at, one in enumerate(_raw_letter(word, at) for at in range(len(word)))
    )


def _either(word: str, at: int) -> str:
    return f"(?:{_raw_letter(word, at)}{_raw_letter(word, at + 1)}|{LIGATURES[word[at : at + 2]]})"


def _raw_letter(word: str, at: int) -> str:
    letter, more = word[at], ACCENTS.get(word[at], "")
    if letter == "e" and at == 0:  # the second half of a ligature
        more += "ÆæŒœ"
    if letter in "ao" and at == len(word) - 1:  # the first half
        more += LIGATURES[letter + "e"].strip("[]")
    return f"[{letter}{letter.upper()}{more}]"
