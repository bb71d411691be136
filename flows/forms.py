"""What an analyst fills in: one pydantic model per flow, because Prefect keeps the titles of a model only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema


class KnownSource:
    """Makes a text a dropdown of the sources known when the form is made, so that a new source needs no Python.

    With `lists`, those that someone hands over as files (data/register/imports) are known too.
    """

    def __init__(self, lists: bool = False) -> None:
        self.lists = lists

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        from observatoire import pipeline
        from observatoire.errors import ObservatoireError
        from observatoire.settings import Settings

        try:
            settings = Settings.from_env()
            known = [*pipeline.load_all_sources(settings), *(pipeline.load_lists(settings) if self.lists else ())]
        except ObservatoireError:  # the form stays usable: the run itself says what is wrong with the specifications
            return handler(schema)
        return {**handler(schema), "enum": known}


SourceId = Annotated[str, KnownSource()]
SourceOrListId = Annotated[str, KnownSource(lists=True)]


@dataclass(frozen=True)
class Listed:
    """Makes a text a dropdown of a list of data/register/vocabulaires.yml, the empty choice first."""

    name: str

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        from observatoire.errors import ObservatoireError
        from observatoire.settings import Settings
        from observatoire.vocabularies import codes_by_list

        try:
            known = codes_by_list(Settings.from_env().register)[self.name]
        except (ObservatoireError, KeyError):  # the rules of the register still judge what is typed
            return handler(schema)
        return {**handler(schema), "enum": ["", *known]}


class AuditOptions(BaseModel):
    """What every flow asks. Extra fields are refused, so that a misspelt parameter is never silently ignored."""

    model_config = ConfigDict(title="Vérifier la version en service", extra="forbid", frozen=True)

    wait_minutes: int = Field(
        30,
        ge=0,
        le=720,
        title="Attente maximale (minutes)",
        description="Combien de temps attendre si une autre écriture est en cours. 0 : ne pas attendre.",
    )


class RefreshOptions(AuditOptions):
    """What a refresh asks."""

    model_config = ConfigDict(title="Mettre à jour et publier")

    sources: list[SourceId] = Field(
        [],
        title="Sources à collecter",
        description="Aucune source choisie : toutes. La construction prend toujours tout ce que l'archive contient.",
    )
    live: bool = Field(
        False,
        title="Utiliser le réseau",
        description="Activé : les sources en ligne sont interrogées. Désactivé : seuls les fichiers du registre sont relus.",
    )
    force: bool = Field(
        False,
        title="Tout reconstruire",
        description="Reconstruire depuis l'archive, même si rien n'a changé. Plus long, même résultat.",
    )


class IngestOptions(AuditOptions):
    """What taking in one delivery asks."""

    model_config = ConfigDict(title="Prendre une livraison")

    source: SourceOrListId = Field(
        title="Source ou liste",
        description="La source dont on prend la livraison, ou la liste remise par fichier : ses lignes sont alors proposées "
        "au registre, qui n'est pas modifié.",
    )
    file: str = Field(
        "",
        title="Fichier",
        description="Chemin d'un fichier sur la machine qui exécute, à prendre à la place de l'adresse de la source. "
        "Vide : la source est interrogée à son adresse.",
    )
    vintage: str = Field(
        "",
        title="Millésime",
        description="Pour une source à plusieurs millésimes, celui du fichier. Vide : celui que dit le nom du fichier.",
    )
    date: str = Field(
        "",
        title="Date du fichier",
        description="Date que porte le fichier (AAAA-MM-JJ), jamais celle où il est donné. Vide : celle que dit son nom, s'il en "
        "dit une.",
    )
    back: bool = Field(
        False,
        title="Revenir à un fichier plus ancien",
        description="Activé : prendre le fichier même s'il est plus ancien que la livraison utilisée.",
    )
    publish: bool = Field(
        True,
        title="Publier ensuite",
        description="Activé : construire, contrôler et publier une version. Désactivé : archiver seulement.",
    )


class SurveyOptions(AuditOptions):
    """What estimating a survey asks."""

    model_config = ConfigDict(title="Estimer une enquête")

    survey: str = Field(
        title="Enquête",
        pattern=r"^[a-z][a-z0-9_]*$",
        description="Nom de son livre de codes dans data/register/enquetes, sans « .yml ».",
    )
    edition: str = Field(title="Édition", description="Édition, comme dans le livre de codes (par exemple 2026).")
    answers: Literal["serveur du formulaire", "fichier", "déjà importées"] = Field(
        "serveur du formulaire",
        title="Origine des réponses",
        description="Interroger le serveur LimeSurvey du livre de codes, lire un fichier, ou garder l'import précédent.",
    )
    file: str = Field(
        "",
        title="Fichier des réponses",
        description="Chemin d'un export sur la machine qui exécute, quand l'origine est un fichier.",
    )
    mapping: str = Field(
        "",
        title="Correspondance",
        description="Nom de la correspondance du livre de codes, pour l'export d'un autre outil que LimeSurvey.",
    )
    before: str = Field(
        "",
        title="Édition précédente",
        description="Édition déjà estimée avec laquelle comparer. Vide : pas de comparaison.",
    )
    publish: bool = Field(
        False,
        title="Publier",
        description="Activé : écrire les chiffres protégés dans le registre, construire et publier. "
        "Désactivé : les laisser dans data/restricted pour relecture.",
    )

    @model_validator(mode="after")
    def a_file_when_it_is_the_origin(self) -> SurveyOptions:
        """A file is given when, and only when, answers come from it."""
        if (self.answers == "fichier") != bool(self.file):
            raise ValueError("Donner un fichier quand l'origine des réponses est un fichier, et alors seulement.")
        return self


class RegisterOptions(AuditOptions):
    """What adding or editing a case asks. A field left empty says nothing (a new case) or changes nothing (an edited one)."""

    model_config = ConfigDict(title="Ajouter ou modifier un cas")

    author: str = Field(title="Auteur", min_length=1, description="Qui ajoute ou modifie ; noté dans l'historique.")
    reason: str = Field(title="Motif", min_length=1, description="Pourquoi ; noté dans l'historique.")
    case_id: str = Field("", title="Cas à modifier", description="Clé du cas (v001…). Vide : un cas est ajouté.")
    collectivite: str = Field("", title="Collectivité", description="Nom tel que la source l'écrit.")
    type_collectivite: Annotated[str, Listed("type_collectivite")] = Field(
        "", title="Type de collectivité", description="Commune, EPCI, département, etc."
    )
    departement_ou_region: str = Field("", title="Département ou région", description="Aide à reconnaître le nom.")
    titre: str = Field("", title="Titre du cas", description="Objet de l'usage, en une ligne.")
    description: str = Field("", title="Description du cas", description="Dans nos mots, jamais recopiée.")
    theme: Annotated[str, Listed("theme")] = Field("", title="Thème principal", description="Voir le guide de codage.")
    finalite_environnementale: Annotated[str, Field(json_schema_extra={"enum": ["", "true", "false"]})] = Field(
        "", title="Finalité environnementale", description="L'usage vise d'abord un effet sur l'environnement."
    )
    technique: Annotated[str, Listed("technique")] = Field("", title="Technique d'IA", description="Telle que dite.")
    statut: Annotated[str, Listed("statut")] = Field(
        "", title="État de l'usage", description="Selon la dernière preuve."
    )
    annee: str = Field("", title="Année", description="AAAA, si la source la donne.")
    annee_type: Annotated[str, Listed("annee_type")] = Field(
        "", title="Nature de l'année", description="Ce qu'elle vaut."
    )
    montant_eur: str = Field("", title="Montant (euros)", description="En chiffres, 1000.50, s'il est cité.")
    montant_nature: Annotated[str, Listed("montant_nature")] = Field(
        "", title="Nature du montant", description="Annuel, plafond, coût total, etc."
    )
    programme: str = Field("", title="Programme de soutien", description="S'il y en a un.")
    fournisseur: str = Field(
        "", title="Fournisseur de l'outil", description="L'entreprise que la page nomme, jamais une personne."
    )
    solution: str = Field("", title="Solution utilisée", description="Le produit ou service, tel que la page le nomme.")
    date_debut: str = Field("", title="Début", description="Énoncé par la page : AAAA, AAAA-MM ou AAAA-MM-JJ.")
    date_fin: str = Field("", title="Fin", description="Énoncée par la page : AAAA, AAAA-MM ou AAAA-MM-JJ.")
    nature: Annotated[str, Listed("nature")] = Field("", title="Nature du cas", description="Usage, programme ou plan.")
    ia_explicite: Annotated[str, Field(json_schema_extra={"enum": ["", "true", "false"]})] = Field(
        "", title="IA dite par la source", description="La source dit qu'il s'agit d'IA."
    )
    source_url: str = Field("", title="Adresse de la source", description="Page qui atteste l'usage.")
    source_titre: str = Field("", title="Titre de la source", description="Site et titre de la page.")
    source_date: str = Field("", title="Date de la source", description="AAAA, AAAA-MM ou AAAA-MM-JJ.")
    resume_preuve: str = Field("", title="Résumé de la preuve", description="Dans nos mots, jamais recopié.")
    confiance: Annotated[str, Listed("confiance")] = Field(
        "", title="Confiance dans le cas", description="Haute, moyenne ou basse."
    )
    emptied: list[str] = Field(
        [], title="Champs à vider", description="Colonnes dont la valeur est retirée, pour un cas modifié."
    )
    publish: bool = Field(
        True,
        title="Publier ensuite",
        description="Activé : construire, contrôler et publier. Désactivé : écrire seulement.",
    )

    @property
    def fields(self) -> dict[str, str]:
        """The columns of the register that the form fills in or empties."""
        asked = {"wait_minutes", "author", "reason", "case_id", "emptied", "publish"}
        given = {name: value.strip() for name, value in self.model_dump(exclude=asked).items() if value.strip()}
        return {**given, **dict.fromkeys(self.emptied, "")}
