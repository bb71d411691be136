"""What a specification may say of the way bytes are got: one strict model a protocol of observatoire/protocols."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

ADDRESS = re.compile(r"https?://[^/\s]+/")
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
SINCE = "{since}"
VINTAGE = "{vintage}"
PREFIX = "{prefix}"
SECRET_HEADERS = frozenset({"authorization", "cookie", "x-auth-token", "x-api-key", "api-key", "apikey"})
Scalar = str | int | bool


class Strict(BaseModel):
    """A block of a specification: an unknown option is an error, a loaded specification never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RegisterProtocol(Strict):
    """A hand-kept file of data/register, read at every refresh."""

    name: Literal["register"]
    file: str


class Since(Strict):
    """Only what is new is asked for: « {since} » in the address, the parameters or the body becomes an ISO date.

    The date is the latest value of `column` in the deliveries archived (a value later than the day its delivery was
    received is a sentinel, and does not count), less `overlap_days`; `start` when there is none, and never before it.
    `compact` writes it without hyphens (« 20260131 »).
    """

    column: str
    start: str
    overlap_days: int = Field(7, ge=0, le=400)
    compact: bool = False

    @field_validator("start")
    @classmethod
    def iso(cls, value: str) -> str:
        if not ISO_DATE.fullmatch(value):
            raise ValueError(f"start: an ISO date between quotes is expected, not {value!r}")
        return value


class Wider(Strict):
    """A condition that also finds dates kept as text, which a server may refuse.

    `each` is added with « or » to the parameter `param`, once for each text that begins an ISO date from the month asked from
    on (« 2026-02 », « 2027 », « 203 »), in the place of « {prefix} »: servers that do not compare texts can tell how they begin.
    Refused (400, 414), `param` alone is asked, and `without` says in French what is then not seen.
    """

    param: str
    each: str
    without: str

    @field_validator("each")
    @classmethod
    def with_prefix(cls, value: str) -> str:
        if PREFIX not in value:
            raise ValueError(f"each: « {PREFIX} » is expected in it")
        return value


class Resolve(Strict):
    """How today's address of a file is found.

    Either a `dataset` of data.gouv.fr (id or slug), and in it the resource of id `resource`, or whose title matches
    the pattern `title` and, when there is one, whose address matches `link`; or a `page`, and in it the link that
    matches the pattern `link`. Patterns are regular expressions, searched anywhere. « {vintage} » in a pattern stands
    for the vintage asked; `vintages` are those that no direct address of the source gives.
    Several matches are an error unless `choose: newest`: for a dataset the last modified, for a page the greatest
    first group of the pattern (a date folder), or else the greatest address.
    """

    dataset: str | None = None
    resource: str | None = None
    title: str | None = None
    page: str | None = None
    link: str | None = None
    vintages: tuple[str, ...] = ()
    choose: Literal["only", "newest"] = "only"

    @model_validator(mode="after")
    def one_way(self) -> Resolve:
        given = {name for name in ("dataset", "resource", "title", "page", "link") if getattr(self, name)}
        if given not in ({"dataset", "resource"}, {"dataset", "title"}, {"dataset", "title", "link"}, {"page", "link"}):
            raise ValueError("resolve takes `dataset` with `resource` or `title` (and `link`), or `page` with `link`")
        if self.page and not ADDRESS.match(self.page):
            raise ValueError(f"not an http(s) address: {self.page}")
        if self.dataset and not re.fullmatch(r"[A-Za-z0-9_-]+", self.dataset):
            raise ValueError(f"not the id or slug of a dataset: {self.dataset}")
        for pattern in filter(None, (self.title, self.link)):
            try:
                re.compile(pattern.replace(VINTAGE, "2026"))
            except re.error as error:
                raise ValueError(f"not a regular expression: {pattern} ({error})") from error
        return self

    @property
    def dated(self) -> bool:
        """Whether a pattern says the vintage."""
        return VINTAGE in f"{self.title} {self.link}"


class HttpProtocol(Strict):
    """What every exchange over HTTP may set. Times are in seconds, sizes in bytes."""

    connect_timeout: float = Field(10.0, gt=0)
    read_timeout: float = Field(60.0, gt=0)
    attempts: int = Field(4, ge=1, le=10)
    max_bytes: int = Field(2_000_000_000, gt=0)
    max_redirects: int = Field(5, ge=0, le=20)


