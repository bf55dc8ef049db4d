"""`callcenter journal`: the source of truth, read, proven and built upon."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from importlib import import_module
from typing import Annotated, Any

import typer

from callcenter.cli.client import Hotline
from callcenter.cli.options import HomeOption, JsonOption, SetOption, loaded_settings
from callcenter.cli.screen import FAILED, cell, say, say_json, say_table
from callcenter.home import Home

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
    settings = loaded_settings(home, assignments).settings
    found = asyncio.run(_of_store("verify")(settings.database))
    for line in found.lines():
        say(line)
    if not found.whole:
        raise typer.Exit(FAILED)


@app.command("rebuild")
def rebuild_projections(*, home: HomeOption = None, assignments: SetOption = None) -> None:
    """Build calls, legs, seats and recordings anew from the journal. The hotline must not run meanwhile.

    They are what was shown before; needed only when a table was damaged by hand.
    """
    settings = loaded_settings(home, assignments).settings
    place = Home(settings.home)
    place.make()
    with place.held():
        count = asyncio.run(_of_store("rebuild")(settings.database))
    say(f"ok: built anew from {count} entries")


def _of_store(name: str) -> Callable[[str], Coroutine[Any, Any, Any]]:
    """The store is loaded only where it is worked on: it is slow to load."""
    done: Callable[[str], Coroutine[Any, Any, Any]] = getattr(import_module(f"callcenter.storage.{name}"), name)
    return done
