"""What the commands about decisions and the register show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from observatoire.cli_output import SHOWN, print_json, settings
from observatoire.review.decisions_file import DECISION, EXPECTED
from observatoire.review.decisions_file import LISTS as DECIDED
from observatoire.review.links import ALIVE, DEAD, MOVED, UNKNOWN
from observatoire.review.upkeep import MONTHS
from observatoire.vocabularies import codes_by_list

if TYPE_CHECKING:
    from observatoire.review.apply import Applied
    from observatoire.review.cases import Put
    from observatoire.review.export import Exported
    from observatoire.review.links import Link
    from observatoire.review.upkeep import Upkeep


Labels = Mapping[str, Mapping[str, Any]]
LISTED = 20
LISTS = {"objet": "decision_objet"}  # the columns whose list has another name than theirs
BY_OBJECT = (DECISION, EXPECTED)  # the columns whose list depends on what the line is about


def admitted(column: str, reason: str, lists: Mapping[str, Sequence[str]], kind: str = "") -> str:
    """What a column accepts, after an unknown code: its codes, or the file to read when they are many.

    `kind` is the kind of object that a line of a sheet is about.
    """
    if not reason.endswith((" inconnu", " inconnue")):
        return ""
    name = DECIDED.get(kind, "") if column in BY_OBJECT else LISTS.get(column, column)
    codes = lists.get(name, [])
    if 0 < len(codes) <= LISTED:
        return f" Admis : {', '.join(codes)}."
    return " Codes admis : data/register/vocabulaires.yml."


def exported(result: Exported, json: bool) -> None:
    """Where the sheets are and what they ask."""
    if json:
        print_json(result.as_dict())
        return
    for kind, number in result.counts.items():
        print(f"{kind} : {number} à trancher")
    for file in result.files:
        print(file)
    print("Remplir « décision » et « motif », puis : observatoire review apply FICHIER --auteur « Prénom Nom ».")


def applied(result: Applied, json: bool) -> None:
    """What was added, what was already there, and each refused line."""
    if json:
        print_json(result.as_dict())
        return
    lists = codes_by_list(settings().register) if result.refused else {}
    for item in result.refused:
        remedy = admitted(item.colonne, item.motif, lists, item.objet)
        print(f"Ligne {item.ligne}, colonne « {item.colonne} » : {item.motif}.{remedy} La corriger et relancer.")
    for row in result.added[:SHOWN]:
        print(f"{row['decision_id']} : {row['objet_type']} de {row['cle']} → {row['valeur']}")
    if len(result.added) > SHOWN:
        print(f"… et {len(result.added) - SHOWN} autres dans data/register/decisions.csv.")
    refused = len({item.ligne for item in result.refused})
    print(
        f"{len(result.added)} décision(s) ajoutée(s), {result.known} déjà enregistrée(s), {refused} ligne(s) refusée(s), "
        f"{result.undecided} sans décision."
    )
    if result.added:
        print("Lancer « observatoire refresh » pour les voir dans une version.")


def put(result: Put, json: bool) -> None:
    """A case written to the register, or what is to be corrected first."""
    if json:
        print_json(result.as_dict())
        return
    lists = codes_by_list(settings().register) if result.faults else {}
    for fault in result.faults:
        remedy = admitted(fault.colonne, fault.motif, lists)
        print(f"{fault.cas}, colonne « {fault.colonne} » : {fault.motif}.{remedy} La corriger et relancer.")
    if result.faults:
        print("Le registre n'a pas été modifié.")
        return
    several = "s" if len(result.ids) > 1 else ""
    done = ("ajouté" if result.nature == "ajout" else "modifié") + several
    print(
        f"{', '.join(result.ids)} {done}, noté{several} dans historique.csv. Lancer « observatoire refresh » pour publier."
    )


def links_checked(links: Sequence[Link], json: bool) -> None:
    """What a check of the links found, and where it is noted."""
    if json:
        return
    found = Counter(link.state for link in links)
    print(
        f"{len(links)} page(s) interrogée(s) : {found[ALIVE]} actives, {found[MOVED]} déplacées, {found[DEAD]} mortes, "
        f"{found[UNKNOWN]} non lues. C'est noté dans data/register/liens.csv et historique.csv ; lancer "
        "« observatoire refresh » pour publier."
    )


def upkeep(result: Upkeep, json: bool, statuses: Labels) -> None:
    """What the register needs, worst first. `statuses` words what a use has become."""
    if json:
        print_json(result.as_dict())
        return
    last = f"le {result.last_change}" if result.last_change else "aucun"
    print(
        f"Version {result.release}, âges comptés jusqu'à aujourd'hui ({result.reference}). "
        f"Dernier changement noté des cas : {last}."
    )
    if result.behind:
        print(
            f"{', '.join(result.behind)} : changements pas encore publiés, absents de ce qui suit. Lancer « observatoire refresh »."
        )
    for line in result.unrecorded:
        print(f"À noter : {line}")
    dated = [row for row in result.old if row["vu_le"]]
    _cases(f"{len(dated)} cas dont la dernière preuve datée a {MONTHS} mois ou plus", dated, statuses)
    undated = [row for row in result.old if not row["vu_le"]]
    _cases(f"{len(undated)} cas sans aucune preuve datée", undated, statuses)
    _statuses(result.statuses, statuses)
    since = f" (le plus ancien essai : {result.oldest_check})" if result.oldest_check else ""
    print(
        f"Liens : {result.checked} vérifiés{since}, {result.unchecked} jamais vérifiés, {len(result.links)} à reprendre"
        f"{' :' if result.links else '.'}"
    )
    for link in result.links[:SHOWN]:
        print(f"  {_link(link)}")
    _more(len(result.links))
    if result.links:
        print(
            "  Ouvrir la page dans un navigateur ; donner l'adresse qui convient au cas : « register add --id CAS --champ "
            "source_url=… »."
        )
    if result.unchecked:
        print("  Vérifier les liens : « observatoire register check --live --auteur … ».")


def _cases(title: str, rows: Sequence[dict[str, Any]], statuses: Labels) -> None:
    print(f"{title}{' :' if rows else '.'}")
    for row in rows[:SHOWN]:
        seen = f", vu le {row['vu_le']}, {row['mois']} mois" if row["vu_le"] else ""
        print(f"  {row['cle']} {row['collectivite']} — {row['titre']} ({_lower(statuses[row['statut']]['fr'])}{seen})")
    _more(len(rows))


def _statuses(rows: Sequence[dict[str, Any]], statuses: Labels) -> None:
    """Each proposal with what it rests on; a contract has no page, its object speaks for it."""
    print(f"{len(rows)} statut(s) à revoir d'après une preuve plus récente{' :' if rows else '.'}")
    for row in rows[:SHOWN]:
        now, proposed = (_lower(statuses[row[name]]["fr"]) for name in ("statut", "statut_propose"))
        print(
            f"  {row['cle']} {row['collectivite']} — {row['titre']} : {now} → {proposed} ? "
            f"{row['preuve_nature']} {row['preuve_cle']}, {row['preuve_date']}, « {row['preuve_titre']} » "
            f"({row['preuve_url'] or 'sans adresse'})"
        )
    _more(len(rows))
    if rows:
        print(
            "  Trancher : « observatoire review export » ; ou changer le cas avec sa nouvelle preuve : « register add --id CAS "
            "--champ statut=… --champ source_url=… --champ source_date=… »."
        )


def _lower(label: str) -> str:
    """A label inside a sentence."""
    return label[:1].lower() + label[1:]


def _link(link: dict[str, Any]) -> str:
    """A page to take up again: the cases that cite it, what was found of it, since when, and its copy.

    « Non lue » and not « sans réponse »: a server that refuses machines does answer.
    """
    copy = f"copie : {link['archive_url']}" if link["archive_url"] else "aucune copie trouvée"
    met = f" ({link['rencontre']})" if link["rencontre"] else ""
    if link["muet_depuis"]:
        known = f" ; « {link['etat']} » le {link['date']}" if link["etat"] != UNKNOWN else ""
        what = f"non lue depuis le {link['muet_depuis']}, dernier essai le {link['tentative']}{met}{known} ; {copy}"
    elif link["etat"] == MOVED:
        what = f"déplacée vers {link['adresse_finale']}, constaté le {link['date']}"
    else:
        what = f"disparue, constaté le {link['date']} ; {copy}{met}"
    return f"{', '.join(link['cas'])} : {link['url']} — {what}"


def _more(number: int) -> None:
    if number > SHOWN:
        print(f"  … et {number - SHOWN} autres : « --json » les donne tous.")
