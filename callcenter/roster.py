"""Who works here, read from `agents/*.yaml`: seats with their operators, and the units with their hours of duty."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import time
from pathlib import Path
from typing import Any

from callcenter.domain.errors import CallcenterError
from callcenter.domain.units import RING_SECONDS, DutyHours, Unit
from callcenter.domain.views import WEEKDAYS
from callcenter.ivr.mistakes import Mistake, listed, nearest
from callcenter.ivr.places import Path as Place
from callcenter.ivr.places import Sheet, read_sheet

MOST_SEATS = 500
MOST_UNITS = 10_000

_LARGEST_FILE = 4 * 1024 * 1024  # bytes; far above MOST_UNITS lines of text
_EXTENSION = re.compile(r"[1-9][0-9]{2,5}")
_NUMBER = re.compile(r"\+?[0-9]{2,20}")
_UNIT_ID = re.compile(r"[a-z][a-z0-9_-]{0,59}")
_RING_SECONDS = range(5, 121)  # shorter and nobody can reach the phone; longer and the citizen has hung up
_DAY_RANGE = re.compile(r"([a-z]+) *- *([a-z]+)")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_MOST_STRETCHES = 50
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,60}")

Check = Callable[[Any], str | None]
"""Gives what to write instead, or None when the value is right."""


class RosterError(CallcenterError):
    """Rosters that cannot be used; `mistakes` holds every one, each with file, line and what to write instead."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterSeat:
    """One seat as the roster names it."""

    extension: str
    operator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """Everybody who can be offered a call or be brought into one, in the order of the files."""

    seats: tuple[RosterSeat, ...]
    units: tuple[Unit, ...]

    @property
    def operators(self) -> Mapping[str, str]:
        """The person at each seat, by extension."""
        return {seat.extension: seat.operator for seat in self.seats}


@dataclass(slots=True)
class _Reading:
    """One roster file on its way to entries."""

    sheet: Sheet
    known: Mapping[str, Check]
    optional: frozenset[str] = frozenset()
    entries: list[tuple[int, dict[str, Any]]] = field(default_factory=list)

    def mistake(self, place: Place, wrong: str, instead: str) -> None:
        self.sheet.mistake(self.sheet.lines.at(place), wrong, instead)


def load_roster(folder: Path, *, hotline: str | None = None) -> Roster:
    """Read the rosters; nobody in them may have the number of the hotline. Reads files, so it blocks.

    Raises:
        RosterError: with every mistake of every file.

    """
    seats = _read(folder / "seats.yaml", "seats", _SEAT, most=MOST_SEATS)
    units = _read(
        folder / "units.yaml", "units", _UNIT, most=MOST_UNITS, optional=frozenset({"parent", "ring", "duty"})
    )
    _only_once(seats, "seats", "extension")
    _only_once(units, "units", "id")
    _only_once(units, "units", "number")
    extensions = {entry["extension"] for _, entry in seats.entries if "extension" in entry}
    for number, entry in seats.entries:
        if entry.get("extension") == hotline:
            seats.mistake(("seats", number, "extension"), "this is the hotline's own number", "give the seat another")
    for number, entry in units.entries:
        if entry.get("number") in extensions | {hotline}:
            whose = "the hotline's own" if entry["number"] == hotline else "a seat's"
            units.mistake(("units", number, "number"), f"this is {whose} number", "write the unit's own")
    _check_parents(units)
    duties = {number: _duty(units, number, entry["duty"]) for number, entry in units.entries if "duty" in entry}
    if not seats.entries and not seats.sheet.mistakes:
        seats.mistake(("seats",), "there is no seat", "write at least one, as shown in agents/README.md")
    mistakes = [*_strangers(folder), *_told(seats.sheet), *_told(units.sheet)]
    if mistakes:
        raise RosterError(sorted(mistakes))
    return Roster(
        seats=tuple(RosterSeat(**entry) for _, entry in seats.entries),
        units=tuple(_unit(entry, duties.get(number, ())) for number, entry in units.entries),
    )


def _unit(entry: Mapping[str, Any], duty: tuple[DutyHours, ...]) -> Unit:
    return Unit(
        id=entry["id"],
        name=entry["name"],
        number=entry["number"],
        parent=entry.get("parent"),
        ring_seconds=float(entry.get("ring", RING_SECONDS)),
        duty=duty,
    )


def _strangers(folder: Path) -> list[Mistake]:
    """Files that look as if they were read, and are not."""
    return [
        Mistake(str(path), 1, "this file is not read", "write seats.yaml and units.yaml only")
        for path in sorted((*folder.glob("*.yaml"), *folder.glob("*.yml")))
        if path.name not in ("seats.yaml", "units.yaml")
    ]


