"""Taking in the answers of an edition, from a file or from the form's server, and what is said of it.

An export is read in memory: no clear copy of it is written anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from observatoire.errors import DeliveryRefused, UsageError
from observatoire.settings import Settings
from observatoire.state import record, writer_lock
from observatoire.survey.intake import mapped, store
from observatoire.survey.intake.answers import UNREADABLE
from observatoire.survey.intake.binding import Binding, bind, known_count
from observatoire.survey.intake.codebook import Codebook
from observatoire.survey.intake.codebook_file import load_codebook
from observatoire.survey.intake.exports import Export, exported, read_export
from observatoire.survey.intake.lss import column_names, names_of_fieldmap, read_form
from observatoire.survey.intake.privacy import refuse_persons, survey_key
from observatoire.survey.intake.pseudonymised import Received, pseudonymised, responses_of
from observatoire.survey.intake.rows import UNKNOWN
from observatoire.survey.sampling.files import ANSWERS, edition_folder


@dataclass(frozen=True)
class Run:
    """Who imports, how long to wait for the writer's lock, and whether fewer responses than before are accepted."""

    who: str = "cli"
    wait_seconds: float = 0.0
    accept_fewer: bool = False


@dataclass(frozen=True)
class Import:
    """What an import did, in numbers: responses received and kept, rows written, what the export did not say."""

    survey: str
    edition: str
    fictitious: bool
    form: str
    delivery: str
    new: bool
    received: int
    complete: int
    kept: int
    without_siren: int
    same_token: int
    same_authority: int
    rows: int
    unreadable: Mapping[str, int]
    dropped_columns: int
    losses: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """What --json shows."""
        return {
            "enquete": self.survey, "edition": self.edition, "fictive": self.fictitious, "forme": self.form,
            "livraison": self.delivery, "nouvelle": self.new, "reponses": self.received, "completes": self.complete,
            "gardees": self.kept, "sans_siren": self.without_siren, "meme_jeton": self.same_token,
            "meme_collectivite": self.same_authority, "lignes": self.rows, "illisibles": dict(self.unreadable),
            "colonnes_jetees": self.dropped_columns, "pertes": list(self.losses),
        }  # fmt: skip


def import_file(
    settings: Settings,
    name: str,
    file: Path,
    *,
    edition: str | None = None,
    structure: Path | None = None,
    mapping: str | None = None,
    key: bytes | None = None,
    run: Run = Run(),
) -> Import:
    """Take in an export of LimeSurvey (CSV, .vv, JSON, workbook), or any CSV or workbook with a `mapping` of the codebook.

    `structure` is the .lss of the form, for columns named by numbers. Raises UsageError without a key, DeliveryRefused
    when the file cannot be read, misses answers, or seems to name persons; SpecError; LockHeld.
    """
    codebook = load_codebook(settings.register, name, edition)
    secret = key or survey_key()
    if mapping is not None:
        export, responses, places, unlisted, dropped = mapped.read_mapped(codebook, mapping, file)
        refuse_persons(export, unlisted)
        received = pseudonymised(codebook, export, responses, places, secret)
        return _keep(settings, codebook, received, export.form, dropped, f"fichier {mapping}", run)
    aliases = column_names(read_form(structure)) if structure else {}
    export = read_export(file, lambda heads: known_count(codebook, heads, aliases))
    return take_export(settings, codebook, export, aliases, secret, f"fichier {export.form}", run)


def import_server(
    settings: Settings,
    name: str,
    *,
    edition: str | None = None,
    key: bytes | None = None,
    account: tuple[str, str] | None = None,
    run: Run = Run(),
) -> Import:
    """Take in the answers from the server of the form (RemoteControl 2). `account` is (user, password).

    Raises as `import_file`, FetchFailed when the server cannot be reached or refuses.
    """
    from observatoire.protocols import limesurvey

    codebook = load_codebook(settings.register, name, edition)
    secret = key or survey_key()
    if codebook.limesurvey is None:
        raise UsageError(
            f"Le livre de codes de {name} ne dit pas où est le formulaire. Ajouter `limesurvey: {{url, survey}}`, "
            "ou donner un fichier à importer."
        )
    used = account or limesurvey.account()
    attribute = codebook.siren if codebook.siren.startswith("attribute_") else None
    taken = limesurvey.read_survey(settings, codebook.name, codebook.limesurvey, used, attribute)
    origin = f"{codebook.limesurvey.url}#{codebook.limesurvey.survey}"
    export, names = exported(taken.records), names_of_fieldmap(taken.fieldmap)
    return take_export(settings, codebook, export, names, secret, origin, run)


