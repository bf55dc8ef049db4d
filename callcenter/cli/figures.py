"""`callcenter figures`: how the hotline does, and whether what was shown is what the journal says."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from callcenter.cli.client import Hotline, NotRunningError
from callcenter.cli.options import HomeOption, JsonOption, SetOption, loaded_settings
from callcenter.cli.screen import FAILED, UNUSABLE, say, say_json, say_table, stop
from callcenter.domain.figures.catalogue import DEFINITIONS
from callcenter.domain.figures.records import Period
from callcenter.domain.figures.shown import Parts, Shown, differences, values_of
from callcenter.domain.views import moment
from callcenter.office.figures import Figures, local_day, so_far
from callcenter.settings import Settings

if TYPE_CHECKING:
    from callcenter.office.figures import FigureOffice
    from callcenter.storage.shown_figures import ShownFigures

app = typer.Typer(help="Figures: how the hotline does.", no_args_is_help=True, rich_markup_mode=None)

_READING_SECONDS = 300.0
_RATES = 100  # shown in per cent
_IN_HALF_HOURS = (
    *("offered", "asked_for_person", "answered", "lost_rate"),
    *("connect_rate", "service_level_15", "longest_wait"),
)

DayArgument = Annotated[str | None, typer.Argument(metavar="DAY", help="YYYY-MM-DD; without it today so far.")]
QueueOption = Annotated[str | None, typer.Option("--queue", help="Only calls of this queue.")]
SeatOption = Annotated[str | None, typer.Option("--seat", help="Only this seat's calls, offers and time.")]


class Language(StrEnum):
    """What the names of figures are written in."""

    ENGLISH = "en"
    CHINESE = "zh"


class _Clock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return datetime.now(UTC).timestamp()

    def epoch(self) -> int:
        return int(self.now().timestamp())


@app.command("show")
def show_figures(
    day: DayArgument = None,
    *,
    half_hours: Annotated[bool, typer.Option("--half-hours", help="The main ones for each half-hour.")] = False,
    queue: QueueOption = None,
    seat: SeatOption = None,
    language: Annotated[Language, typer.Option("--language", help="Of the names: en or zh.")] = Language.ENGLISH,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Show the fifteen figures of a day, as the running hotline reckons them.

    A figure without anything to divide by is “—”, never 0.

    \b
    Examples:
      callcenter figures show
      callcenter figures show 2026-03-02 --half-hours
      callcenter figures show --seat 8001 --language zh
    """  # noqa: D301
    settings = loaded_settings(home, None).settings
    period = _period(day, settings)
    asked = {"queue": queue, "seat": seat} | ({"interval": "half_hour"} if half_hours else {})
    found = Hotline.of(settings.home).get(
        "figures", **{"from": moment(period.begins), "to": moment(period.ends)}, **asked
    )
    if as_json:
        say_json(found)
        return
    if half_hours:
        _say_half_hours(found["intervals"], settings, language)
    else:
        say_table(
            ("", "指标" if language is Language.CHINESE else "figure", "value", "of", "recovered"),
            (_row(figure, language) for figure in found["items"]),
        )
    if found["provisional"]:
        say("provisional: a call of this day goes on")


@app.command("keep")
def keep_figures(
    day: DayArgument = None,
    *,
    queue: QueueOption = None,
    seat: SeatOption = None,
    home: HomeOption = None,
    assignments: SetOption = None,
) -> None:
    """Keep the figures of a day as they are now, beside those that were kept at its end."""
    settings = _with_journal(loaded_settings(home, assignments).settings)
    shown = asyncio.run(_keep(settings, _period(day, settings), queue=queue, seat=seat))
    say(f"kept: {len(shown.values)} figures of {shown.day}, as of entry {shown.seq} of the journal")


@app.command("recompute")
def recompute_figures(
    day: Annotated[str, typer.Argument(metavar="DAY", help="YYYY-MM-DD.")],
    *,
    queue: QueueOption = None,
    seat: SeatOption = None,
    home: HomeOption = None,
    assignments: SetOption = None,
) -> None:
    """Reckon a day again from the journal, and compare it with what was shown and with what the running hotline says.

    Both are reckoned from the very entries that the other side had. Exit code 1 names each figure that differs.
    """
    settings = _with_journal(loaded_settings(home, assignments).settings)
    compared = asyncio.run(_compare(settings, _period(day, settings), queue=queue, seat=seat))
    if not compared:
        stop(f"nothing was kept of {day}, and no hotline runs from {settings.home}: nothing to compare with", UNUSABLE)
    wrong = 0
    for each in compared:
        if each.provisional:
            say(f"provisional: a call of {day} was going on when this was {each.name}")
        found = differences(each.theirs, each.ours)
        wrong += len(found)
        for difference in found:
            name = DEFINITIONS[difference.number].name if difference.number in DEFINITIONS else "?"
            say(
                f"{difference.number} {name}: {each.name} {_parts(difference.shown)}, "
                f"from the journal {_parts(difference.again)}"
            )
        if not found:
            say(f"equal: {len(each.ours)} figures, {each.name} and from the journal")
    if wrong:
        raise typer.Exit(FAILED)


@dataclass(frozen=True, slots=True)
class _Compared:
    """What somebody else says, and what the journal gives for the same entries."""

    name: str
    provisional: bool
    theirs: Mapping[str, Parts]
    ours: Mapping[str, Parts]


