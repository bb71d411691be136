"""RemoteControl 2, the API of LimeSurvey: a session, the structure, the responses page by page, and the session released.

The API says its errors with status 200 and no `error`: they are in `result.status`. Answers are read in memory: no clear
copy is written, and no message quotes one, nor the account.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from observatoire.errors import DeliveryRefused, FetchFailed, UsageError
from observatoire.protocols.contract import Ask, Pace
from observatoire.protocols.http_body import body
from observatoire.protocols.http_exchange import Exchange, check_status, with_retries
from observatoire.settings import Settings
from observatoire.sources.spec import Source
from observatoire.sources.transport import HttpProtocol

if TYPE_CHECKING:
    import requests

    from observatoire.survey.intake.codebook import LimeSurvey

USER, PASSWORD = "OBSERVATOIRE_LIMESURVEY_USER", "OBSERVATOIRE_LIMESURVEY_PASSWORD"
PATIENCE = 1800.0  # seconds for a whole survey
GAP = 50  # empty pages in a row (deleted responses) before the numbers announced are no longer believed
PARTICIPANTS, PARTICIPANTS_MAX = 1000, 1_000_000  # a page, and where the reading stops whatever the server says
# A redirection would take the password to another server.
NO_REDIRECT = HttpProtocol(max_redirects=0)
MEANT = {
    "Invalid user name or password": "le compte ou le mot de passe est refusé. Vérifier {user} et {password}.",
    "Invalid session key": "la session a expiré. Relancer l'import.",
    "No permission": "l'enquête {survey} n'existe pas, ou le compte n'a pas le droit de la lire. "
    "Vérifier `limesurvey.survey` dans le livre de codes et les droits du compte.",
    "Language code not found for this survey.": "l'enquête {survey} n'a pas la langue « {language} ». "
    "Corriger `limesurvey.language` dans le livre de codes.",
}


@dataclass(frozen=True)
class Taken:
    """The responses of a survey, one record each, and its field map: what each of its columns is, by the server's name."""

    records: list[dict[str, Any]] = field(repr=False)
    fieldmap: Any = field(repr=False)
    announced: int


@dataclass(frozen=True)
class SurveyAsk(Ask):
    """What messages say: the survey, and the codebook where its address is mended."""

    @property
    def spec_path(self) -> str:
        return f"data/register/enquetes/{self.source.id}.yml"

    def refused(self, what: str, advice: str) -> DeliveryRefused:
        return DeliveryRefused(f"Enquête {self.source.id} : {what}. Rien n'est importé. {advice}")

    def failed(self, what: str, advice: str) -> FetchFailed:
        return FetchFailed(f"Enquête {self.source.id} : {what}. Rien n'est importé. {advice}")


@dataclass(frozen=True)
class Session:
    """An open session. The key is never shown."""

    ask: SurveyAsk
    where: LimeSurvey
    deadline: float
    key: str = field(repr=False)

    def call(self, method: str, *params: Any) -> Any:
        """The result of a method. Raises FetchFailed with what the server says, in French."""
        return _call(self.ask, self.where, self.deadline, method, [self.key, *params])


def account(environ: Mapping[str, str] | None = None) -> tuple[str, str]:
    """User and password from the environment. Raises UsageError when one is absent."""
    env = os.environ if environ is None else environ
    if missing := [name for name in (USER, PASSWORD) if not env.get(name)]:
        raise UsageError(
            f"La variable d'environnement {missing[0]} n'est pas définie : le compte de LimeSurvey est inconnu. "
            "La définir, ou importer un fichier exporté."
        )
    return env[USER], env[PASSWORD]


def read_survey(
    settings: Settings,
    name: str,
    where: LimeSurvey,
    user: tuple[str, str],
    attribute: str | None = None,
    pace: Pace | None = None,
) -> Taken:
    """Every response of a survey, complete or not, in codes; with `attribute` (attribute_1) of its participant, known by
    the token, since exports of responses do not hold it.

    Raises FetchFailed when the server cannot be reached, refuses or gives fewer responses than it announces,
    DeliveryRefused when what it gives cannot be read. The session is released whatever happens.
    """
    with session(settings, name, where, user, pace) as opened:
        surveys = opened.call("list_surveys")
        if not isinstance(surveys, list) or where.survey not in [_number(item.get("sid")) for item in surveys]:
            raise opened.ask.failed(
                f"l'enquête {where.survey} n'est pas parmi celles que ce compte peut lire",
                "Vérifier `limesurvey.survey` dans le livre de codes et les droits du compte.",
            )
        fieldmap = opened.call("get_fieldmap", where.survey, where.language)
        summary = opened.call("get_summary", where.survey, "all")
        announced = _number(summary.get("full_responses")) if isinstance(summary, dict) else 0
        records = _pages(opened, announced)
        if attribute:
            values = _attributes(opened, attribute)
            records = [{**record, attribute: values.get(str(record.get("token") or ""), "")} for record in records]
        return Taken(records, fieldmap, announced)


