"""What to say of the records set aside: an order where an analyst keeps the file, a count where nobody here can correct it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from observatoire.french import count
from observatoire.sources.spec import RegisterProtocol, Source

if TYPE_CHECKING:
    import duckdb


def reject_lines(con: duckdb.DuckDBPyConnection, sources: Mapping[str, Source]) -> list[str]:
    """One French line per reason to set aside a record of a register file: file, record, key, column, reason, what to do."""
    files = {name: item.protocol.file for name, item in sources.items() if isinstance(item.protocol, RegisterProtocol)}
    rows = con.execute(
        "select source, ligne, cle, colonne, motif from core.rejets where source in (select unnest(?::varchar[])) "
        "order by source, ligne, colonne, motif",
        [list(files)],
    ).fetchall()
    return [_order(files[source], *rest) for source, *rest in rows]


def set_aside_lines(con: duckdb.DuckDBPyConnection, sources: Mapping[str, Source]) -> list[str]:
    """One French line per other source: how many of its records were set aside, the commonest reason, where to read them."""
    kept = [name for name, item in sources.items() if isinstance(item.protocol, RegisterProtocol)]
    rows = con.execute(
        "with reasons as (select source, colonne, motif, count(*) as n from core.rejets group by all) "
        "select r.source, count(distinct (r.livraison, r.ligne)), "
        "(select struct_pack(colonne := colonne, motif := motif) from reasons as s where s.source = r.source "
        "order by n desc, colonne, motif limit 1) from core.rejets as r "
        "where r.source not in (select unnest(?::varchar[])) group by r.source order by r.source",
        [kept],
    ).fetchall()
    return [
        f"{source} : {count(number, 'enregistrement')} à l'écart (surtout : colonne « {first['colonne']} » : "
        f"{first['motif']}). Les lire : observatoire query \"from rejets where source = '{source}'\"."
        for source, number, first in rows
    ]


def _order(file: str, ordinal: int, key: str | None, column: str, reason: str) -> str:
    named = f" ({key})" if key else ""
    advice = (
        "Corriger (valeurs admises : data/register/vocabulaires.yml, puis relancer)."
        if " inconnu" in reason
        else "Corriger puis relancer."
    )
    return f"{file}, enregistrement {ordinal}{named}, colonne « {column} » : {reason}. {advice}"
