"""What `observatoire evaluate detection` and `observatoire evaluate themes` show."""

from __future__ import annotations

from observatoire.cli_output import print_json
from observatoire.commands.output_evaluate import APPRENTISSAGE, as_dict, rate_line
from observatoire.judgement.evaluate import DetectionMeasure, ThemesMeasure


def detection(found: DetectionMeasure, json: bool) -> None:
    """Counts, precision, recall and F1. The texts of the frozen half are not named."""
    errors = found.errors if found.half == APPRENTISSAGE else ()
    if json:
        print_json(
            {
                "moitie": found.half, "textes": found.texts, "non_evalues": found.missing,
                "precision": as_dict(found.precision), "precision_large": as_dict(found.broad),
                "rappel": as_dict(found.recall), "montres": as_dict(found.shown), "f1": found.f1,
                "confusion": found.confusion,
                "sources": [[name, as_dict(p), as_dict(r)] for name, p, r in found.sources], "erreurs": errors,
            }
        )  # fmt: skip
        return
    _head(found.half, found.texts, found.missing)
    print(rate_line("Précision (« oui » qui en sont)", found.precision))
    print(rate_line("Précision large (« oui » qui en sont ou peuvent en être)", found.broad))
    print(rate_line("Rappel (de ce qui en est, jugé « oui »)", found.recall))
    print(rate_line("De ce qui en est ou peut en être, jugé « oui » ou montré aux analystes", found.shown))
    if found.f1:
        value, low, high = (f"{part:.3f}".replace(".", ",") for part in found.f1)
        print(f"F1 : {value} (intervalle à 95 % : {low} à {high})")
    for name, precision, recall in found.sources:
        print(f"  {rate_line(f'{name}, précision', precision)} ; {rate_line('rappel', recall)}")
    for truth, decision, count in found.confusion:
        print(f"  codé {truth} → jugé {decision} : {count}")
    for key, truth, decision in errors:
        print(f"  écart : {key}, codé {truth}, jugé {decision}")


def themes(found: ThemesMeasure, json: bool) -> None:
    """How often theme, purpose, technique and status are right, and which themes are taken for which."""
    errors = found.errors if found.half == APPRENTISSAGE else ()
    rates = {
        "theme_principal": ("Thème principal", found.theme), "parmi_les_themes": ("Parmi les thèmes proposés", found.among),
        "finalite_environnementale": ("Finalité environnementale", found.purpose),
        "technique": ("Technique", found.technique), "statut": ("Statut", found.status),
    }  # fmt: skip
    if json:
        print_json(
            {
                "moitie": found.half, "textes": found.texts, "non_evalues": found.missing,
                **{name: as_dict(rate) for name, (_, rate) in rates.items()},
                "par_theme": [[name, as_dict(p), as_dict(r)] for name, p, r in found.by_theme],
                "confusion": found.confusion, "erreurs": errors,
            }
        )  # fmt: skip
        return
    _head(found.half, found.texts, found.missing)
    for label, rate in rates.values():
        print(rate_line(label, rate))
    for name, precision, recall in found.by_theme:
        print(f"  {rate_line(f'{name}, précision', precision)} ; {rate_line('rappel', recall)}")
    for truth, said, count in found.confusion:
        print(f"  {truth} pris pour {said} : {count}")
    for key, truth, said in errors:
        print(f"  écart : {key}, codé {truth}, jugé {said}")


def _head(half: str, texts: int, missing: int) -> None:
    absent = f", {missing} non évalués (donner --fonds-vert)" if missing else ""
    print(f"Moitié « {half} » : {texts} textes{absent}.")