def take_export(
    settings: Settings,
    codebook: Codebook,
    export: Export,
    aliases: Mapping[str, str],
    key: bytes,
    origin: str,
    run: Run,
) -> Import:
    """Bind an export, refuse what may name a person, pseudonymise and store it."""
    binding = bind(codebook, export.heads, aliases)
    refuse_persons(export, binding.unlisted)
    _refuse_doubles(export, binding)
    responses = responses_of(export, binding)
    received = pseudonymised(codebook, export, responses, binding.answers, key)
    dropped = len(binding.listed) + len(binding.unlisted)
    return _keep(settings, codebook, received, export.form, dropped, origin, run)


def rebuild(settings: Settings, name: str, edition: str | None = None, run: Run = Run()) -> Import:
    """Write the rows again from the archive, with the codebook of today: no key and no raw file is needed."""
    codebook = load_codebook(settings.register, name, edition)
    with writer_lock(settings, run.who, run.wait_seconds):
        stored = store.rebuild(settings, codebook)
    return _said(settings, codebook, stored, "archive", 0)


def _keep(
    settings: Settings,
    codebook: Codebook,
    received: Received,
    form: str,
    dropped: int,
    origin: str,
    run: Run,
) -> Import:
    with writer_lock(settings, run.who, run.wait_seconds):
        stored = store.store(settings, codebook, received, origin, run.accept_fewer)
        done = _said(settings, codebook, stored, form, dropped)
        numbers = {name: value for name, value in done.as_dict().items() if isinstance(value, int | str)}
        record(settings, "enquete_importee", **{**numbers, "qui": run.who})
    return done


def _said(settings: Settings, codebook: Codebook, stored: store.Stored, form: str, dropped: int) -> Import:
    received, kept = stored.received, stored.kept
    return Import(
        survey=codebook.name,
        edition=codebook.edition,
        fictitious=codebook.fictitious,
        form=form,
        delivery=stored.delivery.sha256,
        new=stored.new,
        received=len(received.response),
        complete=sum(received.complete),
        kept=len(kept.places),
        without_siren=kept.without_siren,
        same_token=kept.same_token,
        same_authority=kept.same_authority,
        rows=stored.rows,
        unreadable=received.unreadable,
        dropped_columns=dropped,
        losses=_losses(settings, codebook, stored),
    )


def _losses(settings: Settings, codebook: Codebook, stored: store.Stored) -> tuple[str, ...]:
    """What the export did not carry, in French, with the number of cells."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    folder = edition_folder(settings, codebook.name, codebook.edition)
    states = pq.read_table(folder / ANSWERS, columns=["etat"])
    unread = sum(
        stored.received.cells[name][n] == UNREADABLE for name in stored.received.unreadable for n in stored.kept.places
    )
    unknown = int(pc.sum(pc.equal(states["etat"], UNKNOWN)).as_py() or 0) - unread
    said = []
    if not stored.received.tells_not_shown:
        how = (
            "les filtres du livre de codes l'ont décidé pour les réponses complètes"
            if codebook.empty_cells == "filtre"
            else "rien n'est deviné : un export .vv le dit, ou « empty_cells: filtre » dans le livre de codes"
        )
        said.append(f"cet export ne distingue pas « non affichée » de « non cochée » ou « sans réponse » ; {how}")
    if unknown:
        said.append(f"{unknown} cellules vides dont on ne sait pas si la question a été affichée (état « inconnu »)")
    absent = [answer.name for answer in codebook.answers if answer.name not in stored.received.cells]
    if absent:
        named = ", ".join(absent[:5]) + (", …" if len(absent) > 5 else "")
        said.append(f"{len(absent)} réponses du livre de codes absentes de cette livraison : {named}")
    return tuple(said)


def _refuse_doubles(export: Export, binding: Binding) -> None:
    """Raises DeliveryRefused when two responses have one number: which is which could not be said."""
    ids = export.columns[binding.system["id"]]
    if len(set(ids)) != len(ids):
        raise DeliveryRefused("Deux réponses de cet export ont le même numéro (colonne id). Reprendre l'export.")
    if any(not (identifier or "").strip() for identifier in ids):
        raise DeliveryRefused("Une réponse de cet export n'a pas de numéro (colonne id). Reprendre l'export.")
