"""How a setting is read from what was written for it; what will not do is refused in words that fit behind "is"."""

import re
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, SecretStr
from pydantic_core import PydanticCustomError

from callcenter.addresses import parse_endpoint, parse_port_range
from callcenter.events.address import parse_broker

_DATABASE = re.compile(r"(sqlite|sqlite\+aiosqlite|postgresql|postgresql\+asyncpg)://.+")


def _refuse(wrong: str) -> PydanticCustomError:
    """Refuse a value; `wrong` fits behind "is", what to write instead comes from the field."""
    return PydanticCustomError("setting", "{wrong}", {"wrong": wrong})


def listens(value: Any) -> Any:
    """Read an address to listen on."""
    return _endpoint(value, names=False)


def reached(value: Any) -> Any:
    """Read an address, or a name, to reach somebody at."""
    return _endpoint(value, names=True)


def _endpoint(value: Any, *, names: bool) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return parse_endpoint(value, names=names)
    except ValueError as error:
        raise _refuse(str(error)) from error


def port_range(value: Any) -> Any:
    """Read a range of ports."""
    if not isinstance(value, str):
        return value
    try:
        return parse_port_range(value)
    except ValueError as error:
        raise _refuse(str(error)) from error


def like(pattern: re.Pattern[str], wrong: str) -> AfterValidator:
    """Make a check that a text is like this; `wrong` says of another what it is."""

    def check(value: str | None) -> str | None:
        if value is not None and not pattern.fullmatch(value):
            raise _refuse(wrong)
        return value

    return AfterValidator(check)


def phones_can_call(value: str | None) -> str | None:
    """Take only an IP address that a phone can be told."""
    if value is None:
        return None
    try:
        endpoint = parse_endpoint(f"{value}:1")
    except ValueError as error:
        raise _refuse("not an IP address") from error
    if endpoint.is_any:
        raise _refuse("every address of this machine, which no phone can call")
    return endpoint.host


def known_time_zone(value: str) -> str:
    """Take only a time zone that is known here."""
    try:
        ZoneInfo(value)
    except (ValueError, LookupError, OSError) as error:
        raise _refuse("no time zone that is known here") from error
    return value


def compiles(value: str) -> str:
    """Take only a pattern that can be read."""
    try:
        re.compile(value)
    except re.error as error:
        raise _refuse(f"not a pattern ({error.msg})") from error
    return value


def known_database(value: SecretStr | None) -> SecretStr | None:
    """Take only the address of a database that is known here."""
    if value is not None and not _DATABASE.fullmatch(value.get_secret_value()):
        raise _refuse("no address of a database that is known here")
    return value


def known_broker(value: SecretStr | None) -> SecretStr | None:
    """Take only the address of a broker."""
    if value is not None:
        try:
            parse_broker(value.get_secret_value())
        except ValueError as error:
            raise _refuse(str(error)) from error
    return value


def not_empty(value: Any) -> Any:
    """Refuse an empty text."""
    if value == "":
        raise _refuse("empty")
    return value


def none_when_empty(value: Any) -> Any:
    """Read an empty text as nothing."""
    return None if value == "" else value


def upper(value: Any) -> Any:
    """Read it in capitals."""
    return value.upper() if isinstance(value, str) else value