async def _compare(settings: Settings, period: Period, *, queue: str | None, seat: str | None) -> Sequence[_Compared]:
    day = period.begins.astimezone(settings.zone).date()
    async with _reckoning(settings) as (office, kept):
        compared = []
        if (shown := await kept.newest(day, queue=queue, seat=seat)) is not None:
            again = await office.of(local_day(day, settings.zone), queue=queue, seat=seat, until=shown.seq, at=shown.at)
            compared.append(_Compared("as shown", shown.provisional, shown.values, _values(again)))
        try:
            query = {"from": moment(period.begins), "to": moment(period.ends), "queue": queue, "seat": seat}
            said = await asyncio.to_thread(lambda: Hotline.of(settings.home).get("figures", **query))
        except NotRunningError:
            return compared
        at = datetime.fromisoformat(said["at"])
        again = await office.of(period, queue=queue, seat=seat, until=said["seq"], at=at)
        theirs = {each["number"]: (each["numerator"], each["denominator"]) for each in said["items"]}
        ours = {definition.number: figure.parts for definition, figure in again.figures}
        compared.append(_Compared("as the hotline says", said["provisional"], _thousandths(theirs), _thousandths(ours)))
        return compared


async def _keep(settings: Settings, period: Period, *, queue: str | None, seat: str | None) -> Shown:
    day = period.begins.astimezone(settings.zone).date()
    async with _reckoning(settings) as (office, kept):
        found = await office.of(local_day(day, settings.zone), queue=queue, seat=seat)
        shown = Shown(
            day=day,
            queue=queue,
            seat=seat,
            at=found.at,
            seq=found.seq,
            provisional=found.provisional,
            values=_values(found),
        )
        await kept.keep(shown)
        return shown


@asynccontextmanager
async def _reckoning(settings: Settings) -> "AsyncIterator[tuple[FigureOffice, ShownFigures]]":
    """Open the journal and what was kept, without the hotline."""
    from callcenter.office.figures import FigureOffice  # noqa: PLC0415 - slow to load, and only this needs them
    from callcenter.storage.shown_figures import ShownFigures  # noqa: PLC0415 - as above
    from callcenter.storage.store import Store  # noqa: PLC0415 - as above
    from callcenter.storage.told import Told  # noqa: PLC0415 - as above

    store = Store(settings.database, limit_seconds=_READING_SECONDS)
    try:
        yield FigureOffice(Told(store), clock=_Clock(), zone=settings.zone), ShownFigures(store)
    finally:
        await store.close()


def _values(found: Figures) -> Mapping[str, Parts]:
    return values_of(figure for _, figure in found.figures)


def _thousandths(parts: Mapping[str, tuple[float | None, float | None]]) -> Mapping[str, Parts]:
    """Give counts and seconds as whole thousandths, as exact as they were told."""
    return {
        number: (None if over is None else round(over * 1000), None if under is None else round(under * 1000))
        for number, (over, under) in parts.items()
    }


def _period(day: str | None, settings: Settings) -> Period:
    """Give a day, or what there is of it."""
    today = so_far(datetime.now(UTC), settings.zone)
    if day is None:
        return today
    try:
        wanted = local_day(date.fromisoformat(day), settings.zone)
    except ValueError:
        stop(f"'{day}' is no day; write it as 2026-03-02", UNUSABLE)
    if wanted.begins > today.ends:
        stop(f"{day} has not begun", UNUSABLE)
    return Period(wanted.begins, min(wanted.ends, today.ends))


def _with_journal(settings: Settings) -> Settings:
    """Refuse a home without a database, before one is made by looking."""
    if settings.database_url is None and not (settings.home / "callcenter.sqlite3").exists():
        stop(f"there is no journal in {settings.home} yet; it is made at the first start", UNUSABLE)
    return settings


def _row(figure: Mapping[str, Any], language: Language) -> Sequence[str]:
    named = figure["chinese"] if language is Language.CHINESE else figure["name"]
    over, under = figure["numerator"], figure["denominator"]
    of = "" if under is None else f"{_number(over)} / {_number(under)}"
    recovered = "" if figure["recovered"] is None else str(figure["recovered"])
    return (figure["number"], named, _shown(figure), of, recovered)


def _shown(figure: Mapping[str, Any]) -> str:
    """Write a value: rates in per cent, the rest as it is, two decimals."""
    if figure["value"] is None:
        return "—"
    if DEFINITIONS[figure["number"]].is_share:
        return f"{figure['value'] * _RATES:.2f} %"
    return _number(figure["value"])


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


def _parts(parts: Parts | None) -> str:
    return "not at all" if parts is None else f"{_number(parts[0])} / {_number(parts[1])}"


def _say_half_hours(intervals: Sequence[Mapping[str, Any]], settings: Settings, language: Language) -> None:
    names = {definition.name: definition for definition in DEFINITIONS.values()}
    heads = [names[name].chinese if language is Language.CHINESE else name for name in _IN_HALF_HOURS]
    rows = []
    for interval in intervals:
        by_name = {figure["name"]: figure for figure in interval["figures"]}
        begins = datetime.fromisoformat(interval["from"]).astimezone(settings.zone)
        rows.append([begins.strftime("%H:%M"), *(_shown(by_name[name]) for name in _IN_HALF_HOURS)])
    say_table(("", *heads), rows)
