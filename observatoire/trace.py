"""From a figure or a use to the rows and bytes it comes from."""

from __future__ import annotations

import csv
import json
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
    """What an identifier designates, down to the records. `nature`: indicateur, usage, preuve or chiffre."""

    id: str
    release: str
    nature: str
    fait: Row
    usages: list[Row]
    preuves: list[Row]
    decisions: list[Row]
    enregistrements: list[Record]
    colonnes: dict[str, list[str]]

    def fact_lines(self) -> list[str]:
        """A figure in words: what it is worth, of what, and what it does not say."""
        fact = self.fait
        value = (
            "sans valeur (" + str(fact["absence"]) + ")"
            if fact["valeur"] is None
            else f"{fact['valeur']:f}".rstrip("0").rstrip(".")
        )
        return [
            f"{fact['libelle']} : {value.replace('.', ',')} {fact['unite']}"
            + (f" — {fact['domaine']}" if fact["domaine"] else ""),
            f"Définition : {fact['definition']}",
            f"Base : {fact['base']} (n = {fact['n']}). Plan : {fact['plan']}.",
            str(fact["mention"]),
        ]

    def as_dict(self) -> Row:
        return json.loads(json.dumps(asdict(self), ensure_ascii=False, default=str))  # type: ignore[no-any-return]


def trace(settings: Settings, release: Release, wanted: str, sources: dict[str, Source]) -> Trace:
    """Follow a figure, a use (its id or its key in the register), a piece of evidence or a quoted figure to its bytes.

    Reads the release and the archive only: no network. Raises UsageError when nothing has this identifier.
    """
    with opened(settings, release) as con:
        nature, fact = _find(con, wanted)
        uses = _uses(con, nature, fact)
        evidence = _evidence(con, nature, fact, uses)
        decided = _decisions(con, uses)
        places = [(row["source"], row["livraison"], row["ligne"]) for row in evidence]
        if nature == "chiffre":
            places = [("chiffres_publies", fact["livraison"], fact["ligne"])]
        if nature == "indicateur" and fact.get(
            "livraison"
        ):  # estimated from a survey: the rows behind it are restricted
            places = [("enquetes_chiffres", fact["livraison"], fact["ligne"])]
        records = [_record(settings, con, sources, place) for place in dict.fromkeys(places)]
    table = {"indicateur": "indicateurs", "usage": "usages", "preuve": "preuves", "chiffre": "chiffres_publies"}[nature]
    return Trace(wanted, release.id, nature, fact, uses, evidence, decided, records, table_origins(settings, table))


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


def _find(con: duckdb.DuckDBPyConnection, wanted: str) -> tuple[str, Row]:
    value = literal(wanted)
    searches = {
        "indicateur": f"select * from indicateurs where indicateur_id = {value} order by annee desc, edition desc",
        "usage": f"select * from usages where usage_id = {value} or cle_source = {value} order by usage_id",
        "preuve": f"select * from preuves where preuve_id = {value}",
        "chiffre": f"select * from chiffres_publies where chiffre_id = {value}",
    }
    for nature, query in searches.items():
        if fact := _one(con, query):
            return nature, fact
    near = _rows(
        con,
        f"select indicateur_id from indicateurs where starts_with(indicateur_id, {literal(wanted + '/')}) order by 1 limit 4",
    )
    if near:
        listed = ", ".join(f"« {row['indicateur_id']} »" for row in near)
        raise UsageError(f"« {wanted} » n'existe que ventilé. Par exemple : {listed}.")
    raise UsageError(
        f"Rien ne porte l'identifiant « {wanted} » dans cette version. Donner un indicateur_id (« REG-USA »), "
        "un usage_id, une clé du registre (« v001 »), un preuve_id ou un chiffre_id."
    )


def _uses(con: duckdb.DuckDBPyConnection, nature: str, fact: Row) -> list[Row]:
    chosen = "u.usage_id, u.cle_source, u.collectivite, u.siren, u.titre, u.theme, u.statut, u.confirme"
    if nature == "indicateur":
        return _rows(
            con,
            f"select {chosen}, l.retenu from indicateurs_lignes as l inner join usages as u on u.usage_id = l.cle "
            f"where l.indicateur_id = {literal(fact['indicateur_id'])} order by l.retenu desc, u.cle_source",
        )
    if nature in ("usage", "preuve"):
        return _rows(con, f"select {chosen} from usages as u where u.usage_id = {literal(fact['usage_id'])}")
    return []


def _evidence(con: duckdb.DuckDBPyConnection, nature: str, fact: Row, uses: list[Row]) -> list[Row]:
    chosen = "preuve_id, usage_id, source, cle_source, url, date, type_source, livraison, ligne"
    if nature == "preuve":
        return _rows(con, f"select {chosen} from preuves where preuve_id = {literal(fact['preuve_id'])}")
    if not uses:
        return []
    listed = ", ".join(literal(row["usage_id"]) for row in uses)
    return _rows(con, f"select {chosen} from preuves where usage_id in ({listed}) order by source, ligne, preuve_id")


def _decisions(con: duckdb.DuckDBPyConnection, uses: list[Row]) -> list[Row]:
    """What analysts decided of the uses and what the listed authorities replied, oldest first; nothing before it was kept."""
    kept = _one(con, "select 1 as un from information_schema.tables where table_name = 'decisions'")
    if not uses or not kept:
        return []
    listed = ", ".join(literal(row["usage_id"]) for row in uses)
    return _rows(
        con,
        "select decision_id, objet_type, cle, valeur_attendue, valeur, motif, auteur, date, etat, explication, preuve_url "
        f"from decisions where usage_id in ({listed}) "
        f"or decision_id in (select unnest(decisions) from usages where usage_id in ({listed})) order by date, decision_id",
    )


def _record(
    settings: Settings, con: duckdb.DuckDBPyConnection, sources: dict[str, Source], place: tuple[str, str, int]
) -> Record:
    source_id, sha256, ordinal = place
    extract = _one(
        con,
        f"select cle, contenu from extraits where source = {literal(source_id)} "
        f"and livraison = {literal(sha256)} and ligne = {ordinal}",
    )
    key = extract["cle"] if extract else None
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
