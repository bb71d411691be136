"""How the command line shows results: tables for people, JSON for programs."""

from __future__ import annotations

import contextlib
import datetime as dt
import json as json_module
import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from observatoire.errors import ObservatoireError
from observatoire.french import count, octets
from observatoire.settings import Settings

if TYPE_CHECKING:
    from rich.table import Table

    from observatoire.doctor import Finding
    from observatoire.ingest import Ingested
    from observatoire.pipeline import Report
    from observatoire.release.diff import Diff
    from observatoire.release.query import Answer
    from observatoire.review.proposals import Proposals
    from observatoire.territories.evaluate import Measure
    from observatoire.trace import Trace

SHOWN = 40
WIDE = 10  # more columns than that are unreadable side by side


def settings() -> Settings:
    """The settings of this run."""
    return Settings.from_env()


def failure(error: ObservatoireError) -> None:
    """One line on the error output; as JSON when --json was asked."""
    if "--json" in sys.argv:
        print_json({"erreur": str(error), "exit_code": error.exit_code})
    print(f"Erreur : {error}", file=sys.stderr)


def print_json(value: Any) -> None:
    print(json_module.dumps(value, ensure_ascii=False, indent=1, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    return str(value)


@contextlib.contextmanager
def progress(quiet: bool) -> Iterator[Callable[[str, int, int], None] | None]:
    """A progress bar on the error output of a terminal; nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Démarrage")
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)


def _table(title: str, *columns: str) -> Table:
    from rich.box import SIMPLE
    from rich.table import Table

    table = Table(title=title, box=SIMPLE, title_justify="left", title_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _show(table: Table) -> None:
    from rich.console import Console

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    console.print(table)


def text(value: Any) -> str:
    """A value as a French reader expects it; an empty text for the absence of a value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, Decimal):
        plain = format(value.normalize(), "f")
        return plain.replace(".", ",")
    if isinstance(value, list):
        return ", ".join(text(item) for item in value)
    return str(value)


def report(result: Report, json: bool) -> None:
    """What a refresh did: the release, what changed, what to look at."""
    if json:
        print_json(result.as_dict())
        return
    for line in result.said:
        print(line)
    if result.new:
        print(f"Version {result.release} publiée" + (f" (après {result.predecessor})." if result.predecessor else "."))
    else:
        print(f"Rien de neuf : la version {result.release} reste en service.")
    if result.perimeter == "embarque":
        print("Périmètre embarqué : la référence territoriale se limite aux collectivités citées par le registre.")
    if result.new:
        table = _table("Tables", "Table", "Lignes")
        for name, rows in sorted(result.rows.items()):
            table.add_row(name, str(rows))
        _show(table)
    for line in result.rejects[:SHOWN]:
        print(f"Mis à l'écart : {line}")
    if len(result.rejects) > SHOWN:
        print(f'… et {len(result.rejects) - SHOWN} autres : « observatoire query "from rejets" ».')
    for line in result.set_aside:
        print(f"Sources publiques : {line}")
    for line in [*result.alerts, *result.remarks]:
        print(f"À regarder : {line}")
    for item in result.degraded:
        print(f"Source dégradée {item.told()}")
    for line in result.stale:
        print(f"Source périmée : {line}")
    if result.degraded:
        print(f"{count(len(result.degraded), 'source', 'dégradée')} : voir « observatoire sources ».")


def ingested(results: Sequence[Ingested], json: bool) -> None:
    """What came of each delivery asked for, and how to publish what is new."""
    if json:
        print_json(_outcomes(results))
        return
    _deliveries(results)
    if any(item.outcome == "nouvelle" for item in results):
        print("Rien n'est encore publié. Lancer « observatoire refresh ».")


def _deliveries(results: Sequence[Ingested]) -> None:
    for item in results:
        held = item.delivery if not item.degraded else None
        print(item.told(f" ({held.sha256[:12]}, {octets(held.bytes)})" if held else ""))


def _outcomes(results: Sequence[Ingested]) -> list[dict[str, Any]]:
    return [
        {"source": r.source, "millesime": r.vintage, "issue": r.outcome, "message": r.message,
         "enregistrements": r.rows, "sha256": r.delivery.sha256 if r.delivery else None}
        for r in results
    ]  # fmt: skip


def proposed(results: Sequence[Ingested], proposals: Proposals | None, json: bool) -> None:
    """What a list handed over as a file proposes to the register, and what was set aside and why."""
    if json:
        print_json({"livraisons": _outcomes(results), "propositions": proposals and proposals.as_dict()})
        return
    _deliveries(results)
    if proposals is None:
        return
    for item in proposals.set_aside[:SHOWN]:
        print(f"Ligne {item.ligne}, colonne « {item.colonne} » : {item.motif}.")
    if len(proposals.set_aside) > SHOWN:
        print(f"… et {len(proposals.set_aside) - SHOWN} autres motifs : « --json » les donne tous.")
    print(f"{count(proposals.proposed, 'ligne', 'proposée')}, {proposals.known} déjà au registre.")
    if proposals.file:
        print(
            f"Le registre n'a pas été modifié. Relire {proposals.file}, en ôter les lignes à ne pas retenir, puis lancer :\n"
            f'observatoire register add --fichier {proposals.file} --auteur "Prénom Nom" --motif "…"'
        )


def audit(found: Sequence[str], json: bool) -> None:
    """The differences found by an audit, or that there are none."""
    if json:
        print_json({"conforme": not found, "differences": list(found)})
        return
    for line in found:
        print(line)
    if not found:
        print("Conforme : l'archive est intacte et la reconstruction est identique octet pour octet.")


def sources(rows: Sequence[dict[str, Any]], json: bool) -> None:
    """One line per source."""
    if json:
        print_json(rows)
        return
    table = _table("Sources", "Source", "Titre", "Utilisée", "Dernier essai", "État")
    for row in rows:
        if row["degradee_depuis"]:
            state = f"{'PÉRIMÉE' if row['perimee'] else 'DÉGRADÉE'} depuis {row['degradee_depuis']} : {row['message']}"
        elif not row["livraisons"]:
            state = "requise, absente" if row["requise"] else "jamais collectée"
        else:
            state = "à jour"
        if not row["verified"]:
            state += " (adresse ou réponse pas encore vue)"
        if not row["republiee"]:
            state += " (non republiée)"
        table.add_row(row["source"], row["titre"], ", ".join(row["livraisons"]), row["dernier_essai"] or "", state)
    _show(table)


def releases(rows: Sequence[dict[str, Any]], json: bool) -> None:
    """One line per release."""
    if json:
        print_json(rows)
        return
    if not rows:
        print("Aucune version publiée. Lancer « observatoire refresh ».")
        return
    table = _table("Versions", "Version", "Publiée le", "Après", "Périmètre", "")
    for row in rows:
        again = row["entrees_en_service"][1:]
        mark = "en service" if row["en_service"] else ""
        if again:
            mark += f"{', ' if mark else ''}remise en service le {', '.join(again)}"
        table.add_row(row["id"], row["released_at"], row["predecessor"] or "", row["perimetre"], mark)
    _show(table)


# What a reader looks for first in a comparison; the rest follows, the mechanics of checks last.
FIRST = ("usages", "chiffres_publies", "indicateurs", "corrections", "rejets", "preuves", "sources", "livraisons")
LAST = ("indicateurs_lignes", "extraits", "controles")


def _rank(table: str) -> int:
    return FIRST.index(table) if table in FIRST else len(FIRST) + (1 + LAST.index(table) if table in LAST else 0)


def diff(result: Diff, json: bool) -> None:
    """The changes by table, then the first of them."""
    if json:
        print_json(result.as_dict())
        return
    if not result.changes:
        print(f"Aucun changement entre {result.before} et {result.after}.")
        return
    table = _table(f"De {result.before} à {result.after}", "Table", "Ajoutées", "Retirées", "Modifiées")
    for row in result.summary():
        table.add_row(row["table"], str(row["ajoutée"]), str(row["retirée"]), str(row["modifiée"]))
    _show(table)
    cells = _table("Changements", "Table", "Clé", "", "Colonne", "Avant", "Après")
    told = sorted(result.changes, key=lambda change: (_rank(change.table), change.table))
    for change in told[:SHOWN]:
        cells.add_row(
            change.table, change.key, change.kind, change.column or "", text(change.before), text(change.after)
        )
    _show(cells)
    if len(told) > SHOWN:
        print(f"… et {len(told) - SHOWN} autres : « --json » les donne tous.")


def answer(result: Answer, json: bool) -> None:
    """Rows of a query."""
    if json:
        print_json(result.as_dicts())
        return
    if len(result.columns) > WIDE:
        for row in result.rows[:1000]:
            print(
                "\n".join(f"{name} : {text(value)}" for name, value in zip(result.columns, row, strict=True)),
                end="\n\n",
            )
    else:
        table = _table("", *result.columns)
        for row in result.rows[:1000]:
            table.add_row(*(text(value) for value in row))
        _show(table)
    more = f", {len(result.rows) - 1000} non montrées (« --json » les donne toutes)" if len(result.rows) > 1000 else ""
    print(f"{len(result.rows)} ligne{'s' if len(result.rows) > 1 else ''}{more}.")


def trace(result: Trace, json: bool) -> None:
    """From the fact to the records."""
    if json:
        print_json(result.as_dict())
        return
    print(f"{result.nature} {result.id} — version {result.release}")
    if result.nature == "indicateur":
        fact = result.fact_lines()
        for line in fact:
            print(line)
        kept = [row for row in result.usages if row["retenu"]]
        print(f"Lignes : {len(kept)} au numérateur, {len(result.usages)} dans la base.")
    if result.usages:
        table = _table("Usages", "Clé", "Collectivité", "SIREN", "Titre", "Thème", "Statut", "Compté")
        for row in result.usages[:SHOWN]:
            counted = row.get("retenu", row["confirme"])
            table.add_row(
                *(text(row[name]) for name in ("cle_source", "collectivite", "siren", "titre", "theme", "statut")),
                text(counted),
            )
        _show(table)
        if len(result.usages) > SHOWN:
            print(f"… et {len(result.usages) - SHOWN} autres : « --json » les donne tous.")
    for decision in result.decisions[:SHOWN]:
        print(
            f"Décision {decision['decision_id']} {decision['etat']} : {decision['objet_type']} → « {decision['valeur']} », "
            f"{decision['auteur']}, {decision['date']} : {decision['motif']}"
        )
    for record in result.enregistrements[:5]:
        several = "s" if "-" in (record.lignes_du_fichier or "") else ""
        lines = f", ligne{several} {record.lignes_du_fichier} du fichier" if record.lignes_du_fichier else ""
        print(f"Enregistrement {record.ligne} de {record.source} ({record.cle}){lines}")
        print(f"  octets : {record.fichier} (sha256 {record.livraison}, {record.octets})")
        for correction in record.corrections:
            print(
                f"  correction {correction['etat']} : {correction['colonne']} « {text(correction['valeur_attendue'])} » → "
                f"« {text(correction['valeur_nouvelle'])} », {correction['auteur']}, {correction['date']} : {correction['motif']}"
            )
        for name, value in (record.contenu or {}).items():
            if value is not None and len(result.enregistrements) == 1:
                print(f"  {name} : {value}")
    if len(result.enregistrements) > 5:
        print(f"… et {len(result.enregistrements) - 5} autres enregistrements : « --json » les donne tous.")


def measures(results: Sequence[Measure], json: bool) -> None:
    """Precision, recall and coverage by source and type, with counts and 95 % intervals."""
    from observatoire.territories import evaluate

    if json:
        print_json(
            [
                {**vars(m), **{name: {"valeur": rate.value, "intervalle_95": rate.interval} for name, rate in
                 (("precision", m.precision), ("rappel", m.recall), ("couverture", m.coverage), ("rattaches", m.attached))}}
                for m in results
            ]
        )  # fmt: skip
        return
    print(evaluate.table(results))


def findings(results: Sequence[Finding], json: bool) -> None:
    """What the machine has and lacks."""
    if json:
        print_json([vars(item) for item in results])
        return
    for item in results:
        mark = "ok    " if item.ok else "MANQUE" if item.needed else "option"
        print(f"{mark} {item.what} : {item.found}" + ("" if item.ok else f" — {item.remedy}"))
