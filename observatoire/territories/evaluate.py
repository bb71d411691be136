"""How well names are resolved: precision, recall and coverage against the SIREN that real deliveries carry.

The truth is what the Fonds vert says of its beneficiaries and what buyers of the DECP say of themselves. It has errors:
those met are judged one by one in a file of adjudications, each with its reason.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.errors import UsageError
from observatoire.sql_text import literal
from observatoire.territories.names import resolve

if TYPE_CHECKING:
    import duckdb

ADJUDICATIONS = Path(__file__).resolve().parents[2] / "tests" / "gold" / "noms_verites.csv"
JUDGEMENTS = {
    "successeur": "le SIREN annoncé n'est plus celui d'une collectivité : celle qui lui succède est attendue",
    "verite fausse": "le SIREN annoncé n'est pas celui de l'organisme que le nom désigne",
    "nom muet": "le nom ne désigne personne (service, budget) : rien n'est attendu",
}
OUTSIDE = "hors référence"
WILSON_Z = 1.959964


@dataclass(frozen=True)
class Rate:
    """A share of counts, with its 95 % interval (E. B. Wilson, 1927, score interval)."""

    count: int
    base: int

    @property
    def value(self) -> float | None:
        return self.count / self.base if self.base else None

    @property
    def interval(self) -> tuple[float, float] | None:
        if not self.base:
            return None
        n, p, z = self.base, self.count / self.base, WILSON_Z
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, centre - half), min(1.0, centre + half)


@dataclass(frozen=True)
class Measure:
    """The results on one source and one type of authority (or on the bodies outside the reference).

    `expected` names have a true SIREN in the reference; `right` got it, `wrong` got another one, `ambiguous` and
    `missed` got none. For bodies outside the reference, `wrong` were attached to an authority.
    """

    source: str
    type: str
    expected: int
    right: int
    wrong: int
    ambiguous: int
    missed: int

    @property
    def precision(self) -> Rate:
        return Rate(self.right, self.right + self.wrong)

    @property
    def recall(self) -> Rate:
        return Rate(self.right, self.expected)

    @property
    def coverage(self) -> Rate:
        return Rate(self.right + self.wrong, self.expected)

    @property
    def attached(self) -> Rate:
        """Share of the bodies outside the reference that were attached to an authority."""
        return Rate(self.wrong, self.expected)


def truth_of_fonds_vert(con: duckdb.DuckDBPyConnection, path: Path, table: str) -> None:
    """Create `table`: distinct beneficiary, département of the project, and the SIREN it declares.

    A SIRET in the column of SIREN is cut to its SIREN; a département code is given back its leading zero.
    """
    con.execute(
        f"""create or replace table {table} as
        select distinct
            'Fonds vert 2023' as source,
            trim(nom_beneficiaire_principal) as nom,
            cast(null as varchar) as type_indice,
            lpad(code_departement, 2, '0') as territoire_indice,
            cast(null as varchar) as siret,
            cast(null as varchar) as code_postal,
            left(regexp_replace(siren, '\\D', '', 'g'), 9) as siren_annonce
        from read_csv({literal(str(path))}, all_varchar = true, header = true, delim = ';', quote = '"')
        where nom_beneficiaire_principal is not null"""
    )


def truth_of_decp(con: duckdb.DuckDBPyConnection, paths: Sequence[Path], table: str, hinted: bool) -> None:
    """Create `table`: distinct buyer and the SIREN of its SIRET, from 2019 JSON files.

    `hinted` adds as a hint the code (département, postcode or commune) where most of its contracts are performed.
    """
    files = "[" + ", ".join(literal(str(path)) for path in paths) + "]"
    con.execute(
        f"""create or replace table {table} as
        with marches as (
            select unnest(marches) as m
            from read_json(
                {files},
                columns = {{'marches': 'STRUCT(acheteur STRUCT(id VARCHAR, nom VARCHAR),
                    lieuExecution STRUCT(code VARCHAR, "typeCode" VARCHAR))[]'}},
                maximum_object_size = 100000000
            )
        ),

        comptes as (
            select
                trim(m.acheteur.nom) as nom,
                left(m.acheteur.id, 9) as siren_annonce,
                case
                    when lower(m.lieuExecution.typeCode) in ('code département', 'code postal', 'code commune')
                        then m.lieuExecution.code
                end as lieu,
                count(*) as nombre
            from marches
            where m.acheteur.nom is not null
            group by all
        ),

        rangs as (
            select
                *,
                row_number() over (
                    partition by nom, siren_annonce order by lieu is null, nombre desc, lieu
                ) as rang
            from comptes
        )

        select
            {literal("DECP 2019" if hinted else "DECP 2019, sans indice")} as source,
            nom,
            cast(null as varchar) as type_indice,
            {"lieu" if hinted else "cast(null as varchar)"} as territoire_indice,
            cast(null as varchar) as siret,
            cast(null as varchar) as code_postal,
            siren_annonce
        from rangs
        where rang = 1"""
    )


def truth_of_decp_consolidated(con: duckdb.DuckDBPyConnection, path: Path, table: str, hinted: bool) -> None:
    """Create `table`: distinct buyer, its département and the SIREN of its SIRET, from the consolidated CSV."""
    con.execute(
        f"""create or replace table {table} as
        select distinct
            {literal("DECP 2024" if hinted else "DECP 2024, sans indice")} as source,
            trim(acheteur_nom) as nom,
            cast(null as varchar) as type_indice,
            {"acheteur_departement_code" if hinted else "cast(null as varchar)"} as territoire_indice,
            cast(null as varchar) as siret,
            cast(null as varchar) as code_postal,
            left(acheteur_id, 9) as siren_annonce
        from read_csv({literal(str(path))}, all_varchar = true, header = true, delim = ',', quote = '"')
        where acheteur_nom is not null"""
    )


def evaluate(
    con: duckdb.DuckDBPyConnection,
    truths: Iterable[str],
    target: str = "core.noms_evaluation",
    adjudications: Path | None = ADJUDICATIONS,
) -> list[Measure]:
    """Resolve the names of the tables `truths` and compare with the SIREN they declare.

    Leaves in `target` every name with what was expected, found and its verdict (juste, faux, ambigu, manqué, attaché,
    laissé). Without `adjudications` the truth is taken as it comes. Returns measures by source then type.
    Raises UsageError when an adjudication is of no known kind.
    """
    union = " union all by name ".join(f"select * from {table}" for table in truths)
    con.execute(
        f"""create or replace temp table noms_verites as
        select printf('%06d', row_number() over (order by source, nom, territoire_indice, siren_annonce)) as nom_id, *
        from ({union})"""
    )
    _load_adjudications(con, adjudications)
    resolve(con, "temp.noms_verites", "temp.noms_trouves")
    con.execute(
        f"""create or replace table {target} as
        with reference as (
            select siren, min(type) as type
            from core.territoires
            where siren is not null
            group by siren
        ),

        attendus as (
            select
                v.*,
                j.jugement,
                case
                    when j.jugement = 'nom muet' then null
                    when j.jugement is not null then nullif(j.siren_juste, '')
                    else v.siren_annonce
                end as siren_attendu
            from temp.noms_verites as v
            left join temp.noms_jugements as j
                on j.nom = v.nom and j.siren_annonce = v.siren_annonce and contains(v.source, j.source)
        )

        select
            a.source,
            a.nom,
            a.territoire_indice,
            a.siren_annonce,
            a.jugement,
            if(r.siren is null, null, a.siren_attendu) as siren_attendu,
            coalesce(r.type, {literal(OUTSIDE)}) as type,
            t.siren as siren_trouve,
            t.siren_statut,
            t.regle,
            t.score,
            t.candidats,
            case
                when r.siren is not null and t.siren = a.siren_attendu then 'juste'
                when r.siren is not null and t.siren is not null then 'faux'
                when r.siren is not null and t.siren_statut = 'ambigu' then 'ambigu'
                when r.siren is not null then 'manqué'
                when t.siren is not null then 'attaché'
                else 'laissé'
            end as verdict
        from attendus as a
        inner join temp.noms_trouves as t on t.nom_id = a.nom_id
        left join reference as r on r.siren = a.siren_attendu"""
    )
    rows = con.execute(
        f"""select source, type, count(*),
            count(*) filter (verdict = 'juste'),
            count(*) filter (verdict in ('faux', 'attaché')),
            count(*) filter (verdict = 'ambigu'),
            count(*) filter (verdict = 'manqué')
        from {target} group by source, type order by source, type = {literal(OUTSIDE)}, type"""
    ).fetchall()
    return [Measure(*row) for row in rows]


def total(measures: Iterable[Measure], source: str) -> Measure:
    """The authorities of all types of one source, together; bodies outside the reference are left out."""
    kept = [measure for measure in measures if measure.source == source and measure.type != OUTSIDE]
    counts = [
        sum(getattr(measure, name) for measure in kept)
        for name in ("expected", "right", "wrong", "ambiguous", "missed")
    ]
    return Measure(source, "ensemble", *counts)


def outside(measures: Iterable[Measure], source: str) -> Measure:
    """The bodies outside the reference of one source."""
    for measure in measures:
        if measure.source == source and measure.type == OUTSIDE:
            return measure
    return Measure(source, OUTSIDE, 0, 0, 0, 0, 0)


def table(measures: Sequence[Measure]) -> str:
    """The measures as a Markdown table in French."""
    lines = [
        "| Source | Type | Noms | Justes | Faux | Ambigus | Manqués | Précision | Rappel | Couverture |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for source in dict.fromkeys(measure.source for measure in measures):
        own = [measure for measure in measures if measure.source == source and measure.type != OUTSIDE]
        for m in [*own, total(measures, source)]:
            counts = f"{m.expected} | {m.right} | {m.wrong} | {m.ambiguous} | {m.missed}"
            lines.append(
                f"| {source} | {m.type} | {counts} | {_shown(m.precision)} | {_shown(m.recall)} | {_shown(m.coverage)} |"
            )
        m = outside(measures, source)
        lines.append(
            f"| {source} | {OUTSIDE} | {m.expected} | | {m.wrong} | | | rattachés : {_shown(m.attached)} | | |"
        )
    return "\n".join(lines)


def _shown(rate: Rate) -> str:
    if rate.value is None or rate.interval is None:
        return ""
    low, high = rate.interval
    percent = [f"{100 * value:.1f}".replace(".", ",") for value in (rate.value, low, high)]
    return f"{percent[0]} % [{percent[1]} ; {percent[2]}]"


def _load_adjudications(con: duckdb.DuckDBPyConnection, path: Path | None) -> None:
    con.execute(
        "create or replace temp table noms_jugements "
        "(source varchar, nom varchar, siren_annonce varchar, jugement varchar, siren_juste varchar)"
    )
    if path is None:
        return
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows, 2):
        if row["jugement"] not in JUDGEMENTS:
            raise UsageError(
                f"{path.name}, ligne {number} : jugement « {row['jugement']} » inconnu. "
                f"Écrire l'un de : {', '.join(JUDGEMENTS)}."
            )
    values = [[row[name] for name in ("source", "nom", "siren_annonce", "jugement", "siren_juste")] for row in rows]
    if values:
        con.executemany("insert into temp.noms_jugements values (?, ?, ?, ?, ?)", values)
