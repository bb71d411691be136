"""Today's address of a file: a resource of a data.gouv.fr dataset, or a link of a page."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from typing import Any
from unicodedata import normalize
from urllib.parse import urljoin

import requests

from observatoire.protocols.content import HEAD, is_html
from observatoire.protocols.http_body import body, media_type, web_page
from observatoire.protocols.http_exchange import Exchange, check_status, with_retries
from observatoire.sources.transport import VINTAGE, Resolve

DATASETS = "https://www.data.gouv.fr/api/1/datasets/"
LISTING_MAX = 50_000_000  # 1,222 resources weigh 2.5 MB


def resolved(exchange: Exchange, rule: Resolve) -> str:
    """The canonical address that `rule` leads to today (of the vintage asked).

    Raises FetchFailed when the dataset, the resource, the page or the link is no longer there, or when several match;
    DeliveryRefused when what came is not the description of a dataset.
    """
    ask = replace(exchange.ask, previous=None, progress=None)
    options = exchange.protocol.model_copy(update={"max_bytes": LISTING_MAX})
    url = f"{DATASETS}{rule.dataset}/" if rule.dataset else rule.page or ""
    listing = replace(exchange, ask=ask, protocol=options, url=url)
    return _resource(listing, rule) if rule.dataset else _link(listing, rule)


def _resource(exchange: Exchange, rule: Resolve) -> str:
    """The address of the resource chosen in a dataset (API v1 of data.gouv.fr)."""
    ask = exchange.ask
    dataset = _dataset(exchange)
    resources = dataset.get("resources")
    if not isinstance(resources, list):
        raise ask.refused(f"description de jeu de données sans ressources ({exchange.url})", exchange.check_address)
    if dataset.get("deleted") or dataset.get("archived"):
        raise ask.failed(
            f"le jeu de données « {rule.dataset} » a été retiré par son producteur", _advice(exchange, "dataset")
        )
    known = [item for item in resources if isinstance(item, dict) and item.get("url") and item.get("id")]
    if rule.resource:
        chosen = [item for item in known if item["id"] == rule.resource]
        pattern, wanted, option = rule.resource, f"« {rule.resource} »", "resource"
    else:
        pattern, link = _pattern(exchange, rule.title or ""), _pattern(exchange, rule.link or "")
        chosen = [item for item in known if re.search(pattern, normalize("NFC", str(item.get("title") or "")))]
        chosen = [item for item in chosen if re.search(link, str(item["url"]))]
        wanted, option = f"de titre « {pattern} »" + (f" et d'adresse « {link} »" if link else ""), "title"
    if not chosen:
        raise ask.failed(
            f"la ressource {wanted} n'est pas dans le jeu de données « {rule.dataset} » "
            f"({len(known)} ressources, {exchange.url})",
            _advice(exchange, option),
        )
    if len(chosen) > 1 and rule.choose == "only":
        titles = ", ".join(sorted(f"« {item.get('title')} »" for item in chosen)[:5])
        raise ask.failed(f"{len(chosen)} ressources répondent à « {pattern} » : {titles}", _advice(exchange, option))
    newest = max(chosen, key=lambda item: (str(item.get("last_modified") or ""), str(item["id"])))
    return _address(exchange, str(newest["url"]))


def _dataset(exchange: Exchange) -> dict[str, Any]:
    content = with_retries(exchange, lambda response: _read(exchange, response, html=False))
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise exchange.ask.refused(
            f"la description du jeu de données n'est pas du JSON ({exchange.url})", exchange.later
        ) from error
    return found if isinstance(found, dict) else {}


def _link(exchange: Exchange, rule: Resolve) -> str:
    """The address of the link chosen in a page."""
    ask = exchange.ask
    content = with_retries(exchange, lambda response: _read(exchange, response, html=True))
    links = _Links()
    links.feed(content.decode("utf-8", errors="replace"))
    pattern = _pattern(exchange, rule.link or "")
    found = sorted({urljoin(exchange.url, link) for link in links.found})
    matches = {link: match for link in found if (match := re.search(pattern, link))}
    if not matches:
        raise ask.failed(
            f"aucun des {len(found)} liens de la page ne répond à « {pattern} » ({exchange.url})",
            _advice(exchange, "link"),
        )
    if len(matches) > 1 and rule.choose == "only":
        listed = ", ".join(list(matches)[:3])
        raise ask.failed(f"{len(matches)} liens répondent à « {pattern} » : {listed}", _advice(exchange, "link"))
    return _address(exchange, max(matches, key=lambda link: (_first_group(matches[link]), link)))


def _read(exchange: Exchange, response: requests.Response, html: bool) -> bytes:
    check_status(exchange, response)
    content = b"".join(body(exchange, response))
    if not html and is_html(content[:HEAD], media_type(response)):
        raise web_page(exchange)
    return content


def _pattern(exchange: Exchange, pattern: str) -> str:
    return pattern.replace(VINTAGE, re.escape(exchange.ask.vintage or ""))


def _first_group(match: re.Match[str]) -> str:
    return str(match.group(1) or "") if match.re.groups else ""


def _address(exchange: Exchange, url: str) -> str:
    """An address found in someone else's document, once it is known to be http(s)."""
    if not re.match(r"https?://[^/\s]+/", url):
        raise exchange.ask.failed(f"l'adresse trouvée n'est pas http(s) ({exchange.url})", exchange.check_address)
    return url


def _advice(exchange: Exchange, option: str) -> str:
    unless = "Si ce millésime n'a pas encore paru, attendre ; sinon chercher" if exchange.ask.vintage else "Chercher"
    return f"{unless} sur le site du producteur et corriger « {option} » dans {exchange.ask.spec_path}."


class _Links(HTMLParser):
    """The addresses of the links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [unescape(value).strip() for name, value in attrs if name == "href" and value]
