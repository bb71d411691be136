"""The models that SQL cannot make: facts of the specifications, quarantine, corrections and figures."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from observatoire.delivery_date import received_on
from observatoire.sql_text import identifier, literal
from observatoire.storage import canonical_json, sha256_text
from observatoire.warehouse.models import Model
from observatoire.warehouse.runner import text_list

if TYPE_CHECKING:
    from observatoire.warehouse.context import BuildContext


QUOTED = ("staging.chiffres_publies", "staging.enquetes_chiffres")  # figures whose own records are kept in a release


def python_models(context: BuildContext, staging: Sequence[Model]) -> list[Model]:
    """Every Python model, in the same graph as the SQL ones."""
    from observatoire.figures import definitions
    from observatoire.judgement.models import judgement_models
    from observatoire.review import agreement, corrections
    from observatoire.review.machine import machine_model
    from observatoire.survey.production import questions
    from observatoire.territories import passages
    from observatoire.vocabularies import vocabulary_rows

    raws = [f"raw.{source}" for source in context.sources]
    register = context.settings.register
    vocabulary = vocabulary_rows(register)
    defined = definitions.load_definitions(register)
    asked = questions.question_rows(register)
    return [
        fact_model(
            "core.vocabulaires",
            [],
            lambda _: values_query(("liste", "valeur", "code", "fr", "en", "ordre"), vocabulary),
            vocabulary,
        ),
        fact_model("core.sources", [], source_rows, [source.model_dump() for source in context.sources.values()]),
        fact_model("core.livraisons", [], delivery_rows, delivery_facts(context)),
        fact_model(
            "core.corrections", ["staging.corrections", *raws], corrections.correction_rows, source_of(corrections)
        ),
        fact_model(passages.NAME, passages.INPUTS, passages.lineages, source_of(passages)),
        fact_model(agreement.NAME, agreement.INPUTS, agreement.agreement_rows, source_of(agreement)),
        *judgement_models(context.settings),
        machine_model(context.settings),
        fact_model("core.rejets", [model.name for model in staging] + raws, lambda c: reject_rows(c, staging), ""),
        fact_model("core.extraits", ["core.preuves_usages", "core.candidats", *QUOTED, *raws], extract_rows, ""),
        fact_model("core.definitions", [], lambda _: definitions.definition_rows(defined), definitions.facts(defined)),
        fact_model("core.questions", [], lambda _: values_query(questions.COLUMNS, asked, questions.TYPES), asked),
        fact_model(
            "core.indicateurs_lignes",
            definitions.tables(defined),
            lambda _: definitions.lines_query(defined),
            definitions.lines_query(defined),
        ),
    ]


def fact_model(name: str, inputs: Iterable[str], function: Callable[[Any], Any], facts: Any) -> Model:
    """A Python model whose result depends on its inputs, on `facts` and on the code of this room."""
    code = Path(__file__).read_text(encoding="utf-8")
    definition = sha256_text(canonical_json([name, facts, code]))
    return Model(name, frozenset(inputs), definition, function=function)


def source_of(module: Any) -> str:
    """The source code of a module: a model that runs it is run again when it changes."""
    return inspect.getsource(module)


def values_query(columns: Sequence[str], rows: Sequence[Sequence[Any]], types: Sequence[str] = ()) -> str:
    """A SELECT of literal rows; `types` default to VARCHAR, BIGINT for whole numbers in the first row."""
    kinds = list(types) or ["BIGINT" if isinstance(value, int) else "VARCHAR" for value in rows[0]]
    if not rows:
        empty = ", ".join(f"NULL::{kind} as {identifier(name)}" for name, kind in zip(columns, kinds, strict=True))
        return f"select {empty} where false"
    listed = ", ".join("(" + ", ".join(_value(value) for value in row) + ")" for row in rows)
    names = ", ".join(identifier(name) for name in columns)
    casts = ", ".join(
        f"cast({identifier(name)} as {kind}) as {identifier(name)}" for name, kind in zip(columns, kinds, strict=True)
    )
    return f"select {casts} from (values {listed}) as v({names})"


def _value(value: Any) -> str:
    return text_list(value) if isinstance(value, list | tuple) else literal(value)


def source_rows(context: BuildContext) -> str:
    """core.sources: one row per specification, with whether something of it is in use."""
    columns = (
        "source", "titre", "description", "producteur", "licence", "attribution", "page", "protocole", "format",
        "mode", "cadence", "requise", "verifiee", "republiee",
    )  # fmt: skip
    rows = [
        (
            s.id, s.title, s.description, s.producer, s.licence, s.attribution, s.homepage, s.protocol.name,
            s.format.name, s.mode, s.cadence, s.required, s.verified, s.republished,
        )
        for s in context.sources.values()
    ]  # fmt: skip
    return values_query(columns, rows, ["VARCHAR"] * 11 + ["BOOLEAN"] * 3)


def delivery_facts(context: BuildContext) -> list[tuple[Any, ...]]:
    """The deliveries in use, facts only: nothing of the machine or of the moment of the run."""
    return [
        (
            item.delivery.source, item.delivery.sha256, item.delivery.vintage, item.delivery.date,
            item.delivery.date_origin, received_on(context.sources[item.delivery.source], item.delivery),
            item.delivery.url, item.delivery.bytes, item.loaded.rows, len(item.loaded.bad_records),
            list(item.loaded.repairs), item.delivery.licence,
        )
        for item in context.deliveries()
    ]  # fmt: skip


def delivery_rows(context: BuildContext) -> str:
    """core.livraisons: one row per delivery in use."""
    columns = (
        "source", "livraison", "millesime", "date_livraison", "date_origine", "date_reception", "url", "octets",
        "lignes", "lignes_illisibles", "reparations", "licence",
    )  # fmt: skip
    types = ["VARCHAR"] * 3 + ["DATE", "VARCHAR", "DATE", "VARCHAR"] + ["BIGINT"] * 3 + ["VARCHAR[]", "VARCHAR"]
    return values_query(columns, delivery_facts(context), types)


def reject_rows(context: BuildContext, staging: Sequence[Model]) -> str:
    """core.rejets: one row per reason why a received record is not used.

    Records of the wrong shape come from reading; the others from the reasons of their staging model.
    """
    from observatoire.review.corrections import key_expression

    unreadable = [
        (item.delivery.source, item.delivery.sha256, record.ordinal, None, "structure", record.reason)
        for item in context.deliveries()
        for record in item.loaded.bad_records
    ]
    columns = ("source", "livraison", "ligne", "cle", "colonne", "motif")
    parts = [values_query(columns, unreadable, ["VARCHAR", "VARCHAR", "BIGINT", "VARCHAR", "VARCHAR", "VARCHAR"])]
    for model in staging:
        source = context.sources.get(model.table)
        if source is None:
            continue
        own = identifier(source.id)
        parts.append(
            f"select {literal(source.id)}, m._livraison, m._ligne, r._cle, "
            "split_part(m.motif, ' : ', 1), substr(m.motif, strpos(m.motif, ' : ') + 3) "
            f"from (select _livraison, _ligne, unnest(_motifs) as motif "
            f"from staging.{identifier('_' + source.id)}) as m "
            f"left join (select distinct _livraison, _ligne, nullif({key_expression(source)}, '') as _cle "
            f"from raw.{own} semi join (select * from staging.{identifier('_' + source.id)} where len(_motifs) > 0) "
            "using (_livraison, _ligne)) as r using (_livraison, _ligne)"
        )
    return " union all ".join(parts)


def extract_rows(context: BuildContext) -> str:
    """core.extraits: the records judged, as received, from sources that may be republished.

    Those behind evidence, candidates and quoted figures. Free text loses what names a person, as it does in staging.
    """
    from observatoire.review.corrections import key_expression

    judged = (
        "select distinct _livraison, _ligne from core.preuves_usages where source = {source} "
        "union select _livraison, _ligne from core.candidats where source = {source} "
        "union select _livraison, _ligne from staging.chiffres_publies where {source} = 'chiffres_publies' "
        "union select _livraison, _ligne from staging.enquetes_chiffres where {source} = 'enquetes_chiffres'"
    )
    parts = []
    for source in context.sources.values():
        if not source.republished:
            continue
        public = [column.name for column in source.columns if not column.private]
        fields = ", ".join(f"{identifier(name)} := recu_sans_contact(r.{identifier(name)})" for name in public)
        parts.append(
            f"select distinct {literal(source.id)} as source, r._livraison as livraison, r._ligne as ligne, "
            f"{key_expression(source)} as cle, to_json(struct_pack({fields}))::varchar as contenu "
            f"from raw.{identifier('_' + source.id)} as r "
            f"inner join ({judged.format(source=literal(source.id))}) as j using (_livraison, _ligne)"
        )
    return " union all ".join(parts)
