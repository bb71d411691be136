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
    from rich.console import Console
    from rich.table import Table

    from observatoire.doctor import Finding
    from observatoire.ingest import Ingested
    from observatoire.pipeline import Report
    from observatoire.review.proposals import Proposals
    from observatoire.territories.evaluate import Measure

SHOWN = 40
PIPE_WIDTH = 160


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


def new_table(title: str, *columns: str) -> Table:
    """An empty table with these columns; long cells are folded."""
    from rich.box import SIMPLE
    from rich.table import Table

    table = Table(title=title, box=SIMPLE, title_justify="left", title_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def console() -> Console:
    """The output: as wide as the terminal, of a fixed width in a file or a pipe. A text in brackets is a text."""
    from rich.console import Console

    return Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)


def show(table: Table) -> None:
    console().print(table)


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
        table = new_table("Tables", "Table", "Lignes")
        for name, rows in sorted(result.rows.items()):
            table.add_row(name, str(rows))
        show(table)
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
    if any(item.unpublished for item in results):
        print("Aucune version n'en tient encore compte. Lancer « observatoire refresh ».")


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
    table = new_table("Sources", "Source", "Titre", "Utilisée", "Dernier essai", "État")
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
    show(table)


PERIMETERS = {"embarque": "embarqué", "complet": "complet"}


def releases(rows: Sequence[dict[str, Any]], json: bool) -> None:
    """One line per release."""
    if json:
        print_json(rows)
        return
    if not rows:
        print("Aucune version publiée. Lancer « observatoire refresh ».")
        return
    table = new_table("Versions", "Version", "Publiée le", "Après", "Périmètre", "")
    for row in rows:
        again = row["entrees_en_service"][1:]
        mark = "en service" if row["en_service"] else ""
        if again:
            mark += f"{', ' if mark else ''}remise en service le {', '.join(again)}"
        table.add_row(row["id"], row["released_at"], row["predecessor"] or "", PERIMETERS[row["perimetre"]], mark)
    show(table)


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
