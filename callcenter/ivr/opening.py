"""When the hotline is open: hours of the week, holidays, and the weekends that are worked in their stead."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from callcenter.ivr.mistakes import refuse

_OPENING = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-(?:([01][0-9]|2[0-3]):([0-5][0-9])|24:00)")


class Weekday(StrEnum):
    """Days as they are written in flows, Monday first."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


_DAYS = tuple(Weekday)
_MIDNIGHT = 24 * 60


@dataclass(frozen=True, slots=True)
class Opening:
    """One stretch of a day, in minutes since local midnight: `opens` ≤ minute < `closes`, at most 1440."""

    opens: int
    closes: int


def parse_opening(value: object) -> Opening:
    """Read `08:30-12:00`; the day may end at 24:00."""
    found = _OPENING.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        refuse(f"'{value}' is no stretch of a day", "write it as '08:30-12:00', with 24:00 as the latest")
    opens = int(found[1]) * 60 + int(found[2])
    closes = _MIDNIGHT if found[3] is None else int(found[3]) * 60 + int(found[4])
    if closes <= opens:
        refuse(
            f"'{value}' closes before it opens",
            f"write '{found[1]}:{found[2]}-24:00' here and '00:00-{found[3]}:{found[4]}' on the next day",
        )
    return Opening(opens, closes)


def is_open(
    local: datetime,
    *,
    weekly: Mapping[Weekday, Collection[Opening]],
    holidays: Collection[date],
    make_up_workdays: Mapping[date, Weekday],
) -> bool:
    """Tell whether the hotline is open at this local time; a make-up workday is worked like the weekday it names."""
    today = local.date()
    weekday = make_up_workdays.get(today)
    if weekday is None:
        if today in holidays:
            return False
        weekday = _DAYS[local.weekday()]
    minute = local.hour * 60 + local.minute
    return any(opening.opens <= minute < opening.closes for opening in weekly.get(weekday, ()))
