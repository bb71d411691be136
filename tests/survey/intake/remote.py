"""A LimeSurvey that answers RemoteControl 2 from a list of responses, on the server of the tests."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.servers import Answer, Seen, Server

ADDRESS = "https://enquetes.exemple.org/index.php/admin/remotecontrol"
ACCOUNT = ("lecteur-9", "motdepasse-secret")


@dataclass
class LimeSurveyServer:
    """Sessions, structure and responses by range of numbers. `answers` replaces the result of a method."""

    responses: Sequence[Mapping[str, Any]]
    survey: int = 9
    fieldmap: Any = field(default_factory=dict)
    announced: int | None = None
    answers: dict[str, Any] = field(default_factory=dict)
    participants: Sequence[Mapping[str, Any]] = ()
    open_sessions: int = 0
    calls: list[str] = field(default_factory=list)

    def install(self, server: Server) -> None:
        server.route(ADDRESS, self.answer)

    def answer(self, seen: Seen) -> Answer:
        asked = json.loads(seen.body)
        self.calls.append(asked["method"])
        method, parameters = asked["method"], asked["params"]
        result = self.answers[method] if method in self.answers else getattr(self, method)(*parameters)
        if isinstance(result, Answer):
            return result
        body = {"id": asked["id"], "result": result, "error": None}
        return Answer(body=json.dumps(body).encode(), headers={"Content-Type": "application/json"})

    def get_session_key(self, user: str, password: str) -> Any:
        if (user, password) != ACCOUNT:
            return {"status": "Invalid user name or password"}
        self.open_sessions += 1
        return "CLE-DE-SESSION"

    def release_session_key(self, key: str) -> str:
        self.open_sessions -= 1
        return "OK"

    def list_surveys(self, key: str) -> Any:
        return [{"sid": self.survey, "surveyls_title": "Essai", "active": "Y"}]

    def get_fieldmap(self, key: str, survey: int, language: str) -> Any:
        return self.fieldmap

    def get_summary(self, key: str, survey: int, stat: str) -> Any:
        return {"full_responses": len(self.responses) if self.announced is None else self.announced}

    def export_responses(
        self,
        key: str,
        survey: int,
        form: str,
        language: str,
        done: str,
        heads: str,
        answers: str,
        first: int,
        last: int,
    ) -> Any:
        assert (form, done, heads, answers) == ("json", "all", "code", "short")
        page = [{**row, "id": int(row["id"])} for row in self.responses if first <= int(row["id"]) <= last]
        return base64.b64encode(json.dumps({"responses": page}).encode()).decode()

    def list_participants(self, key: str, survey: int, first: int, limit: int, unused: bool, names: list[str]) -> Any:
        page = [{"tid": n, **row} for n, row in enumerate(self.participants)][first : first + limit]
        return page or {"status": "No survey participants found."}