class HttpFileProtocol(HttpProtocol):
    """One file behind a URL, or one file per reference vintage.

    `vintages` maps a vintage (« 2026 ») to its URL: every vintage stays in use beside the others.
    `resolve` finds the address instead; beside `vintages`, it serves those that have no URL, and those whose URL no
    longer exists. `member` names the file to take out of a zip; with * or ? it is a pattern that
    exactly one member must match. `params` are added to the address, encoded; `since` asks only for what is new, and `wider`
    for more of it where the server allows it.
    """

    name: Literal["http_file"]
    url: str | None = None
    vintages: dict[str, str] = Field(default_factory=dict)
    resolve: Resolve | None = None
    member: str | None = None
    params: dict[str, Scalar] = Field(default_factory=dict)
    since: Since | None = None
    wider: Wider | None = None

    @model_validator(mode="after")
    def one_address(self) -> HttpFileProtocol:
        given = {name for name in ("url", "vintages", "resolve") if getattr(self, name)}
        if given not in ({"url"}, {"vintages"}, {"resolve"}, {"vintages", "resolve"}):
            raise ValueError("http_file takes one of `url`, `vintages` and `resolve`, or `vintages` and `resolve`")
        if twice := self.vintages.keys() & set(self.resolve.vintages if self.resolve else ()):
            raise ValueError(f"vintage {min(twice)} has an address: it is not among those of `resolve`")
        for url in [self.url, *self.vintages.values()]:
            if url and not ADDRESS.match(url):
                raise ValueError(f"not an http(s) address: {url}")
        check_since(self.since, [self.url, self.params])
        if self.wider and not (self.since and isinstance(self.params.get(self.wider.param), str)):
            raise ValueError("`wider` adds to a text of `params`, and needs `since`")
        return self


class Pagination(Strict):
    """How an API cuts its answer.

    none            the whole answer at once (Opendatasoft exports)
    offset, page    `param` says where to begin, `size_param` how many (`size`); nothing beyond the first `window`
                    records is ever asked for (10,000 by default: data.gouv.fr, Opendatasoft /records)
    cursor          the dotted path `next` of each answer gives the next value of `param` in the address
    iteration_token the same, in the body of a POST
    next_link       `next` gives the next address itself, on the same server
    """

    kind: Literal["none", "offset", "page", "cursor", "next_link", "iteration_token"]
    param: str | None = None
    size_param: str | None = None
    size: int | None = Field(None, ge=1)
    first: int | None = Field(None, ge=0)
    next: str | None = None
    window: int = Field(10_000, ge=1)

    @model_validator(mode="after")
    def complete(self) -> Pagination:
        counted = self.kind in ("offset", "page")
        needed = {
            "none": (),
            "next_link": ("next",),
            "cursor": ("param", "next"),
            "iteration_token": ("param", "next"),
        }.get(self.kind, ("param", "size"))
        if missing := [name for name in needed if getattr(self, name) is None]:
            raise ValueError(f"pagination {self.kind} needs {', '.join(missing)}")
        if counted and self.size and self.size > self.window:
            raise ValueError(f"size {self.size} is beyond the window of {self.window}")
        if not counted and "window" in self.model_fields_set:
            raise ValueError(f"pagination {self.kind} has no window")
        if self.size_param and self.size is None:
            raise ValueError("size_param without size")
        return self

    @property
    def start(self) -> int:
        """The first position of the kinds that count: page 1, offset 0, unless `first` says otherwise."""
        return self.first if self.first is not None else int(self.kind == "page")


class Login(Strict):
    """A token asked for before anything else: `url` is sent POST with the secret of the environment variable `env` in
    `header`; the token at the dotted path `token` of the answer is then sent as « Authorization: Bearer »."""

    url: str
    env: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$")
    header: str = "X-AUTH-TOKEN"
    token: str = "token"


class PagedApiProtocol(HttpProtocol):
    """An API asked page after page, archived as canonical JSON lines (format `jsonl`).

    `records` is the dotted path of the list of records in an answer (empty: the answer itself), `total` that of the
    number announced. `queries` are sets of parameters (GET) or body fields (POST), each asked in turn and merged: that
    is how a search beyond the window is split. `rate` is in requests per second. `strip_before_archive` are dotted
    paths taken out of every record on arrival: what they hold is never written.
    """

    name: Literal["paged_api"]
    url: str
    method: Literal["GET", "POST"] = "GET"
    params: dict[str, Scalar] = Field(default_factory=dict)
    body: dict[str, Any] = Field(default_factory=dict)
    queries: tuple[dict[str, Any], ...] = Field(({},), min_length=1)
    headers: dict[str, str] = Field(default_factory=dict)
    records: str = ""
    total: str | None = None
    pagination: Pagination
    rate: float = Field(2.0, gt=0, le=50)
    login: Login | None = None
    since: Since | None = None
    strip_before_archive: tuple[str, ...] = ()

    @model_validator(mode="after")
    def coherent(self) -> PagedApiProtocol:
        for url in [self.url, *([self.login.url] if self.login else [])]:
            if not ADDRESS.match(url) or "?" in url:
                raise ValueError(f"an http(s) address without query is expected (its query goes in params): {url}")
        if (self.pagination.kind == "iteration_token" or self.body) and self.method != "POST":
            raise ValueError("a body and an iteration token need method: POST")
        if secret := sorted(name for name in self.headers if name.lower() in SECRET_HEADERS):
            raise ValueError(f"header {secret[0]} is a secret: it comes from the environment (see login)")
        check_since(self.since, [self.params, self.body, self.queries])
        return self


def check_since(since: Since | None, places: Any) -> None:
    """Raises ValueError unless « {since} » and the option `since` come together."""
    if bool(since) != (SINCE in str(places)):
        raise ValueError(f"`since` and « {SINCE} » in the address, params, body or queries go together")
