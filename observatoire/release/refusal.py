"""Why a query was refused, in French: DuckDB words it in English, over several lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

ABSENT_TABLE = "la table « {0} » n'existe pas"
ABSENT_COLUMN = "la colonne « {0} » n'existe pas"
REFUSED_FILE = "le fichier « {0} » n'est pas une table publiée : rien d'autre n'est lu ni écrit"
# What DuckDB says of the mistakes made with published tables; anything else is quoted as DuckDB's.
KINDS = (
    (r'Referenced column "(.+?)" not found', ABSENT_COLUMN),
    (r'Column "(.+?)" in EXCLUDE list not found', ABSENT_COLUMN),
    (r'Column "(.+?)" does not exist', ABSENT_COLUMN),
    (r'Values list "(.+?)" does not have a column named "(.+?)"', "« {0} » n'a pas de colonne « {1} »"),
    (r"Table with name (\S+) does not exist", ABSENT_TABLE),
    (r'Referenced table "(.+?)" not found', "« {0} » n'est pas une table de la requête"),
    (r"Function with name (\S+) does not exist", "la fonction « {0} » n'existe pas"),
    (r"No function matches the given name and argument types '(.+?)'",
     "aucune fonction ne convient à {0} : convertir les valeurs (cast)"),
    (r'column "(.+?)" must appear in the GROUP BY',
     "la colonne « {0} » doit être dans GROUP BY ou dans un agrégat (any_value, count…)"),
    (r"Could not convert string '(.+)' to (\w+)", "la valeur « {0} » ne se convertit pas en {1}"),
    (r'Cannot access file "(.+?)"', REFUSED_FILE),
    (r'syntax error at or near "(.+?)"', "erreur de syntaxe près de « {0} »"),
    (r"syntax error at end of input", "la requête s'arrête avant la fin"),
    (r"unterminated (?:string literal|quoted string)", "une apostrophe ouvre un texte qui n'est pas fermé"),
)  # fmt: skip
NEAR = re.compile(r"^(?:Candidate (?:bindings|tables): |Did you mean )(.+?)\??$", re.MULTILINE)


def refusal(said: str, tables: Sequence[str]) -> str:
    """One French line from what DuckDB said of a query: what is wrong, the names close to it, where to find the others."""
    reason, wording = _reason(said)
    found = NEAR.search(said)
    names = re.findall(r'"([^"]+)"', found[1]) if found else []
    near = f" Proches : {', '.join(names)}." if names else ""
    if wording in (ABSENT_TABLE, REFUSED_FILE):
        rest = f" Tables : {', '.join(tables)}."
    elif wording == ABSENT_COLUMN:
        rest = " Toutes les colonnes d'une table : « describe TABLE »."
    else:
        rest = ""
    return f"Requête refusée : {reason}.{near}{rest}"


def _reason(said: str) -> tuple[str, str | None]:
    """The reason, and the wording it was given; None when DuckDB's own words are quoted."""
    for pattern, wording in KINDS:
        if found := re.search(pattern, said):
            return wording.format(*found.groups()), wording
    first = said.strip().splitlines()[0].rstrip(" .!:")
    return f"DuckDB répond « {first} »", None
