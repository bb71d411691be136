"""From a figure or a use to the rows and bytes it comes from."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from observatoire.archive import Archive
from observatoire.errors import ArchiveCorrupted, UsageError
from observatoire.release.query import opened
from observatoire.release.store import Release
from observatoire.settings import Settings
from observatoire.sources.spec import CsvFormat, Source
from observatoire.sql_text import literal
from observatoire.warehouse import Model, load_models
from observatoire.warehouse.lineage import Lineage

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]
Place = tuple[str, str, int]  # source, delivery, ordinal

REGISTER = "cas_usage"  # the source that the keys of the register belong to
PAIR = " + "  # between the two records that a merge decision is about


@dataclass(frozen=True)
class Record:
    """A received record: its place in the archive, its bytes' state, its content as received, corrections applied."""

    source: str
    livraison: str
    ligne: int
    cle: str | None
    fichier: str
    lignes_du_fichier: str | None
    octets: str
    contenu: dict[str, Any] | None
    corrections: list[Row]


@dataclass(frozen=True)
class Trace:
    """What an identifier designates, down to the records.

    `nature`: indicateur, usage, preuve, chiffre, candidat or decision. `candidats`: what the machine judged of records of
    other sources; `heritiers`: the identifiers that a decision joined or separated.
    """

    id: str
    release: str
    nature: str
    fait: Row
    usages: list[Row]
    preuves: list[Row]
    decisions: list[Row]
    candidats: list[Row]
    heritiers: list[Row]
    enregistrements: list[Record]
    colonnes: dict[str, list[str]]

    def as_dict(self) -> Row:
        return json.loads(json.dumps(asdict(self), ensure_ascii=False, default=str))  # type: ignore[no-any-return]


TABLES = {
    "indicateur": "indicateurs",
    "usage": "usages",
    "preuve": "preuves",
    "chiffre": "chiffres_publies",
    "candidat": "candidats",
    "decision": "decisions",
}


def trace(settings: Settings, release: Release, wanted: str, sources: dict[str, Source]) -> Trace:
    """Follow an identifier to its bytes: a figure, a use (its id or its key in the register), a piece of evidence, a quoted
    figure, a candidate (its id, « source|clé » or its key) or a decision, which leads to what it is about.

    Reads the release and the archive only: no network. Raises UsageError when nothing has this identifier.
    """
    with opened(settings, release) as con:
        nature, fact = _find(con, wanted, sources)
        keys = _keys(nature, fact)
        uses = _uses(con, nature, fact, keys)
        evidence = _evidence(con, nature, fact, uses)
        judged = _candidates(con, fact, keys)
        decided = (
            [fact]
            if nature == "decision"
            else _decisions(con, uses, {*keys, *(f"{row['source']}|{row['cle_source']}" for row in evidence)})
        )
        heirs = _heirs(con, fact) if nature == "decision" else []
        places: dict[Place, str | None] = {
            (row["source"], row["livraison"], row["ligne"]): row[name]
            for rows, name in ((judged, "cle"), (evidence, "cle_source"))
            for row in rows
        }
        if nature == "chiffre":
            places = {("chiffres_publies", fact["livraison"], fact["ligne"]): None}
        if nature == "indicateur" and fact.get(
            "livraison"
        ):  # estimated from a survey: the rows behind it are restricted
            places = {("enquetes_chiffres", fact["livraison"], fact["ligne"]): None}
        records = [_record(settings, con, sources, place, key) for place, key in places.items()]
    origins = table_origins(settings, TABLES[nature])
    return Trace(wanted, release.id, nature, fact, uses, evidence, decided, judged, heirs, records, origins)


def table_origins(settings: Settings, table: str) -> dict[str, list[str]]:
    """For each column of a published table, the columns of received files (or of Python models) it is computed from."""
    from observatoire.quality.spec import load_table_specs

    types = {f"curated.{name}": spec.types for name, spec in load_table_specs(settings.sql).items()}
    models = {model.name: model for model in load_models(settings.sql, {}, types)}
    lineage = Lineage(models, _schema(settings, models))
    return {column: lineage.origins(f"curated.{table}", column) for column in types[f"curated.{table}"]}


def _schema(settings: Settings, models: dict[str, Model]) -> dict[str, dict[str, str]]:
    """Columns of every table: from the warehouse when it is there, else from specifications and SELECTs."""
    import duckdb

    from observatoire.build import schema_of

    if settings.warehouse.is_file():
        try:
            with closing(duckdb.connect(str(settings.warehouse), read_only=True)) as con:
                return schema_of(con)
        except duckdb.Error:
            pass
    return {name: dict(model.columns) for name, model in models.items()}


