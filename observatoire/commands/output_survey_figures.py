"""What the commands of survey figures show. Hidden figures are named with their reason, never with a value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.cli_output import print_json
from observatoire.errors import UsageError

if TYPE_CHECKING:
    from observatoire.survey.production.edition import Estimated, Row, Weighing
    from observatoire.survey.sampling.plan import Drawn

INVENTED = "DONNÉES FICTIVES"
STATES = {"refusee": "évolution refusée", "secret": "évolution masquée"}


def spreads(given: Sequence[str]) -> dict[str, float]:
    """STRATE=NOMBRE options as numbers by stratum. Raises UsageError on another form."""
    found = {}
    for text in given:
        name, _, number = text.rpartition("=")
        try:
            found[name] = float(number.replace(",", "."))
        except ValueError:
            raise UsageError(f"--ecart « {text} » : écrire STRATE=NOMBRE, par exemple « epci=0,4 ».") from None
    return found


def drawn(done: Drawn, name: str, edition: str, json: bool) -> None:
    """A draw: frame, then by stratum N, n, probability, panel."""
    counts, overlap = done.draw.drawn, done.draw.overlap
    strata = [
        {"strate": h, "population": size, "tirees": counts[h], "probabilite": counts[h] / size, "panel": overlap[h]}
        for h, size in done.draw.population.items()
    ]
    if json:
        facts = {"enquete": name, "edition": edition, "nouveau": done.new, "graine": done.draw.seed}
        print_json({**facts, "cadre": done.frame.origin, "millesime": done.frame.vintage,
                    "hors_cadre": done.frame.left_out, "dossier": done.folder, "strates": strata})  # fmt: skip
        return
    state = "écrit" if done.new else "déjà là, inchangé"
    print(
        f"{name} {edition} : {len(done.draw.sample)} collectivités tirées sur {sum(done.draw.population.values())}, {state}."
    )
    vintage = f", millésime {done.frame.vintage}" if done.frame.vintage else ""
    print(f"Cadre : {done.frame.origin}{vintage}. Graine : {done.draw.seed}.")
    if done.frame.left_out:
        print(f"{done.frame.left_out} collectivités sans SIREN ou sans strate restent hors du cadre.")
    for item in strata:
        print(
            f"- {item['strate']} : {item['tirees']} sur {item['population']}, probabilité {item['probabilite']:.4g}".replace(
                ".", ","
            )
            + (f", dont {item['panel']} de l'édition précédente" if item["panel"] else "")
        )
    print(
        f"Liste pour l'outil d'enquête : {done.folder}/participants.csv (adresses à compléter hors de l'observatoire)."
    )


def reminded(name: str, edition: str, waiting: int, size: int, path: Path, json: bool) -> None:
    """Who is left to remind."""
    if json:
        print_json({"enquete": name, "edition": edition, "a_relancer": waiting, "tirees": size, "fichier": str(path)})
        return
    print(f"{name} {edition} : {waiting} collectivités à relancer sur {size} tirées. Liste : {path}")


def weighted(done: Weighing, json: bool) -> None:
    """Weights: response by stratum, how unequal the weights are."""
    if json:
        print_json(asdict(done))
        return
    _invented(done.fictitious)
    print(f"{done.survey} {done.edition} : {done.respondents} répondants pondérés ({done.method}).")
    _left_out(done.left_out)
    for stratum, (answered, asked, size) in done.response.items():
        print(
            f"- {stratum} : {answered} réponses sur {asked} tirées ({answered / asked:.0%}), population {size}".replace(
                "%", " %"
            )
        )
    numbers = f"poids de {done.smallest:.3g} à {done.largest:.3g}, taille efficace {done.effective:.0f}".replace(
        ".", ","
    )
    print(f"{numbers} (Kish). Fichier : {done.file}")


def estimated(done: Estimated, published: int, json: bool) -> None:
    """Figures, what is hidden and why."""
    if json:
        print_json({**asdict(done), "publies": published})
        return
    _invented(any(row["fictif"] == "oui" for row in done.rows))
    shown = [row for row in done.rows if row["absence"] != "secret"]
    print(f"{done.respondents} répondants, {len(done.rows)} chiffres, {len(done.hidden)} masqués.")
    _left_out(done.left_out)
    for row in shown:
        print(f"- {_figure(row)}")
    for name, reason in done.hidden.items():
        print(f"- {name} : masqué ({reason})")
    _published(published, "enquetes_chiffres.csv", done.folder)


def compared(rows: Sequence[Row], published: int, json: bool) -> None:
    """Changes, refusals and hidden ones."""
    if json:
        print_json({"evolutions": list(rows), "publies": published})
        return
    _invented(any(row["fictif"] == "oui" for row in rows))
    states = Counter(row["statut"] for row in rows)
    print(f"{states['calculee']} évolutions calculées, {states['refusee']} refusées, {states['secret']} masquées.")
    for row in rows:
        name = f"{row['indicateur']} {row['modalite']}".strip()
        if row["statut"] != "calculee":
            print(f"- {name} : {STATES[row['statut']]} ({row['motif']})")
            continue
        bounds = f", intervalle de {row['ic_bas']} à {row['ic_haut']}" if row["ic_bas"] else f" ({row['motif']})"
        print(
            f"- {name} : {row['valeur_avant']} puis {row['valeur_apres']}, évolution {row['evolution']}{bounds}".replace(
                ".", ","
            )
        )
    _published(published, "enquetes_evolutions.csv", "")


def _figure(row: Row) -> str:
    name = f"{row['indicateur']} {row['ventilation']} {row['modalite']}".strip()
    if not row["valeur"]:
        return f"{name} : sans valeur ({row['motif']})"
    bounds = f", intervalle de {row['ic_bas']} à {row['ic_haut']}" if row["ic_bas"] else f" ({row['motif']})"
    return f"{name} : {row['valeur']} {row['unite']}{bounds}, n = {row['n']}".replace(".", ",")


def _left_out(counts: Mapping[str, int]) -> None:
    for reason, count in counts.items():
        print(f"- non utilisées : {count} ({reason})")


def _invented(fictitious: bool) -> None:
    if fictitious:
        print(INVENTED)


def _published(count: int, file: str, folder: str) -> None:
    if count:
        print(f"{count} lignes écrites dans data/register/{file}. Les relire, puis lancer « observatoire refresh ».")
    elif folder:
        print(f"Fichiers : {folder} (accès restreint). Pour les publier : --publier.")
