"""What an analyst reads after a run, in French: what happened and what to do, what changed, checks, freshness."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from observatoire import pipeline
from observatoire.errors import ObservatoireError
from observatoire.french import count
from observatoire.release.diff import diff_releases
from observatoire.release.query import ask
from observatoire.release.store import find_release
from observatoire.settings import Settings
from observatoire.standing import source_rows

Rows = list[dict[str, Any]]

CHECKS = """
select code, "table", colonne, severite, statut, violations, inconnus, motif, suite
from controles
where statut in ('violé', 'inconnu')
order by severite desc, code
"""


def headline(report: pipeline.Report) -> str:
    """The one line that says how a refresh ended."""
    if report.new:
        done = f"Version {report.release} publiée"
        calm = f"Version {report.release} publiée."
    else:
        done = f"Rien de neuf, la version {report.release} reste publiée"
        calm = f"Rien de neuf : la version {report.release} reste en service."
    degraded = sorted(item.source for item in report.degraded)
    stale = sorted({line.split(" : ")[0] for line in report.stale} - set(degraded))
    faults = [
        f"{count(len(names), 'source', state)} : {', '.join(names)}"
        for names, state in ((degraded, "dégradée"), (stale, "périmée"))
        if names
    ]
    return f"{done}, mais {' ; '.join(faults)}." if faults else calm


def summary(report: pipeline.Report) -> str:
    """Markdown: how it ended, what to do, which release."""
    todo = [f"**Source dégradée** {item.told()}" for item in report.degraded]
    todo += [f"**Source périmée.** {line}" for line in report.stale]
    todo += [f"**Alerte.** {line}" for line in [*report.alerts, *report.remarks]]
    lines = [f"# {headline(report)}", "", "## À faire", ""]
    lines += [f"- {line}" for line in todo] or ["Rien."]
    lines += ["", "## Version", "", f"- En service : `{report.release}`"]
    lines += [f"- Précédente : `{report.predecessor}`"] if report.predecessor else ["- Première version."]
    if report.perimeter == "embarque":
        lines.append("- Périmètre embarqué : la référence territoriale se limite aux collectivités citées.")
    return "\n".join([*lines, *(f"- {line}" for line in report.said)])


def change_rows(settings: Settings, report: pipeline.Report) -> Rows:
    """Rows of each table and, for a new release, what came, went and was modified since its predecessor."""
    moved: dict[str, dict[str, Any]] = {}
    compared = False
    if report.new and report.release and report.predecessor:
        try:
            before, after = (find_release(settings, name) for name in (report.predecessor, report.release))
            moved = {row["table"]: row for row in diff_releases(before, after).summary()}
            compared = True
        except ObservatoireError:  # the predecessor is no longer kept whole: the rows alone are shown
            pass
    none = {"ajoutée": 0, "retirée": 0, "modifiée": 0}
    names = {"Ajoutées": "ajoutée", "Retirées": "retirée", "Modifiées": "modifiée"}
    return [
        {"Table": table, "Lignes": report.rows.get(table, 0)}
        | ({title: moved.get(table, none)[kind] for title, kind in names.items()} if compared else {})
        for table in sorted(report.rows.keys() | moved.keys())
    ]


def check_rows(settings: Settings, release: str) -> Rows:
    """Checks of a release that an analyst should look at, what blocks first."""
    return [
        {
            "Contrôle": row["code"],
            "Où": row["table"] + (f".{row['colonne']}" if row["colonne"] else ""),
            "Gravité": row["severite"],
            "Lignes": row["violations"] or row["inconnus"],
            "Constat": row["motif"] if row["statut"] == "violé" else f"Non jugé : {row['motif']}",
            "Que faire": row["suite"],
        }
        for row in ask(settings, find_release(settings, release), CHECKS).as_dicts()
    ]


def freshness_rows(settings: Settings) -> Rows:
    """One row per source, degraded ones first."""
    rows = [
        {
            "Source": row["source"],
            "État": source_state(row),
            "Utilisée": ", ".join(row["livraisons"]),
            "Dernier essai (UTC)": row["dernier_essai"] or "",
            "Que faire": (row["message"] or "") if row["degradee_depuis"] else "",
            "Titre": row["titre"],
        }
        for row in source_rows(settings)
    ]
    return sorted(rows, key=lambda row: (not row["Que faire"], row["Source"]))


def source_state(row: dict[str, Any]) -> str:
    """Where a source stands, in a few words."""
    if row["degradee_depuis"]:
        return f"{'PÉRIMÉE' if row['perimee'] else 'DÉGRADÉE'} depuis {row['degradee_depuis']}"
    if not row["livraisons"]:
        return "REQUISE, ABSENTE" if row["requise"] else "jamais collectée"
    return "à jour"


def show_refresh(settings: Settings, report: pipeline.Report) -> None:
    """The four artifacts of a refresh."""
    assert report.release
    create_markdown_artifact(summary(report), key="bilan", description=headline(report))
    changes = change_rows(settings, report)
    since = f"Depuis {report.predecessor}" if "Ajoutées" in changes[0] else "Lignes de chaque table"
    _table("changements", changes, f"Ce qui a changé. {since}.")
    checks = check_rows(settings, report.release)
    found = count(len(checks), "contrôle") + " à regarder." if checks else "Tous les contrôles sont respectés."
    _table("controles", checks, found)
    show_freshness(settings)


def show_freshness(settings: Settings) -> None:
    """The state of every source."""
    rows = freshness_rows(settings)
    faulty = sum(1 for row in rows if row["Que faire"])
    found = count(faulty, "source") + " à regarder." if faulty else "Aucune source n'est dégradée ni périmée."
    _table("fraicheur", rows, found)


def show_ingested(lines: Sequence[str], title: str) -> None:
    """What came of taking in a delivery."""
    create_markdown_artifact("\n".join([f"# {title}", "", *(f"- {line}" for line in lines)]), "bilan", title)


def show_audit(found: Sequence[str], title: str) -> None:
    """The differences found by an audit, or that there are none."""
    create_markdown_artifact("\n".join([f"# {title}", "", *(f"- {line}" for line in found)]), "audit", title)


def show_failure(line: str) -> None:
    """Why a run failed: the one line, which says what to do. Lists of blocking checks are put one under the other."""
    create_markdown_artifact("# Échec\n\n" + line.replace(" ; ", "  \n") + "\n", "bilan", line)


def _table(key: str, rows: Rows, description: str) -> None:
    create_table_artifact(table=rows, key=key, description=description)
