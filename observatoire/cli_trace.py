"""How the command line shows what an identifier comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from observatoire.cli_output import SHOWN, new_table, print_json, show, text
from observatoire.trace import Record, Trace

Labels = Mapping[str, Mapping[str, Any]]
RECORDS = 5
JUDGED = {
    "theme": "thème",
    "finalite_environnementale": "finalité environnementale",
    "technique": "technique",
    "statut": "statut",
}


def trace(result: Trace, json: bool, absences: Labels) -> None:
    """From the fact to the records. `absences` words why a figure has no value."""
    if json:
        print_json(result.as_dict())
        return
    print(f"{result.nature} {result.id} — version {result.release}")
    if result.nature == "indicateur":
        for line in fact_lines(result.fait, absences):
            print(line)
        kept = [row for row in result.usages if row["retenu"]]
        print(f"Lignes : {len(kept)} au numérateur, {len(result.usages)} dans la base.")
    for row in result.candidats[:SHOWN]:
        for line in candidate_lines(row):
            print(line)
    if result.usages:
        _uses(result)
    elif result.nature == "candidat":
        print("Ce candidat n'est la preuve d'aucun usage.")
    for decision in result.decisions[:SHOWN]:
        for line in decision_lines(decision):
            print(line)
    for heir in result.heritiers:
        print(f"Changé : {heir['nature']} de {heir['ancien_usage_id']} ({heir['cle_source']}) → {heir['usage_id']}")
    # The base of a figure is a list of uses: `trace` of one of them shows what was read.
    read = result.nature != "indicateur" or len(result.enregistrements) == 1
    for record in result.enregistrements[:RECORDS]:
        _record(record, read)
    if len(result.enregistrements) > RECORDS:
        print(f"… et {len(result.enregistrements) - RECORDS} autres enregistrements : « --json » les donne tous.")


def fact_lines(fact: Mapping[str, Any], absences: Labels) -> list[str]:
    """A figure in words: what it is worth, of what, and what it does not say."""
    if fact["valeur"] is None:
        label = absences[fact["absence"]]["fr"] if fact["absence"] in absences else fact["absence"]
        value = f"sans valeur ({label[:1].lower()}{label[1:]})"
    else:
        value = f"{text(fact['valeur'])} {fact['unite']}"
    return [
        f"{fact['libelle']} : {value}" + (f" — {fact['domaine']}" if fact["domaine"] else ""),
        f"Définition : {fact['definition']}",
        f"Base : {fact['base']} (n = {text(fact['n'])}). Plan : {fact['plan']}.",
        str(fact["mention"]),
    ]


def candidate_lines(row: Mapping[str, Any]) -> list[str]:
    """What the machine judged of a record: its word, its score and the terms that gave it."""
    place = f"{row['source']}|{row['cle']}"
    judged = [f"{said} {text(row[name])}" for name, said in JUDGED.items() if row[name] is not None]
    return [
        f"Candidat {place} ({text(row['acheteur']) or 'organisme non dit'}) : {row['objet']}",
        f"  est-ce de l'IA : {row['decision']} ; d'après les règles : {row['decision_automatique']}, score {row['score']}",
        f"  motifs : {' ; '.join(row['motifs'])}",
        *([f"  jugé : {', '.join(judged)}"] if judged else []),
        f"  livraison {row['livraison']}, enregistrement {row['ligne']}",
    ]


def decision_lines(row: Mapping[str, Any]) -> list[str]:
    """A decision, what it is about, what it expected, and what became of it."""
    expected = f" (attendu : « {row['valeur_attendue']} »)" if row["valeur_attendue"] else ""
    return [
        f"Décision {row['decision_id']} {row['etat']} : {row['objet_type']} de {row['cle']}{expected} → « {row['valeur']} », "
        f"{row['auteur']}, {row['date']} : {row['motif']}",
        f"  {row['explication']}",
    ]


def _uses(result: Trace) -> None:
    table = new_table("Usages", "Clé", "Collectivité", "SIREN", "Titre", "Thème", "Statut", "Compté")
    for row in result.usages[:SHOWN]:
        counted = row.get("retenu", row["confirme"])
        table.add_row(
            *(text(row[name]) for name in ("cle_source", "collectivite", "siren", "titre", "theme", "statut")),
            text(counted),
        )
    show(table)
    if len(result.usages) > SHOWN:
        print(f"… et {len(result.usages) - SHOWN} autres : « --json » les donne tous.")


def _record(record: Record, read: bool) -> None:
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
        if value is not None and read:
            print(f"  {name} : {value}")
