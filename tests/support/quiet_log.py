"""The log of a running hotline beside a scenario: every line of a call names it, and none tells who called or what.

Numbers, words and names are taken from what the hotline itself showed of the scenario's calls and tickets.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from callcenter.log import PERSONAL_KEYS
from scripts.hotline_client import Event
from tests.support.running_hotline import RunningHotline

Json = dict[str, Any]

_OF_A_TICKET = ("caller_name", "caller_phone", "address", "matter", "wanted", "notes")
_LEAST, _LEAST_DIGITS = 2, 5  # characters; what is shorter stands in many lines by chance
_NOT_FOUND = 404


class QuietLog:
    """The controller's log from now on."""

    def __init__(self, running: RunningHotline) -> None:
        self._path = running.folder / "log" / "controller.log"
        self._operators = [seat.operator for seat in running.home.seats]
        self._from = self._size()

    def _size(self) -> int:
        return self._path.stat().st_size if self._path.exists() else 0

    def lines(self) -> list[Json]:
        """Give what was logged since."""
        with self._path.open("rb") as file:
            file.seek(self._from if self._size() >= self._from else 0)
            text = file.read().decode("utf-8", "replace")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{") and line.endswith("}")]

    def faults(self, events: Iterable[Event]) -> list[str]:
        """Say which lines tell what they must not, or do not say whose they are."""
        personal, calls = set(self._operators), set()
        for event in events:
            calls |= {
                event.data[name] for name in ("id", "call_id") if event.type.startswith("call.") and name in event.data
            }
            personal |= set(_personal(event))
        return [f"{fault}: {line}" for line in self.lines() for fault in _faults(line, personal, calls)]


def _faults(line: Json, personal: set[str], calls: set[str]) -> Iterator[str]:
    written = json.dumps(line, ensure_ascii=False)
    yield from (f"tells {value!r}" for value in personal if value in written)
    yield from (f"has the key {key!r}" for key in _keys(line) if key.lower() in PERSONAL_KEYS)
    about = [call_id for call_id in calls if call_id in written]
    if about and line.get("call_id") not in about:
        yield "is about a call and has no call_id"
    if "{call_id}" in str(line.get("path", "")) and line.get("status") != _NOT_FOUND and "call_id" not in line:
        yield "answers about a call and does not say which"


def _personal(event: Event) -> Iterator[str]:
    data = event.data
    said = [data.get("caller")]
    if event.type.startswith("utterance."):
        said += [data["text"], data["heard"]]
    if event.type.startswith("ticket."):
        said += [data.get(name) for name in _OF_A_TICKET]
    said += [leg.get("number") for leg in data.get("legs", []) if leg.get("party") is None]
    words = (value for value in said if isinstance(value, str))
    return (word for word in words if len(word) >= (_LEAST_DIGITS if word.isascii() else _LEAST))


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inside in value.items():
            yield key
            yield from _keys(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from _keys(inside)
