"""`callcenter seats`: who is at work."""

from enum import StrEnum
from typing import Annotated

import typer

from callcenter.cli.client import Hotline
from callcenter.cli.options import HomeOption, JsonOption, loaded_settings
from callcenter.cli.screen import cell, say, say_json, say_table

app = typer.Typer(help="Seats: who is at work, who talks.", no_args_is_help=True, rich_markup_mode=None)


class Wanted(StrEnum):
    """States a person may ask for."""

    READY = "ready"
    BREAK = "break"
    WRAP_UP = "wrap_up"
    OFFLINE = "offline"


@app.command("list")
def list_seats(*, as_json: JsonOption = False, home: HomeOption = None) -> None:
    """List the seats with their state."""
    found = Hotline.of(loaded_settings(home, None).settings.home).whole("seats")
    if as_json:
        say_json(found)
        return
    names = ("extension", "operator", "state", "reason", "phone", "since", "call_id", "missed")
    say_table(names, ([cell(seat[name]) for name in names] for seat in found))


@app.command("set")
def set_state(
    extension: Annotated[str, typer.Argument(metavar="EXT")],
    state: Annotated[Wanted, typer.Argument()],
    *,
    reason: Annotated[str | None, typer.Option(help="Why, for a break.")] = None,
    home: HomeOption = None,
) -> None:
    """Sign a seat in or out, or send it on a break, as *1, *2 and *3 do on its phone.

    \b
    Examples:
      callcenter seats set 8001 ready
      callcenter seats set 8001 break --reason 培训
    """  # noqa: D301
    hotline = Hotline.of(loaded_settings(home, None).settings.home)
    body = {"state": state.value} if reason is None else {"state": state.value, "reason": reason}
    seat = hotline.send("PUT", "seats", extension, "state", body=body)
    say(f"{seat['extension']} {seat['operator']}: {seat['state']}")
