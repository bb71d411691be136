"""What `observatoire evaluate` shows."""

from __future__ import annotations

from observatoire.cli_output import print_json
from observatoire.judgement.merges import MergeMeasure
from observatoire.territories.evaluate import Rate

APPRENTISSAGE = "apprentissage"  # the half whose errors may be read


def rate_line(name: str, rate: Rate) -> str:
    """« name : 8 sur 9, soit 0,889 (intervalle à 95 % : 0,565 à 0,980) »."""
    if rate.value is None or rate.interval is None:
        return f"{name} : aucun cas"
    low, high = (f"{value:.3f}".replace(".", ",") for value in rate.interval)
    shown = f"{rate.value:.3f}".replace(".", ",")
    return f"{name} : {rate.count} sur {rate.base}, soit {shown} (intervalle à 95 % : {low} à {high})"


def as_dict(rate: Rate) -> dict[str, object]:
    """A rate for --json."""
    return {"compte": rate.count, "base": rate.base, "valeur": rate.value, "intervalle_95": rate.interval}


def merges(found: MergeMeasure, json: bool) -> None:
    """Precision and recall of merges, what is shown to analysts, and each error. Pairs of the frozen half are not named."""
    errors = found.errors if found.half == APPRENTISSAGE else ()
    if json:
        print_json(
            {
                "moitie": found.half, "paires": found.pairs, "non_evaluees": found.missing,
                "precision": as_dict(found.precision), "rappel": as_dict(found.recall), "montrees": as_dict(found.shown),
                "confusion": found.confusion, "erreurs": errors,
            }
        )  # fmt: skip
        return
    print(f"Moitié « {found.half} » : {found.pairs} paires, dont {found.missing} non évaluées (sources absentes).")
    print(rate_line("Précision des fusions", found.precision))
    print(rate_line("Rappel des fusions", found.recall))
    print(rate_line("Même usage ou même projet, fusionnés ou montrés aux analystes", found.shown))
    for relation, proposal, count in found.confusion:
        print(f"  {relation} → {proposal} : {count}")
    for first, second, relation, proposal in errors:
        print(f"  écart : {first} + {second}, {relation}, proposé : {proposal}")
