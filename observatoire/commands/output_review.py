"""What the commands about decisions and the register show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from observatoire.cli_output import SHOWN, print_json, settings
from observatoire.vocabularies import codes_by_list

if TYPE_CHECKING:
    from observatoire.review.apply import Applied
    from observatoire.review.cases import Put
    from observatoire.review.export import Exported
    from observatoire.review.upkeep import Upkeep


LISTED = 20
LISTS = {"objet": "decision_objet"}  # the columns whose list has another name than theirs


def admitted(column: str, reason: str, lists: Mapping[str, Sequence[str]]) -> str:
    """What a column accepts, after an unknown code: its codes, or the file to read when they are many or depend on the row."""
    if not reason.endswith((" inconnu", " inconnue")):
        return ""
    codes = lists.get(LISTS.get(column, column), [])
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
        remedy = admitted(item.colonne, item.motif, lists)
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
    done = "ajouté(s)" if result.nature == "ajout" else "modifié"
    print(f"{', '.join(result.ids)} {done}, noté dans historique.csv. Lancer « observatoire refresh » pour publier.")


def upkeep(result: Upkeep, json: bool) -> None:
    """What the register needs, worst first."""
    if json:
        print_json(result.as_dict())
        return
    for line in result.unrecorded:
        print(f"À noter : {line}")
    print(f"{len(result.old)} cas sans preuve datée depuis 24 mois (au {result.reference}) :")
    for row in result.old[:SHOWN]:
        seen = f"vu le {row['vu_le']}, {row['mois']} mois" if row["vu_le"] else "preuve non datée"
        print(f"  {row['cle']} {row['collectivite']} — {row['titre']} ({row['statut']}, {seen})")
    _more(len(result.old))
    print(f"{len(result.statuses)} statut(s) à revoir d'après une preuve plus récente :")
    for row in result.statuses[:SHOWN]:
        print(
            f"  {row['cle']} : {row['statut']} → {row['statut_propose']} ? ({row['preuve_date']}, {row['preuve_url']})"
        )
    print(f"Liens : {result.checked} vérifiés, {result.unchecked} jamais (« register check --live --auteur … »).")
    for link in result.links[:SHOWN]:
        print(f"  {_link(link)}")
    _more(len(result.links))


def _link(link: dict[str, str]) -> str:
    """A page to take up again; of one that does not answer, what was met, since when, and what to do."""
    copy = link["archive_url"] or "aucune copie trouvée"
    if not link["muet_depuis"]:
        return f"{link['etat']} : {link['url']} → {link['adresse_finale'] if link['etat'] == 'deplace' else copy}"
    met = link.get("rencontre") or "le site ne répond pas"
    last = f", dernier essai le {link['tentative']}" if link.get("tentative") else ""
    return (
        f"inconnu : {link['url']} → {met} depuis le {link['muet_depuis']}{last} ; copie : {copy}. Ouvrir la page dans un "
        f"navigateur ; si elle a disparu, donner une autre adresse au cas (« register add --id … --champ source_url=… »)."
    )


def _more(number: int) -> None:
    if number > SHOWN:
        print(f"  … et {number - SHOWN} autres : « --json » les donne tous.")
