"""What accompanies the tables of a release: dictionary, data package description, reading notes, check suites."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from observatoire.figures.definitions import Definition
from observatoire.quality.gate import suite_of
from observatoire.quality.spec import Check, ColumnSpec, ForeignKey, TableSpec, allowed_values
from observatoire.sources.licences import OURS, described
from observatoire.sources.spec import Source
from observatoire.storage import canonical_json

Vocabularies = Mapping[str, Mapping[str, Mapping[str, Any]]]
FRICTIONLESS = {"VARCHAR": "string", "BOOLEAN": "boolean", "INTEGER": "integer", "BIGINT": "integer", "DATE": "date"}


def dictionary_csv(specs: Mapping[str, TableSpec], vocabularies: Vocabularies) -> str:
    """The dictionary as CSV, one row per column, French and English."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        [
            "table", "colonne", "type", "obligatoire", "unite", "cle", "liste", "valeurs", "description_fr",
            "description_en",
        ]
    )  # fmt: skip
    for table in sorted(specs):
        for column in specs[table].columns:
            writer.writerow(
                [
                    table, column.name, column.type, "non" if column.nullable else "oui", column.unit or "",
                    "oui" if column.name in specs[table].unique_key else "",
                    column.vocabulary or "", "|".join(_codes(column, vocabularies)), column.fr, column.en,
                ]
            )  # fmt: skip
    return out.getvalue()


def _codes(column: ColumnSpec, vocabularies: Vocabularies) -> list[str]:
    """The codes a column may take; empty when it is free."""
    return allowed_values(column, {name: list(codes) for name, codes in vocabularies.items()})


def dictionary_markdown(specs: Mapping[str, TableSpec], vocabularies: Vocabularies, language: str) -> str:
    """The dictionary in one language (« fr » or « en »), with the meaning of every coded value."""
    words = _WORDS[language]
    lines = [f"# {words['title']}", ""]
    for table in sorted(specs):
        spec = specs[table]
        lines += [f"## {table}", "", spec.fr if language == "fr" else spec.en, ""]
        lines += [
            f"{words['key']} : {', '.join(spec.unique_key)}"
            if language == "fr"
            else f"{words['key']}: {', '.join(spec.unique_key)}",
            "",
        ]
        lines += [
            f"| {words['column']} | {words['type']} | {words['required']} | {words['description']} |",
            "|---|---|---|---|",
        ]
        for column in spec.columns:
            lines.append(_column_line(column, language, words))
        lines.append("")
    lines += [f"## {words['values']}", ""]
    for name in sorted(vocabularies):
        lines += [f"### {name}", ""]
        lines += [f"- `{code}` : {labels[language]}" for code, labels in vocabularies[name].items()]
        lines.append("")
    return "\n".join(lines)


_WORDS = {
    "fr": {
        "title": "Dictionnaire des données", "key": "Clé unique", "column": "Colonne", "type": "Type",
        "required": "Obligatoire", "description": "Description", "values": "Valeurs codées", "yes": "oui", "no": "non",
    },
    "en": {
        "title": "Data dictionary", "key": "Unique key", "column": "Column", "type": "Type", "required": "Required",
        "description": "Description", "values": "Coded values", "yes": "yes", "no": "no",
    },
}  # fmt: skip


def _column_line(column: ColumnSpec, language: str, words: Mapping[str, str]) -> str:
    text = column.fr if language == "fr" else column.en
    codes = f" : {', '.join(f'`{value}`' for value in column.values)}" if column.values else ""
    extra = f" ({column.vocabulary}{codes})" if column.vocabulary else ""
    unit = f" [{column.unit}]" if column.unit else ""
    return f"| `{column.name}` | {column.type} | {words['no' if column.nullable else 'yes']} | {text}{unit}{extra} |"


def datapackage(
    release: str,
    specs: Mapping[str, TableSpec],
    vocabularies: Vocabularies,
    sources: Sequence[Source],
    rows: Mapping[str, int],
    perimeter: str,
    tables: Mapping[str, Sequence[str]],
) -> str:
    """datapackage.json (Data Package v2): one resource per table, with its schema, its keys and the licences of its rows.

    `release` is the id of the release, the only version that names it; `tables` lists, per source, the tables that hold rows of it.
    """
    licences = {table: sorted({s.licence for s in sources if table in tables.get(s.id, ())}) for table in specs}
    resources = [_resource(specs[table], vocabularies, rows[table], licences[table]) for table in sorted(specs)]
    used = [
        {"title": source.title, "path": source.homepage} if source.homepage else {"title": source.title}
        for source in sources
    ]
    package = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "observatoire-ia-territoires",
        "version": release,
        "title": "Observatoire de l'IA dans les territoires",
        "description": "Usages de l'IA par les collectivités françaises. Inventaire non exhaustif : les chiffres portent "
        "sur ce qui est documenté et ne mesurent pas l'adoption.",
        "perimetre": perimeter,
        "licenses": [described(OURS)],
        "sources": used,
        "resources": resources,
    }
    return canonical_json(package, indent=1) + "\n"


