"""Measuring merges: what the machine proposes for pairs of traces, against pairs labelled by hand."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.errors import UsageError
from observatoire.settings import Settings
from observatoire.sql_text import literal
from observatoire.territories.evaluate import Rate
from observatoire.warehouse import connection
from observatoire.warehouse.models import load_macros

if TYPE_CHECKING:
    import duckdb

GOLD = Path("tests") / "gold" / "fusions.csv"
SAME_USE, SAME_PROJECT, DISTINCT, DOUBTFUL = "meme_usage", "meme_projet", "distincts", "a_examiner"

# The traces compared: those of the warehouse, and the records of open data that the pairs name, with every case of the same
# inventory, so that the weights of words are those of a real list.
TRACES = """
select t.trace_id, t.source, t.cle, t.du_registre, t.nom, t.siren, t.autorite, t.territoire, t.theme, t.titre, t.description,
    t.page
from entrepot.core.traces as t
where t.du_registre
union all by name
select identifiant(e.source, e.cle_source) as trace_id, e.source, e.source || '|' || e.cle_source as cle,
    false as du_registre, e.organisme as nom, s.siren, coalesce(s.siren, autorite_plate(e.organisme)) as autorite, e.titre,
    e.description, url_page(e.url) as page
from entrepot.core.contexte_europe as e
left join noms_uniques as s on s.nom = autorite_plate(e.organisme) and e.perimetre = 'france'
union all by name
select identifiant('fonds_vert', f.dossier) as trace_id, 'fonds_vert' as source, 'fonds_vert|' || f.dossier as cle,
    false as du_registre, f.beneficiaire_public as nom, f.siren, f.siren as autorite, f.departement as territoire,
    f.projet as titre
from entrepot.staging.fonds_vert as f
where 'fonds_vert|' || f.dossier in (select unnest([cle_a, cle_b]) from paires)
"""


@dataclass(frozen=True)
class MergeMeasure:
    """Counts over the pairs of one half of the gold set; `missing` names pairs whose records are not in the warehouse.

    precision: share of the pairs merged that are one use; recall: share of the pairs of one use that are merged;
    shown: share of the pairs of one use or one project that are merged or shown to analysts.
    """

    half: str
    pairs: int
    missing: int
    precision: Rate
    recall: Rate
    shown: Rate
    confusion: tuple[tuple[str, str, int], ...]
    errors: tuple[tuple[str, str, str, str], ...]


def measure_merges(settings: Settings, half: str, draw: int | None = None) -> MergeMeasure:
    """Measure the rules of merging on the pairs of `half` (apprentissage, test) of tests/gold/fusions.csv, of one draw only
    with `draw`.

    Reads the warehouse without changing it. Raises UsageError when the warehouse or the pairs are missing.
    """
    import duckdb

    gold = settings.project / GOLD
    if not gold.is_file():
        raise UsageError(f"{GOLD} est absent : la mesure se fait depuis le dépôt du projet.")
    if not settings.warehouse.is_file():
        raise UsageError("L'entrepôt n'est pas construit. Lancer « observatoire refresh ».")
    with closing(duckdb.connect()) as con:
        connection.configure(con, settings)
        con.execute(f"attach {literal(str(settings.warehouse))} as entrepot (read_only)")
        _compare(con, settings, gold)
        rows = con.execute(JUDGED, {"half": half, "draw": None if draw is None else str(draw)}).fetchall()
    return _measured(half, rows)


JUDGED = """
select p.cle_a, p.cle_b, p.relation, coalesce(r.proposition, 'rien') as proposition, a.cle is null or b.cle is null
from paires as p
left join core.traces as a on a.cle = p.cle_a
left join core.traces as b on b.cle = p.cle_b
left join core.traces_paires as r
    on r.trace_a = least(a.trace_id, b.trace_id) and r.trace_b = greatest(a.trace_id, b.trace_id)
where p.moitie = $half and coalesce(p.vague = $draw, true)
order by p.paire_id
"""


def _compare(con: duckdb.DuckDBPyConnection, settings: Settings, gold: Path) -> None:
    """core.traces_paires over the traces that the pairs name, made by the project's own models."""
    pending = load_macros(settings.sql)
    for _ in range(len(pending)):  # a macro may call one defined later
        pending = [macro for macro in pending if not _defined(con, macro.statement)]
    con.execute("create schema core")
    con.execute(f"create table paires as from read_csv({literal(str(gold))}, all_varchar = true)")
    for table in ("territoires", "millesime_reference"):
        con.execute(f"create view core.{table} as from entrepot.core.{table}")
    con.execute(
        "create table noms_uniques as select nom_plat(nom) as nom, min(siren) as siren from core.territoires "
        "where siren is not null group by all having count(distinct siren) = 1"
    )
    con.execute(f"create table core.traces as {TRACES}")
    for table in ("traces_mots", "traces_paires"):
        text = (settings.sql / "core" / f"{table}.sql").read_text(encoding="utf-8")
        con.execute(f"create table core.{table} as {text}")


def _defined(con: duckdb.DuckDBPyConnection, statement: str) -> bool:
    import duckdb

    try:
        con.execute(statement)
    except duckdb.CatalogException:
        return False
    return True


def _measured(half: str, rows: list[tuple[str, str, str, str, bool]]) -> MergeMeasure:
    found = [row[:4] for row in rows if not row[4]]
    merged = [row for row in found if row[3] == SAME_USE]
    same = [row for row in found if row[2] == SAME_USE]
    linked = [row for row in found if row[2] in (SAME_USE, SAME_PROJECT)]
    right = sum(row[2] == SAME_USE for row in merged)
    counts: dict[tuple[str, str], int] = {}
    for _, _, relation, proposal in found:
        counts[relation, proposal] = counts.get((relation, proposal), 0) + 1
    return MergeMeasure(
        half,
        len(rows),
        len(rows) - len(found),
        Rate(right, len(merged)),
        Rate(right, len(same)),
        Rate(sum(row[3] in (SAME_USE, DOUBTFUL) for row in linked), len(linked)),
        tuple((*pair, count) for pair, count in sorted(counts.items())),
        tuple(row for row in found if (row[2] == SAME_USE) != (row[3] == SAME_USE)),
    )