def _one(con: duckdb.DuckDBPyConnection, query: str) -> Row | None:
    rows = _rows(con, query)
    return rows[0] if rows else None


def _rows(con: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    cursor = con.execute(query)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _has(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether the release holds this table: those made before it was published do not."""
    return bool(_rows(con, f"select 1 from information_schema.tables where table_name = {literal(table)}"))


def _find(con: duckdb.DuckDBPyConnection, wanted: str, sources: dict[str, Source]) -> tuple[str, Row]:
    value = literal(wanted)
    searches = {
        "indicateur": f"select * from indicateurs where indicateur_id = {value} order by annee desc, edition desc",
        "usage": f"select * from usages where usage_id = {value} or cle_source = {value} "
        f"or {literal(REGISTER + '|')} || cle_source = {value} order by usage_id",
        "preuve": f"select * from preuves where preuve_id = {value}",
        "chiffre": f"select * from chiffres_publies where chiffre_id = {value}",
        "candidat": f"select * from candidats where candidat_id = {value} or source || '|' || cle = {value} "
        f"or cle = {value} order by source, cle",
        "decision": f"select * from decisions where decision_id = {value}",
    }
    for nature, query in searches.items():
        if not _has(con, TABLES[nature]):
            continue
        found = _rows(con, query)
        if nature == "candidat" and len(found) > 1:
            listed = ", ".join(f"« {row['source']}|{row['cle']} »" for row in found[:4])
            raise UsageError(f"« {wanted} » désigne plusieurs candidats. Donner l'un d'eux : {listed}.")
        if found:
            return nature, found[0]
    if _has(con, "usages_heritiers") and (heirs := _heirs_of(con, wanted)):
        return "usage", heirs[0]
    near = _rows(
        con,
        f"select indicateur_id from indicateurs where starts_with(indicateur_id, {literal(wanted + '/')}) order by 1 limit 4",
    )
    if near:
        listed = ", ".join(f"« {row['indicateur_id']} »" for row in near)
        raise UsageError(f"« {wanted} » n'existe que ventilé. Par exemple : {listed}.")
    source = sources.get(wanted.split("|")[0])
    if "|" in wanted and source is not None and not source.republished:
        raise UsageError(
            f"« {wanted} » : la source {source.id} n'est pas republiée, ses candidats ne sont dans aucune version. Les lire "
            "dans la table core.candidats de l'entrepôt (data/work)."
        )
    raise UsageError(
        f"Rien ne porte l'identifiant « {wanted} » dans cette version. Donner un indicateur_id (« REG-USA »), "
        "un usage_id, une clé du registre (« v001 »), un preuve_id, un chiffre_id, la clé d'un candidat (« pstw|PSTW-1030 ») "
        "ou une décision (« d00004 »)."
    )


def _heirs_of(con: duckdb.DuckDBPyConnection, wanted: str) -> list[Row]:
    """The use that inherited an identifier, or a key of the register, which no longer stands alone."""
    value = literal(wanted)
    return _rows(
        con,
        "select u.* from usages_heritiers as h inner join usages as u on u.usage_id = h.usage_id "
        f"where h.nature = 'fusion' and (h.ancien_usage_id = {value} or h.cle_source in ({value}, "
        f"{literal(REGISTER + '|')} || {value})) order by u.usage_id",
    )


def _keys(nature: str, fact: Row) -> list[str]:
    """The records, « source|clé », that a candidate is or that a decision is about: two of them for a merge."""
    if nature == "candidat":
        return [f"{fact['source']}|{fact['cle']}"]
    return str(fact["cle"]).split(PAIR) if nature == "decision" else []


def _listed(values: Iterable[str]) -> str:
    """Literals for an « in », never empty."""
    return ", ".join(literal(value) for value in values) or "null"


def _candidates(con: duckdb.DuckDBPyConnection, fact: Row, keys: list[str]) -> list[Row]:
    """What the machine judged of these records, and of those that the decision changed."""
    if not keys or not _has(con, "candidats"):
        return []
    decided = literal(str(fact.get("decision_id", "")))
    return _rows(
        con,
        f"select * from candidats where source || '|' || cle in ({_listed(keys)}) or list_contains(decisions, {decided}) "
        "order by source, cle",
    )


def _heirs(con: duckdb.DuckDBPyConnection, fact: Row) -> list[Row]:
    """The identifiers that a decision joined to another use, or separated."""
    if not _has(con, "usages_heritiers"):
        return []
    return _rows(
        con,
        f"select * from usages_heritiers where decision_id = {literal(fact['decision_id'])} order by ancien_usage_id, usage_id",
    )


def _uses(con: duckdb.DuckDBPyConnection, nature: str, fact: Row, keys: list[str]) -> list[Row]:
    chosen = "u.usage_id, u.cle_source, u.collectivite, u.siren, u.titre, u.theme, u.statut, u.confirme"
    if nature == "indicateur":
        return _rows(
            con,
            f"select {chosen}, l.retenu from indicateurs_lignes as l inner join usages as u on u.usage_id = l.cle "
            f"where l.indicateur_id = {literal(fact['indicateur_id'])} order by l.retenu desc, u.cle_source",
        )
    if nature in ("usage", "preuve"):
        return _rows(con, f"select {chosen} from usages as u where u.usage_id = {literal(fact['usage_id'])}")
    if nature not in ("candidat", "decision"):
        return []
    decided, about = literal(str(fact.get("decision_id", ""))), literal(fact.get("usage_id") or "")
    return _rows(
        con,
        f"select {chosen} from usages as u where u.usage_id = {about} or list_contains(u.decisions, {decided}) "
        f"or u.usage_id in (select usage_id from preuves where source || '|' || cle_source in ({_listed(keys)})) "
        "order by u.cle_source, u.usage_id",
    )


def _evidence(con: duckdb.DuckDBPyConnection, nature: str, fact: Row, uses: list[Row]) -> list[Row]:
    chosen = "preuve_id, usage_id, source, cle_source, url, date, type_source, livraison, ligne"
    if nature == "preuve":
        return _rows(con, f"select {chosen} from preuves where preuve_id = {literal(fact['preuve_id'])}")
    if not uses:
        return []
    listed = ", ".join(literal(row["usage_id"]) for row in uses)
    return _rows(con, f"select {chosen} from preuves where usage_id in ({listed}) order by source, ligne, preuve_id")


def _decisions(con: duckdb.DuckDBPyConnection, uses: list[Row], keys: set[str]) -> list[Row]:
    """What analysts decided of the uses and records, and what the listed authorities replied, oldest first."""
    if not (uses or keys) or not _has(con, "decisions"):
        return []
    listed = _listed(row["usage_id"] for row in uses)
    return _rows(
        con,
        "select decision_id, objet_type, cle, valeur_attendue, valeur, motif, auteur, date, etat, explication, preuve_url "
        f"from decisions where usage_id in ({listed}) "
        f"or decision_id in (select unnest(decisions) from usages where usage_id in ({listed})) "
        f"or list_has_any(string_split(cle, {literal(PAIR)}), [{_listed(sorted(keys))}]::varchar[]) order by date, decision_id",
    )


def _record(
    settings: Settings, con: duckdb.DuckDBPyConnection, sources: dict[str, Source], place: Place, key: str | None
) -> Record:
    """The record at this place; `key` is known before only when the row that led here says it."""
    source_id, sha256, ordinal = place
    extract = _one(
        con,
        f"select cle, contenu from extraits where source = {literal(source_id)} "
        f"and livraison = {literal(sha256)} and ligne = {ordinal}",
    )
    key = extract["cle"] if extract else key
    corrections = _rows(
        con,
        "select colonne, valeur_attendue, valeur_nouvelle, motif, auteur, date, etat from corrections "
        f"where source = {literal(source_id)} and cle = {literal(key)} order by date, colonne",
    )
    archive = Archive(settings.raw)
    path, state = archive.object_path(sha256), "vérifiés"
    delivery = archive.find(sha256)
    try:
        if delivery is None:
            raise ArchiveCorrupted("")
        archive.verified(delivery)
    except ArchiveCorrupted:
        state = "absents ou abîmés : seul l'extrait gardé par la version reste lisible"
    lines = _file_lines(path, sources.get(source_id), ordinal) if state == "vérifiés" else None
    shown = (
        path.relative_to(settings.data.parent).as_posix() if path.is_relative_to(settings.data.parent) else str(path)
    )
    content = json.loads(extract["contenu"]) if extract else None
    return Record(source_id, sha256, ordinal, key, shown, lines, state, content, corrections)


def _file_lines(path: Path, source: Source | None, ordinal: int) -> str | None:
    """The lines of the received file that hold a CSV record (« 12 » or « 12-14 »); None for other formats."""
    if source is None or not isinstance(source.format, CsvFormat) or getattr(source.protocol, "member", None):
        return None
    form = source.format
    with path.open(
        encoding="utf-8-sig" if form.encoding == "utf-8" else form.encoding, newline="", errors="replace"
    ) as handle:
        for _ in range(form.skip_rows):
            handle.readline()
        reader = csv.reader(handle, delimiter=form.delimiter, quotechar=form.quote)
        before = 0
        for position, _record in enumerate(reader):
            if position == ordinal:
                first, last = form.skip_rows + before + 1, form.skip_rows + reader.line_num
                return str(first) if first == last else f"{first}-{last}"
            before = reader.line_num
    return None