def _resource(spec: TableSpec, vocabularies: Vocabularies, rows: int, licences: Sequence[str]) -> dict[str, Any]:
    key = list(spec.unique_key)
    partial = any(column.nullable for column in spec.columns if column.name in key)
    schema: dict[str, Any] = {
        "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
        "fields": [_field(column, vocabularies) for column in spec.columns],
        # Parquet has its own empty values: an empty text is a text.
        "missingValues": [],
        # A primary key holds no empty value.
        **({"uniqueKeys": [key]} if partial else {"primaryKey": key}),
    }
    if keys := [_reference(spec, item) for item in spec.foreign_keys if item.severity == "erreur"]:
        schema["foreignKeys"] = keys
    return {
        "name": spec.table,
        "type": "table",
        "path": f"{spec.table}.parquet",
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "title": spec.table,
        "description": spec.fr,
        "rowCount": rows,
        "schema": schema,
        **({"licenses": [described(licence) for licence in licences]} if licences else {}),
    }


def _reference(spec: TableSpec, key: ForeignKey) -> dict[str, Any]:
    """A foreign key; one to the table itself does not name it."""
    other = {} if key.table == spec.table else {"resource": key.table}
    return {"fields": list(key.columns), "reference": {**other, "fields": list(key.to)}}


def _field(column: ColumnSpec, vocabularies: Vocabularies) -> dict[str, Any]:
    """A field; the codes that it may take come with their labels (of a list of codes, `vocabulary` names them only)."""
    repeated = column.type.endswith("[]")
    kind = "array" if repeated else FRICTIONLESS.get(column.type, "number")
    constraints: dict[str, Any] = {} if column.nullable else {"required": True}
    field: dict[str, Any] = {"name": column.name, "type": kind, "description": column.fr, "descriptionEn": column.en}
    if column.vocabulary:
        field["vocabulary"] = column.vocabulary
        if not repeated:
            labels = vocabularies[column.vocabulary]
            codes = _codes(column, vocabularies)
            constraints["enum"] = codes
            field["categories"] = [
                {"value": code, "label": labels[code]["fr"], "labelEn": labels[code]["en"]} for code in codes
            ]
    if constraints:
        field["constraints"] = constraints
    if column.unit:
        field["unit"] = column.unit
    return field


def suites(checks: Mapping[str, Sequence[Check]]) -> str:
    """The Great Expectations suites in canonical form, for who wants to see what was checked."""
    return canonical_json([suite_of(table, checks[table]) for table in sorted(checks)], indent=1) + "\n"


def definitions_markdown(definitions: Sequence[Definition]) -> str:
    """The definitions of the indicators, French then English."""
    lines = ["# Définitions des indicateurs — Definitions of indicators", ""]
    for item in definitions:
        lines += [
            f"## {item.code} — {item.fr.label} / {item.en.label}",
            "",
            f"{item.fr.definition} Base : {item.fr.base}. Unité : {item.unit}. Plan : {item.plan}. "
            f"Comparabilité : {item.comparability}.",
            "",
            f"*{item.en.definition} Base: {item.en.base}.*",
            "",
            _formula(item),
            "",
        ]
    return "\n".join(lines)


def _formula(item: Definition) -> str:
    """How the rows make the value, as sql/core/indicateurs.sql computes it; one form for each measure."""
    base = f"lignes où `{item.among}`"
    kept = base if item.counted in item.among.split(" and ") else f"{base} et `{item.counted}`"
    part = f"au dénominateur les {base}, au numérateur celles où `{item.counted}`"
    last = " et ".join(f"`{name}`" for name in dict.fromkeys(names[-1] for names in item.breakdowns))
    formulas = {
        "nombre": f"nombre de {kept}",
        "distincts": f"nombre de `{item.unit_of}` distincts parmi les {kept}",
        "part": part,
        "mediane": f"médiane de `{item.value}` parmi les {kept}",
        "repartition": f"au dénominateur les {base}, dans chaque valeur des ventilations qui précèdent {last}, au numérateur "
        f"celles de chaque valeur de {last}",
        "couverture": "au dénominateur les autorités de l'univers de la modalité (table `univers` : le plus grand de `nombre` "
        f"et `nombre_registre`), au numérateur les `{item.unit_of}` distincts parmi les {kept}",
        "taux": f"{part}, chacune pour `{item.value}` unités, rapporté à {item.per}",
        "enquete": "le questionnaire de chaque édition dit comment (table `questions`)",
    }
    table = f"Lignes de `{item.table}`" if item.table else "Estimé sur les réponses à une enquête"
    return f"{table} ; {formulas[item.measure]}."


