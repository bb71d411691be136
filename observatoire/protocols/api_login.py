"""A token for an API that wants one. The secret comes from the environment and goes nowhere but its header."""

from __future__ import annotations

import os
import re
from dataclasses import replace

import requests

from observatoire.protocols.http_body import body
from observatoire.protocols.http_exchange import Exchange, check_status, with_retries
from observatoire.protocols.json_lines import at_path, read_json
from observatoire.sources.transport import Login

SECRET = re.compile(r"[\x21-\x7e]{1,8192}")


def bearer(exchange: Exchange, login: Login) -> dict[str, str]:
    """The header that carries the token, once logged in.

    Raises FetchFailed when the variable is not set or the server refuses it, DeliveryRefused when the answer holds no
    token. No message quotes a secret, nor the answer.
    """
    ask, secret = exchange.ask, os.environ.get(login.env, "")
    if not SECRET.fullmatch(secret):
        what = "n'est pas définie" if not secret else "contient un caractère qu'un en-tête ne peut porter"
        raise ask.failed(
            f"la variable d'environnement {login.env} {what}", "La définir, ou demander une clé au producteur."
        )
    asked = replace(exchange, url=login.url, method="POST", content=b"", secrets={login.header: secret})
    content = with_retries(asked, lambda response: _receive(asked, response))
    try:
        token = at_path(read_json(content), login.token)
    except (ValueError, RecursionError):
        token = None
    if not isinstance(token, str) or not SECRET.fullmatch(token):
        raise ask.refused(f"la connexion n'a pas donné de jeton ({login.url})", exchange.later)
    return {"Authorization": f"Bearer {token}"}


def _receive(exchange: Exchange, response: requests.Response) -> bytes:
    check_status(exchange, response)
    return b"".join(body(exchange, response))
