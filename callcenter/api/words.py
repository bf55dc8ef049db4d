"""The types that single values of a request may have: numbers, moments, names and texts."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from callcenter.domain.numbers import normalise

_RFC_3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+\- ]\d\d:\d\d)", re.ASCII)
_YEARS = range(1970, 9999)
_HOURS = re.compile(r"([1-9][0-9]{0,2})h", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,18}")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Give the known word that was most likely meant, or None when nothing comes close."""
    found = get_close_matches(word[:50], sorted(known), n=1, cutoff=0.6)
    return found[0] if found else None


def _moment(raw: object) -> datetime:
    """Read RFC 3339. A `+` that reached us as a blank, as it does unescaped in an address, is still a `+`."""
    wrong = PydanticCustomError("moment", "must be a time as RFC 3339 has it, for example 2026-11-24T08:00:00Z")
    found = _RFC_3339.fullmatch(raw) if isinstance(raw, str) else None
    if found is None:
        raise wrong
    day, time, fraction, offset = found.groups()
    zone = "+00:00" if offset in ("Z", "z") else offset.replace(" ", "+")
    try:
        moment = datetime.fromisoformat(f"{day}T{time}.{(fraction or '0')[:6]:0<6}{zone}")
    except ValueError:
        raise wrong from None
    if moment.year not in _YEARS:
        raise wrong
    return moment.astimezone(UTC)


def _whole(raw: object) -> int:
    if not isinstance(raw, str) or not _WHOLE.fullmatch(raw):
        raise PydanticCustomError("whole", "must be a whole number")
    return int(raw)


def _yes_or_no(raw: object) -> bool:
    if raw not in ("true", "false"):
        raise PydanticCustomError("yes_or_no", "must be true or false")
    return raw == "true"


def _window(raw: object) -> timedelta:
    found = _HOURS.fullmatch(raw) if isinstance(raw, str) else None
    if found is None:
        raise PydanticCustomError("window", "must be a number of hours, for example 24h")
    return timedelta(hours=int(found[1]))


def _one_line(text: str) -> str:
    if any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in text):
        raise PydanticCustomError("one_line", "must be one line without control characters")
    return text


def _lines(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if any(unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t" for char in text):
        raise PydanticCustomError("lines", "must not hold control characters other than line breaks and tabs")
    return text


def _telephone(raw: str) -> str:
    if raw == "":
        return raw
    if (number := normalise(raw)) is None:
        raise PydanticCustomError("telephone", "must be a telephone number")
    return number


Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-24T00:00:00Z"]}),
]
"""A moment in a query; any offset is taken."""

Window = Annotated[
    timedelta,
    BeforeValidator(_window),
    WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,2}h$", "examples": ["24h"]}),
]
"""So many hours in a query."""

Whole = Annotated[int, BeforeValidator(_whole)]
"""A whole number in a query, ASCII digits only."""

YesOrNo = Annotated[bool, BeforeValidator(_yes_or_no)]
"""`true` or `false` in a query."""

Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100), AfterValidator(_one_line)]
"""One line of up to 100 characters."""

Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300), AfterValidator(_one_line)]
"""One line of up to 300 characters, as an address needs."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=10_000), AfterValidator(_lines)]
"""Text of several lines, up to 10 000 characters."""

Notes = Annotated[str, StringConstraints(strip_whitespace=True, max_length=50_000), AfterValidator(_lines)]
"""Text of several lines, up to 50 000 characters: more than two people say in three hours."""

Telephone = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=40), AfterValidator(_one_line), AfterValidator(_telephone)
]
"""A telephone number in any usual spelling; kept as it is dialled inside mainland China."""

Cursor = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_one_line)]
"""Where a page begins; taken from `next` of the page before."""