def reading_notes(rows: Mapping[str, int], perimeter: str, sources: Sequence[Source]) -> str:
    """LISEZMOI.md: what the release is, what it is not, how to cite it."""
    coverage = {
        "embarque": "Référence territoriale embarquée : seulement les collectivités citées par le registre. Les contrôles "
        "qui supposent toute la référence n'ont pas été exécutés.",
        "complet": "Référence territoriale complète.",
    }[perimeter]
    lines = [
        "# Observatoire de l'IA dans les territoires — une version des données",
        "",
        "**Inventaire non exhaustif.** Les chiffres portent sur ce que l'observatoire a documenté ; ils ne mesurent pas "
        "l'adoption de l'IA par les collectivités. La croissance du registre n'est pas celle de l'IA.",
        "",
        coverage,
        "",
        "| Table | Lignes |",
        "|---|---:|",
        *[f"| `{table}.parquet` | {rows[table]} |" for table in sorted(rows)],
        "",
        "- Sens de chaque colonne : `dictionnaire_fr.md`, `dictionary_en.md`, `dictionnaire.csv`.",
        "- Définition de chaque chiffre : `definitions.md`. Lignes qui entrent dans un chiffre : `indicateurs_lignes.parquet`.",
        "- Ce qui a été contrôlé : `controles.parquet`, `suites.json`. Ce qui a été écarté et pourquoi : `rejets.parquet`.",
        "- Intégrité : `sha256sum -c SHA256SUMS`.",
        "",
        "## Citer",
        "",
        "Observatoire de l'IA dans les territoires, version (nom de ce dossier), Licence Ouverte 2.0.",
        "",
        "## Attributions",
        "",
        *[f"- {source.title} — {source.attribution} ({source.licence})" for source in sources],
        "",
    ]
    return "\n".join(lines)


def notice(sources: Sequence[Source], tables: Mapping[str, Sequence[str]]) -> str:
    """NOTICE.md: under which licence and with which mention what comes from each source may be reused.

    `sources` are those in use; `tables` lists, per source, the published tables whose rows name it. A source that may
    not be republished is listed apart: it serves to judge or to compare, and none of its rows is published.
    """
    published = [source for source in sources if source.republished]
    others = [source for source in sources if not source.republished]
    groups: dict[str, list[Source]] = {}
    for source in sorted(published, key=lambda item: (item.licence, item.id)):
        groups.setdefault(source.licence, []).append(source)
    lines = [
        "# Licences et mentions — Licences and attribution",
        "",
        "Chaque ligne reprise d'une source garde la licence de cette source (colonne `licence`). Réutiliser ces lignes "
        "demande de citer la mention ci-dessous et la version des données. L'observatoire a choisi des colonnes, codé des "
        "valeurs et écarté des lignes (`rejets.parquet`) : le dire en réutilisant une source sous CC BY.",
        "",
        "*Rows keep the licence of their source (column `licence`). Credit the source as written below, name the release, "
        "and say that columns were selected and values coded.*",
        "",
    ]
    for licence, members in groups.items():
        lines += [f"## {licence}", ""]
        lines += [f"- {_credit(source)}{_named_in(tables.get(source.id, ()))}" for source in members]
        lines.append("")
    if others:
        lines += ["## Sources utilisées, non republiées — Sources used, not republished", ""]
        lines += [f"- {_credit(source)} Licence : {source.licence}." for source in sorted(others, key=lambda s: s.id)]
        lines.append("")
    return "\n".join(lines)


def _named_in(tables: Sequence[str]) -> str:
    return f" Lignes / rows: {', '.join(f'`{table}`' for table in tables)}." if tables else ""


def _credit(source: Source) -> str:
    page = f" <{source.homepage}>" if source.homepage else ""
    return f"{source.title} — {source.attribution}.{page}"
