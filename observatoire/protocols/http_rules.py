"""Rules of HTTP that need no connection: addresses, dates, waits. Times are in seconds, sizes in bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote, urlencode, urljoin, urlsplit, urlunsplit

from observatoire.clock import day_of

REDIRECTS = frozenset({301, 302, 303, 307, 308})
PASSING = frozenset({429, 502, 503, 504})
BACKOFF, BACKOFF_MAX = 1.0, 30.0  # before the second try, doubled at each, and the ceiling
RETRY_AFTER_MAX = 120.0
# A body must come at this average speed after a first grace: a server that drips cannot hold a run for ever.
GRACE, SPEED_MIN = 300.0, 250_000.0


def mirrored(url: str, mirror: str | None) -> str:
    """Where `url` is really asked: https://HOST/PATH becomes MIRROR/HOST/PATH when there is a mirror."""
    return re.sub(r"^https?://", lambda _: f"{mirror}/", url) if mirror else url


def canonical(location: str, url: str, mirror: str | None) -> str:
    """The address that a redirection of `url` leads to, the mirror's own name taken off when it shows."""
    if mirror and location.startswith(f"{mirror}/"):
        return f"https://{location.removeprefix(f'{mirror}/')}"
    return urljoin(url, location)


def time_allowed(size: int) -> float:
    """Seconds after which `size` bytes are no longer waited for."""
    return GRACE + size / SPEED_MIN


def backoff(attempt: int, jitter: float) -> float:
    """Seconds to wait after the try number `attempt` (from 1): between half and the whole of a doubling delay."""
    return float(min(BACKOFF_MAX, BACKOFF * 2 ** (attempt - 1)) * (0.5 + jitter / 2))


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds that a Retry-After header asks for (a number or an HTTP date), within 0 and 120; None if it says none."""
    text = (value or "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        seconds = float(text)
    elif moment := _moment(text):
        seconds = moment.timestamp() - now
    else:
        return None
    return min(max(seconds, 0.0), RETRY_AFTER_MAX)


def iso_prefixes(date: str) -> list[str]:
    """What begins every ISO date of the century from the month of `date` on, and no earlier one: the months left of its year
    (the year itself from January), the years left of its decade, the decades left. « 2028-11-05 » gives « 2028-11 »,
    « 2028-12 », « 2029 », « 203 » to « 209 »."""
    year, month = int(date[:4]), int(date[5:7])
    months = [f"{year}-{number:02}" for number in range(month, 13)] if month > 1 else [str(year)]
    years = [str(number) for number in range(year + 1, year // 10 * 10 + 10)]
    return [*months, *years, *(str(decade) for decade in range(year // 10 + 1, 210))]


def http_date(value: str | None) -> str | None:
    """The ISO date (in Paris) of a Last-Modified header, None when absent or malformed."""
    moment = _moment(value)
    return day_of(moment.isoformat()) if moment else None


def _moment(value: str | None) -> datetime | None:
    """The instant that an HTTP date names, in UTC; without a zone it is taken as UTC, as HTTP dates are."""
    try:
        moment = parsedate_to_datetime(value or "")
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def without_query(url: str) -> str:
    """An address as messages show it: without its query, which may carry a signature."""
    return urlunsplit(urlsplit(url)._replace(query="", fragment=""))[:200]


def with_query(url: str, params: Mapping[str, object]) -> str:
    """`url` with `params` added to its query, encoded; the same parameters always give the same address."""
    if not params:
        return url
    texts = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in params.items()}
    return f"{url}{'&' if '?' in url else '?'}{urlencode(texts, quote_via=quote)}"


def same_server(url: str, other: str) -> bool:
    """Whether two addresses are of one scheme, host and port."""
    one, two = urlsplit(url), urlsplit(other)
    return (one.scheme, one.netloc) == (two.scheme, two.netloc)
