"""The sampling frame: every authority of a release's reference at one vintage, once each, with its stratum."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from observatoire.errors import SurveyError, UsageError
from observatoire.settings import Settings

COLUMNS = ("siren", "nom", "type", "strate", "departement", "region", "population")
NEEDED = ("siren", "nom", "strate")
# An authority may appear at two levels (Paris is a commune and a département): it answers once, at the first of these.
QUERY = """
select siren, nom, type, type || ' ' || strate, coalesce(departements[1], ''), coalesce(region, ''), population
from territoires
where millesime = cast($1 as date) and siren is not null and strate is not null
qualify row_number() over (
    partition by siren
    order by list_position(['collectivite_statut_particulier', 'departement', 'region', 'epci', 'ept', 'commune'], type), code
) = 1
order by siren
"""


@dataclass(frozen=True)
class Unit:
    """One authority of the frame."""

    siren: str
    nom: str
    type: str
    strate: str
    departement: str
    region: str
    population: int | None


@dataclass(frozen=True)
class Frame:
    """Units sorted by SIREN, each once. `origin` says where they come from, `left_out` how many could not enter."""

    units: tuple[Unit, ...]
    vintage: str
    origin: str
    left_out: int = 0

    @property
    def sizes(self) -> dict[str, int]:
        """N_h by stratum, in the order of their names."""
        return dict(sorted(Counter(unit.strate for unit in self.units).items()))

    def only(self, strata: Collection[str]) -> Frame:
        """The frame narrowed to these strata (all of them when empty). Raises SurveyError on an unknown one."""
        if not strata:
            return self
        known = self.sizes
        if unknown := sorted(set(strata) - known.keys()):
            raise SurveyError(f"Strate « {unknown[0]} » absente du cadre. Strates du cadre : {', '.join(known)}.")
        kept = tuple(unit for unit in self.units if unit.strate in set(strata))
        return Frame(kept, self.vintage, self.origin, self.left_out)


def frame_of_release(settings: Settings, version: str = "current", vintage: str | None = None) -> Frame:
    """The frame that the table `territoires` of a release gives at `vintage` (by default the newest that knows the EPCI).

    Strata are « type strate ». Raises SurveyError when the release holds only the authorities that the register cites,
    UsageError when it does not hold that vintage.
    """
    from observatoire.release.query import opened
    from observatoire.release.store import find_release

    release = find_release(settings, version)
    if release.about()["perimetre"] != "complet":
        raise SurveyError(
            f"La version {release.id} ne contient que les collectivités citées par le registre : elle ne peut pas servir de "
            "cadre. Lancer « observatoire refresh --live » pour prendre toute la référence, ou donner un cadre avec --cadre."
        )
    with opened(settings, release) as con:
        found = con.execute(
            "select millesime, bool_or(type = 'epci') from territoires group by 1 order by 1"
        ).fetchall()
        known, whole = [row[0].isoformat() for row in found], [row[0].isoformat() for row in found if row[1]]
        chosen = (f"{vintage}-01-01" if len(vintage) == 4 else vintage) if vintage else (whole or known)[-1]
        if chosen not in known:
            raise UsageError(
                f"Millésime « {vintage} » absent de la version {release.id} (connus : {', '.join(known)})."
            )
        rows = con.execute(QUERY, [chosen]).fetchall()
        absent = con.execute(
            "select count(*) from territoires where millesime = cast($1 as date) and (siren is null or strate is null)",
            [chosen],
        ).fetchone()
    units = tuple(Unit(*row) for row in rows)
    return Frame(units, chosen, f"version {release.id}, table territoires", absent[0] if absent else 0)


def frame_of_file(path: Path, vintage: str) -> Frame:
    """A frame handed over as CSV (comma, UTF-8): siren, nom, strate, and if known type, departement, region, population.

    Raises UsageError when the file is missing, SurveyError naming the line when it cannot be used.
    """
    if not path.is_file():
        raise UsageError(f"Cadre « {path} » introuvable. Vérifier le chemin donné.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            heads, rows = reader.fieldnames or [], list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise SurveyError(
            f"{path.name} : illisible. L'enregistrer en « CSV UTF-8 » séparé par des virgules."
        ) from error
    if missing := [name for name in NEEDED if name not in heads]:
        raise SurveyError(f"{path.name} : colonne « {missing[0]} » absente. Un cadre a au moins {', '.join(NEEDED)}.")
    units = sorted((_unit(path, number, row) for number, row in enumerate(rows, 2)), key=lambda unit: unit.siren)
    _refuse_twice(path, units)
    return Frame(tuple(units), vintage, path.name)


def _unit(path: Path, line: int, row: dict[str, str]) -> Unit:
    values = {name: (row.get(name) or "").strip() for name in COLUMNS}
    if empty := [name for name in NEEDED if not values[name]]:
        raise SurveyError(f"{path.name}, ligne {line} : « {empty[0]} » est vide. Le compléter ou retirer la ligne.")
    count = values["population"]
    if count and not count.isdigit():
        raise SurveyError(f"{path.name}, ligne {line} : population « {count[:20]} » n'est pas un nombre entier.")
    return Unit(
        values["siren"], values["nom"], values["type"], values["strate"], values["departement"], values["region"],
        int(count) if count else None,
    )  # fmt: skip


def _refuse_twice(path: Path, units: Sequence[Unit]) -> None:
    twice = [siren for siren, times in Counter(unit.siren for unit in units).items() if times > 1]
    if twice:
        raise SurveyError(
            f"{path.name} : le SIREN {twice[0]} figure deux fois. Une collectivité n'est tirée qu'une fois."
        )
    if not units:
        raise SurveyError(f"{path.name} : aucune collectivité. Donner le cadre complet.")