def _told(sheet: Sheet) -> list[Mistake]:
    """The reader of YAML speaks of flows, since it was made for them."""
    return [
        replace(
            mistake,
            wrong=mistake.wrong.replace("used in flows", "used here"),
            instead=mistake.instead.replace("ivr_flows/README.md", "agents/README.md"),
        )
        for mistake in sheet.mistakes
    ]


def _read(
    path: Path, top: str, known: Mapping[str, Check], *, most: int, optional: frozenset[str] = frozenset()
) -> _Reading:
    reading = _Reading(Sheet(str(path)), known, optional)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        reading.mistake((), "there is no such file", "make it as shown in agents/README.md")
        return reading
    except OSError as error:
        reading.mistake((), f"the file cannot be read ({error.strerror})", "check its owner and its rights")
        return reading
    if len(raw) > _LARGEST_FILE:
        reading.mistake((), f"the file has more than {_LARGEST_FILE // 1024} kB", "keep only the roster in it")
        return reading
    reading.sheet = read_sheet(str(path), raw, fields=(top, *known))
    data = reading.sheet.data
    if data is None:
        if not reading.sheet.mistakes:
            reading.mistake((), "the file is empty", "write it as shown in agents/README.md")
        return reading
    if not isinstance(data, dict):
        reading.mistake((), f"the file must begin with '{top}:'", "write it as shown in agents/README.md")
        return reading
    for name in data:
        if name != top:
            reading.mistake((name,), f"'{name}' is not known", f"write '{top}:'")
    entries = data.get(top) or []
    if top not in data:
        reading.mistake((), f"'{top}' is missing", f"write '{top}:' and the entries below it")
    elif not isinstance(entries, list):
        reading.mistake((top,), f"'{top}' is no list", "begin each entry with '- '")
    elif len(entries) > most:
        reading.mistake((top,), f"'{top}' has {len(entries)} entries", f"write at most {most}")
    else:
        for number, entry in enumerate(entries):
            _read_entry(reading, (top, number), entry)
    return reading


def _read_entry(reading: _Reading, place: tuple[str, int], entry: object) -> None:
    if not isinstance(entry, dict):
        reading.mistake(place, "this entry is no mapping", f"write {listed(f'{name}: ...' for name in reading.known)}")
        return
    taken: dict[str, Any] = {}
    for name, value in entry.items():
        check = reading.known.get(name)
        if check is None:
            close = nearest(name, reading.known)
            instead = f"write '{close}'" if close else f"take it out; known here are {listed(reading.known)}"
            reading.mistake((*place, name), f"'{name}' is not known", instead)
        elif value is None and name in reading.optional:
            continue
        elif (instead_of := check(value)) is not None:
            reading.mistake((*place, name), f"'{name}' cannot be {_shown(value)}", instead_of)
        else:
            taken[name] = value
    for name in reading.known:
        if name not in entry and name not in reading.optional:
            reading.mistake(place, f"'{name}' is missing", f"write '{name}: ...'")
    reading.entries.append((place[1], taken))