@contextmanager
def session(
    settings: Settings, name: str, where: LimeSurvey, user: tuple[str, str], pace: Pace | None = None
) -> Iterator[Session]:
    """A session on the server, released at the end even after an error, which is the one that is said."""
    used = pace or Pace()
    ask = SurveyAsk(_source(name), settings, settings.work, pace=used)
    deadline = used.monotonic() + PATIENCE
    key = _call(ask, where, deadline, "get_session_key", [*user])
    if not isinstance(key, str) or not key:
        raise ask.refused("le serveur n'a pas donné de clé de session", f"Vérifier l'adresse dans {ask.spec_path}.")
    opened = Session(ask, where, deadline, key)
    try:
        yield opened
    finally:
        # A session also expires by itself: what was received, or the error that stopped the reading, matters more.
        with suppress(FetchFailed, DeliveryRefused):
            opened.call("release_session_key")


def _pages(opened: Session, announced: int) -> list[dict[str, Any]]:
    """The records, asked by ranges of numbers: numbers of deleted responses leave gaps.

    An empty page ends the reading once as many as announced were received (others may have come meanwhile).
    """
    where, records, first, empty = opened.where, list[dict[str, Any]](), 1, 0
    while True:
        last = first + where.page - 1
        asked = ("json", where.language, "all", "code", "short", first, last)
        page = _decoded(opened, opened.call("export_responses", where.survey, *asked))
        records += page
        empty = 0 if page else empty + 1
        if not page and len(records) >= announced:
            return records
        if empty > GAP:
            raise opened.ask.failed(
                f"{len(records)} réponses reçues sur {announced} annoncées",
                "Relancer plus tard, ou importer un export.",
            )
        first = last + 1


def _attributes(opened: Session, attribute: str) -> dict[str, str]:
    """An attribute of each participant, by token. Names and addresses come along, and are left in memory.

    Raises FetchFailed when the participants cannot be read or do not have the attribute.
    """
    values: dict[str, str] = {}
    for first in range(0, PARTICIPANTS_MAX, PARTICIPANTS):
        page = opened.call("list_participants", opened.where.survey, first, PARTICIPANTS, False, [attribute])
        if not isinstance(page, list) or not page:
            break
        if any(attribute not in participant for participant in page):
            advice = "Corriger `siren` dans le livre de codes, ou ajouter cet attribut à la table des participants."
            raise opened.ask.failed(f"les participants n'ont pas d'attribut « {attribute} »", advice)
        values |= {str(item.get("token") or ""): str(item[attribute] or "") for item in page}
        if len(page) < PARTICIPANTS:
            break
    return values


def _decoded(opened: Session, result: Any) -> list[dict[str, Any]]:
    """The records of one page, which is JSON in base64. Raises DeliveryRefused."""
    try:
        content = json.loads(base64.b64decode(result, validate=True).decode("utf-8-sig"))["responses"]
        records = [_unnumbered(record) for record in content]
    except (binascii.Error, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        advice = "Relancer plus tard, ou importer un export."
        raise opened.ask.refused("une page de réponses est illisible", advice) from None
    return records


def _unnumbered(record: dict[str, Any]) -> dict[str, Any]:
    """A record, taken out of {"12": {...}}, the form of LimeSurvey 3."""
    only = next(iter(record.values())) if len(record) == 1 else None
    return only if isinstance(only, dict) else dict(record)


def _call(ask: SurveyAsk, where: LimeSurvey, deadline: float, method: str, params: list[Any]) -> Any:
    content = json.dumps({"method": method, "params": params, "id": 1}).encode()
    headers = {"Content-Type": "application/json"}
    # `secrets` is not empty: an error that quotes the request is then not chained.
    exchange = Exchange(
        ask, NO_REDIRECT, where.url, deadline, "POST", headers, {"Connection": "close"}, content,
        said=f"{where.url}, {method}",
    )  # fmt: skip
    answer = with_retries(exchange, lambda response: _receive(exchange, response))
    try:
        parsed = json.loads(answer)
        result, error = parsed["result"], parsed.get("error")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        advice = (
            f"Vérifier l'adresse dans {ask.spec_path} (…/admin/remotecontrol) et que l'interface JSON-RPC est ouverte."
        )
        raise ask.refused(f"la réponse à {method} n'est pas celle de RemoteControl 2", advice) from None
    if error:
        raise ask.failed(f"le serveur signale une erreur ({method})", "Relancer plus tard, ou importer un export.")
    if isinstance(result, dict) and isinstance(result.get("status"), str) and set(result) <= {"status", "error_code"}:
        return _status(ask, where, method, result["status"])
    return result


def _status(ask: SurveyAsk, where: LimeSurvey, method: str, status: str) -> Any:
    """Pass « OK ». Raises FetchFailed for any other status; one without responses is an empty page."""
    if status == "OK":
        return status
    if method == "export_responses" and status.startswith("No Data"):
        return base64.b64encode(b'{"responses": []}').decode()
    if method == "list_participants" and status == "No survey participants found.":
        return []
    meant = MEANT.get(status)
    if meant is None:
        raise ask.failed(f"le serveur répond « {status[:80]} » à {method}", "Vérifier le livre de codes et le compte.")
    text = meant.format(survey=where.survey, language=where.language, user=USER, password=PASSWORD)
    what, _, advice = text.partition(". ")
    raise ask.failed(what, advice)


def _receive(exchange: Exchange, response: requests.Response) -> bytes:
    check_status(exchange, response)
    return b"".join(body(exchange, response))


def _number(value: Any) -> int:
    return int(value) if str(value).isdigit() else 0


def _source(name: str) -> Source:
    """What an exchange asks of a source: its name. A survey has no file of observatoire/sources."""
    only_name: dict[str, Any] = {"id": name}
    return Source.model_construct(**only_name)
