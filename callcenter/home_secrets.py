"""What the parts of a home, its phones and its programs know each other by: two files that nobody else can read."""

import json
import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from callcenter.domain.units import Unit
from callcenter.home import ONLY_OURS, Home, HomeError

_SECRET_BYTES = 24  # 32 characters of letters, digits, - and _: fits a line of any configuration file
_SECRET = re.compile(r"[A-Za-z0-9_-]{16,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What this home's parts know each other by."""

    api_token: str
    ami_secret: str
    seat_passwords: Mapping[str, str]
    """SIP password of each seat, by extension."""


def secrets_of(home: Home, extensions: Iterable[str]) -> Secrets:
    """Give the secrets of this home, and make what is missing: a new home's, a new seat's. Blocks.

    A seat that has left the roster keeps its password, for the day it comes back.

    Raises:
        HomeError: the file is damaged or cannot be written.

    """
    known = known_secrets(home)
    passwords = dict(known.seat_passwords) if known else {}
    for extension in extensions:
        if extension not in passwords:
            passwords[extension] = _new_secret()
    wanted = Secrets(
        api_token=known.api_token if known else _new_secret(),
        ami_secret=known.ami_secret if known else _new_secret(),
        seat_passwords=passwords,
    )
    if wanted != known:
        _write_private(
            home.secrets_file,
            {"api_token": wanted.api_token, "ami_secret": wanted.ami_secret, "seat_passwords": passwords},
        )
    return wanted


def known_secrets(home: Home) -> Secrets | None:
    """Give the secrets of this home, or None before its first run. Blocks.

    Raises:
        HomeError: the file cannot be read or is damaged.

    """
    path = home.secrets_file
    try:
        if stat.S_IMODE(path.stat().st_mode) & ~ONLY_OURS:
            path.chmod(ONLY_OURS)
        found = json.loads(path.read_bytes())
        return Secrets(
            api_token=_secret(found["api_token"]),
            ami_secret=_secret(found["ami_secret"]),
            seat_passwords={
                _extension(extension): _secret(password) for extension, password in found["seat_passwords"].items()
            },
        )
    except FileNotFoundError:
        return None
    except OSError as error:
        raise HomeError(f"{path} cannot be read ({error.strerror}); check its owner and its rights") from error
    except (ValueError, KeyError, TypeError, AttributeError):
        # `from None`: the cause would quote what the file holds.
        raise HomeError(f"{path} is damaged; put it back from a backup, or remove it to get new secrets") from None


def write_demo(
    home: Home,
    *,
    hotline: str,
    sip: str,
    http: str,
    ami: str,
    trunk: str,
    secrets: Secrets,
    operators: Mapping[str, str],
    units: Sequence[Unit],
    mqtt: str | None = None,
) -> None:
    """Write what phones and programs on this machine need to take part (contract.md §2), mode 600. Blocks.

    `sip`, `ami` and `trunk` are HOST:PORT, `http` is a whole address; `operators` names the person at each seat.
    `mqtt`: address of the own broker with the login, where there is one.

    Raises:
        HomeError: the file cannot be written.

    """
    _write_private(
        home.demo_file,
        {
            "hotline": hotline,
            "sip": sip,
            "http": http,
            "ami": ami,
            "trunk": trunk,
            "api_token": secrets.api_token,
            "seats": [
                {
                    "extension": extension,
                    "sip_password": secrets.seat_passwords[extension],
                    "operator": operator,
                }
                for extension, operator in operators.items()
            ],
            "units": [{"id": unit.id, "name": unit.name, "number": unit.number} for unit in units],
            **({} if mqtt is None else {"mqtt": mqtt}),
        },
    )


def read_demo(home: Home) -> Mapping[str, Any] | None:
    """Read what `write_demo` wrote, or None before the first run. Blocks.

    Raises:
        HomeError: the file cannot be read or is damaged.

    """
    path = home.demo_file
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise HomeError(f"{path} cannot be read ({error.strerror}); check its owner and its rights") from error
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise HomeError(f"{path} is damaged; it is written anew at the next start")
    return found


def _new_secret() -> str:
    return token_urlsafe(_SECRET_BYTES)


def _secret(value: object) -> str:
    if not (isinstance(value, str) and _SECRET.fullmatch(value)):
        raise ValueError("no secret")
    return value


def _extension(value: str) -> str:
    if not (value.isascii() and value.isdigit()):
        raise ValueError("no extension")
    return value


def _write_private(path: Path, content: Mapping[str, Any]) -> None:
    """Write the whole file or nothing, readable by nobody else at any moment.

    One that says it already is left as it is: on a busy disk it may take seconds until a file is safe there.
    """
    beside = path.with_name(f"{path.name}.new")
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    try:
        if _says(path, text):
            return
        beside.unlink(missing_ok=True)
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, ONLY_OURS)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise HomeError(f"{path} cannot be written ({error.strerror})") from error


def _says(path: Path, text: str) -> bool:
    """Tell whether this file holds these words and is readable by its owner alone."""
    try:
        return stat.S_IMODE(path.stat().st_mode) == ONLY_OURS and path.read_bytes() == text.encode()
    except FileNotFoundError:
        return False
