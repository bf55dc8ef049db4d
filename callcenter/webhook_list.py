"""The file that names the webhooks. It holds their secrets, so nobody else may read it, and no message repeats it."""

import re
import stat
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from callcenter.domain.errors import CallcenterError
from callcenter.events.letters import BROKER
from callcenter.events.topics import is_kind
from callcenter.events.webhook import Webhook, check_url, read_secret

MOST_WEBHOOKS = 50
_ID = re.compile(r"[a-z][a-z0-9-]{0,31}")
_KNOWN = {"id", "url", "secret", "kinds", "private", "plain_http"}
_LARGEST_FILE = 1024 * 1024  # bytes
_HOW_MADE = (  # a line for a terminal
    "make one with: python3 -c 'import secrets, base64; "
    'print("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())\''
)


class WebhookListError(CallcenterError):
    """A list that cannot be used; `lines` holds every mistake."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)


def load_webhooks(file: Path | None) -> tuple[Webhook, ...]:
    """Read the list; none where no file is set. Reads a file, so it blocks.

    Raises:
        WebhookListError: with a line for each mistake.

    """
    if file is None:
        return ()
    entries = _entries(file)
    mistakes: list[str] = []
    webhooks = []
    ids: set[str] = set()
    for number, entry in enumerate(entries, start=1):
        wrong = list(_mistakes(entry, ids)) if isinstance(entry, dict) else ["is no table; begin it with [[webhook]]"]
        mistakes += [f"{file}: webhook {number}: {words}" for words in wrong]
        if not wrong:
            ids.add(entry["id"])
            webhooks.append(_webhook(entry))
    if mistakes:
        raise WebhookListError(mistakes)
    return tuple(webhooks)


def _entries(file: Path) -> list[Any]:
    try:
        state = file.stat()
        if state.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise WebhookListError([f"{file}: others may read it, and it holds secrets; chmod 600 it"])
        if state.st_size > _LARGEST_FILE:
            raise WebhookListError([f"{file}: is larger than 1 MB"])
        found = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise WebhookListError([f"{file}: cannot be read: {(error.strerror or 'unknown').lower()}"]) from error
    except UnicodeDecodeError as error:
        raise WebhookListError([f"{file}: is not UTF-8"]) from error
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+)", str(error))  # its words may quote what is written there
        where = f" near line {place[1]}" if place else ""
        raise WebhookListError([f"{file}: is not TOML{where}"]) from None
    if set(found) - {"webhook"} or not isinstance(found.get("webhook", []), list):
        raise WebhookListError([f"{file}: holds something else than [[webhook]] tables"])
    entries: list[Any] = found.get("webhook", [])
    if len(entries) > MOST_WEBHOOKS:
        raise WebhookListError([f"{file}: holds more than {MOST_WEBHOOKS} webhooks"])
    return entries


def _mistakes(entry: dict[str, Any], ids: set[str]) -> list[str]:
    wrong = [f"`{name}` is not known; known are {', '.join(sorted(_KNOWN))}" for name in sorted(set(entry) - _KNOWN)]
    id_ = entry.get("id")
    if not isinstance(id_, str) or _ID.fullmatch(id_) is None or id_ == BROKER:
        wrong.append("`id` must be small letters, digits and -, beginning with a letter, at most 32; not mqtt")
    elif id_ in ids:
        wrong.append("`id` is that of an earlier one")
    switches = ("private", "plain_http")
    wrong += [f"`{name}` must be true or false" for name in switches if not isinstance(entry.get(name, False), bool)]
    kinds = entry.get("kinds", [])
    if not isinstance(kinds, list) or not all(isinstance(kind, str) and is_kind(kind) for kind in kinds):
        wrong.append('`kinds` must be a list of kinds of events, such as "call.ended", or beginnings, such as "alarm."')
    try:
        check_url(str(entry.get("url", "")), plain_http=entry.get("plain_http") is True)
    except ValueError as error:
        wrong.append(f"`url` is {error}; write https://HOST/PATH, or set plain_http = true where it is meant")
    try:
        read_secret(str(entry.get("secret", "")))
    except ValueError as error:
        wrong.append(f"`secret` is {error}; {_HOW_MADE}")
    return wrong


def _webhook(entry: dict[str, Any]) -> Webhook:
    return Webhook(
        id=entry["id"],
        url=entry["url"],
        secret=read_secret(entry["secret"]),
        kinds=tuple(entry.get("kinds", ())),
        private=entry.get("private", False),
    )
