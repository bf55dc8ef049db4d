"""`callcenter journal`: the source of truth, read, proven and built upon."""

import asyncio
import json
from typing import Annotated

import typer

from callcenter.cli.client import Hotline
from callcenter.cli.options import HomeOption, JsonOption, SetOption, loaded_settings
from callcenter.cli.screen import FAILED, UNUSABLE, cell, say, say_json, say_table, stop
from callcenter.home import Home
from callcenter.settings import Settings

app = typer.Typer(help="The journal: what happened, entry by entry.", no_args_is_help=True, rich_markup_mode=None)


@app.command("show")
def show_entries(
    call_id: Annotated[str, typer.Argument(metavar="CALL")],
    *,
    full: Annotated[bool, typer.Option("--full", help="Show the data of each entry, callers' numbers too.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Show what the journal tells of one call, oldest first."""
    entries = Hotline.of(loaded_settings(home, None).settings.home).whole("calls", call_id, "journal")
    if as_json:
        say_json(entries)
        return
    head = ("seq", "time", "kind", "recovered") + (("data",) if full else ())
    say_table(
        head,
        (
            [cell(entry[name]) if name != "data" else json.dumps(entry["data"], ensure_ascii=False) for name in head]
            for entry in entries
        ),
    )


@app.command("verify")
def verify_journal(*, home: HomeOption = None, assignments: SetOption = None) -> None:
    """Prove that no entry was changed or removed: order, gaps and the chain of hashes. The hotline may run meanwhile.

    Exit code 1 names the first entry that is wrong.
    """
    settings = _with_journal(loaded_settings(home, assignments).settings)
    from callcenter.storage.verify import verify  # noqa: PLC0415 - slow to load, and only this needs it

    verdict = asyncio.run(verify(settings.database, Home(settings.home).spool))
    if verdict.first_broken is not None:
        say(f"entry {verdict.first_broken} is not what was written, or does not follow the one before it")
    for first, last in verdict.gaps:
        say(f"{_entries(first, last)} missing")
    if verdict.missing_end is not None:
        say(f"{_entries(*verdict.missing_end)} missing at the end")
    for seq in verdict.out_of_order:
        say(f"entry {seq} is dated before an earlier one of its call; a clock may have stepped")
    if not verdict.is_whole:
        stop(f"of {verdict.entries} entries not all are what was written", FAILED)
    say(f"ok: {verdict.entries} entries, all as they were written")


def _with_journal(settings: Settings) -> Settings:
    """Refuse a home without a database, before one is made by looking."""
    file = settings.home / "callcenter.sqlite3"
    if settings.database_url is None and not file.exists():
        stop(f"there is no journal in {settings.home} yet; it is made at the first start", UNUSABLE)
    return settings


def _entries(first: int, last: int) -> str:
    return f"entry {first} is" if first == last else f"entries {first} to {last} are"


@app.command("rebuild")
def rebuild_projections(*, home: HomeOption = None, assignments: SetOption = None) -> None:
    """Build calls, legs, seats and recordings anew from the journal. The hotline may run meanwhile.

    They are what was shown before; needed only when a table was damaged by hand.
    """
    settings = _with_journal(loaded_settings(home, assignments).settings)
    from callcenter.storage.rebuild import rebuild  # noqa: PLC0415 - as above

    rebuilt = asyncio.run(rebuild(settings.database))
    say(f"{rebuilt.calls} calls and {rebuilt.seats} seats are built anew from the journal")
    if rebuilt.unreadable:
        stop(f"{rebuilt.unreadable} entries or calls could not be read; see callcenter journal verify", FAILED)