def _shown(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f"'{value[:60]}'"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case None:
            return "empty"
        case _:
            return f"the number {value}"


def _only_once(reading: _Reading, top: str, name: str) -> None:
    first: dict[str, int] = {}
    for number, entry in reading.entries:
        value = entry.get(name)
        if value is None:
            continue
        if value in first:
            line = reading.sheet.lines.at((top, first[value], name))
            reading.mistake(
                (top, number, name), f"'{value}' stands in line {line} already", f"give each its own {name}"
            )
        first.setdefault(value, number)


def _check_parents(units: _Reading) -> None:
    parents = {entry["id"]: entry.get("parent") for _, entry in units.entries if "id" in entry}
    for number, entry in units.entries:
        parent = entry.get("parent")
        if parent is None or "id" not in entry:
            continue
        place = ("units", number, "parent")
        if parent not in parents:
            close = nearest(parent, parents)
            instead = f"write '{close}'" if close else "write the id of another unit, or take it out"
            units.mistake(place, f"there is no unit '{parent}'", instead)
            continue
        above: str | None = parent
        passed: set[str] = set()
        while above is not None and above not in passed and above != entry["id"]:
            passed.add(above)
            above = parents.get(above)
        if above == entry["id"]:
            units.mistake(place, f"'{entry['id']}' stands above itself", "take one 'parent' of the circle out")


def _duty(units: _Reading, number: int, stretches: Sequence[object]) -> tuple[DutyHours, ...]:
    """Read when a unit answers, and tell every mistake in it by its line."""
    found = [_stretch(units, ("units", number, "duty", at), stretch) for at, stretch in enumerate(stretches)]
    return tuple(hours for hours in found if hours is not None)


def _stretch(units: _Reading, place: Place, stretch: object) -> DutyHours | None:
    if not isinstance(stretch, dict):
        units.mistake(place, "this stretch of duty is no mapping", f"write {{{_STRETCH_SHOWN}}}")
        return None
    for name in stretch:
        if name not in ("days", "from", "to"):
            units.mistake((*place, name), f"'{name}' is not known", f"write {_STRETCH_SHOWN}")
    for name in ("days", "from", "to"):
        if name not in stretch:
            units.mistake(place, f"'{name}' is missing", f"write {_STRETCH_SHOWN}")
    days = _days(units, (*place, "days"), stretch["days"]) if "days" in stretch else None
    begins = _clock(units, (*place, "from"), stretch["from"]) if "from" in stretch else None
    ends = _clock(units, (*place, "to"), stretch["to"], midnight="24:00") if "to" in stretch else None
    if days is None or begins is None or ends is None:
        return None
    if ends != time() and ends <= begins:
        units.mistake(
            (*place, "to"),
            f"duty would end at {stretch['to']}, before it begins",
            'write two stretches for a night: one to "24:00", and one from "00:00" on the next day',
        )
        return None
    return DutyHours(days=days, begins=begins, ends=ends)


_STRETCH_SHOWN = 'days: mon-fri, from: "09:00", to: "17:30"'


def _days(units: _Reading, place: Place, value: object) -> frozenset[int] | None:
    """Read `mon-fri`, `sat` or a list of such; None where something in it is wrong."""
    several = isinstance(value, list)
    days: set[int] = set()
    right = True
    for at, word in enumerate(value if isinstance(value, list) else [value]):
        some = _some_days(word)
        if not some:
            instead = f"write one of {listed(WEEKDAYS)}, or a range such as mon-fri"
            units.mistake((*place, at) if several else place, f"'days' cannot be {_shown(word)}", instead)
            right = False
        days |= some
    if several and not value:
        units.mistake(place, "'days' is empty", "write days, such as mon-fri or [mon, sat]")
        right = False
    return frozenset(days) if right else None


def _some_days(word: object) -> set[int]:
    if not isinstance(word, str):
        return set()
    pair = _DAY_RANGE.fullmatch(word)
    first, last = (pair[1], pair[2]) if pair else (word, word)
    if first not in WEEKDAYS or last not in WEEKDAYS:
        return set()
    begin, end = WEEKDAYS.index(first), WEEKDAYS.index(last)
    return {day % 7 for day in range(begin, end + 1 if begin <= end else end + 8)}


def _clock(units: _Reading, place: Place, value: object, *, midnight: str | None = None) -> time | None:
    """Read a time of day; `midnight` is how the end of the day may be written."""
    if value == midnight:
        return time()
    if isinstance(value, str) and (found := _CLOCK.fullmatch(value)):
        return time(int(found[1]), int(found[2]))
    units.mistake(place, f"'{place[-1]}' cannot be {_shown(value)}", 'write hours and minutes, such as "09:00"')
    return None


def _ring(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and value in _RING_SECONDS:
        return None
    return f"write whole seconds from {_RING_SECONDS[0]} to {_RING_SECONDS[-1]}, such as ring: 30"


def _stretches(value: Any) -> str | None:
    if isinstance(value, list) and 0 < len(value) <= _MOST_STRETCHES:
        return None
    if value == []:
        return "write the hours, or take 'duty' out for a unit that answers at any hour"
    if isinstance(value, list):
        return f"write at most {_MOST_STRETCHES} stretches"
    return f"write a list, with each stretch behind '- ': - {{{_STRETCH_SHOWN}}}"


def _words(pattern: re.Pattern[str], instead: str) -> Check:
    def check(value: Any) -> str | None:
        if not isinstance(value, str):
            return f"{instead}, in quotes"
        return None if pattern.fullmatch(value) and value == value.strip() else instead

    return check


_SEAT: Mapping[str, Check] = {
    "extension": _words(_EXTENSION, 'write 3 to 6 digits that do not begin with 0, such as "8001"'),
    "operator": _words(_NAME, "write the operator's name, at most 60 characters"),
}
_UNIT: Mapping[str, Check] = {
    "id": _words(_UNIT_ID, "write small letters, digits, _ and -, beginning with a letter"),
    "name": _words(_NAME, "write the unit's name, at most 60 characters"),
    "number": _words(_NUMBER, 'write the digits to dial, such as "02"'),
    "parent": _words(_UNIT_ID, "write the id of the unit above"),
    "ring": _ring,
    "duty": _stretches,
}
