"""`callcenter recalls`: who is owed a call, and the click that makes it."""

from typing import Annotated

import typer

from callcenter.cli.client import Hotline
from callcenter.cli.options import HomeOption, JsonOption, loaded_settings
from callcenter.cli.screen import cell, say, say_json, say_table

MOST = 10_000  # more than any hotline owes calls

app = typer.Typer(help="Recalls: who is owed a call.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_recalls(*, as_json: JsonOption = False, home: HomeOption = None) -> None:
    """List the open recalls, the earliest due first."""
    hotline = Hotline.of(loaded_settings(home, None).settings.home)
    found = list(hotline.items("recalls", most=MOST, state="open", sort="due"))
    if as_json:
        say_json(found)
        return
    names = ("id", "caller", "opened", "due", "overdue")
    rows = ([*(cell(recall[name]) for name in names), str(len(recall["attempts"]))] for recall in found)
    say_table((*names, "attempts"), rows)


@app.command("dial")
def dial(
    recall: Annotated[str, typer.Argument(metavar="ID")],
    seat: Annotated[str, typer.Argument(metavar="EXT")],
    *,
    again: Annotated[bool, typer.Option("--again", help="Though the last attempt was a moment ago.")] = False,
    home: HomeOption = None,
) -> None:
    """Ring a seat, and when it picks up the citizen.

    \b
    Example:
      callcenter recalls dial 0193a5b1-4c0f-4e2a-b7d9-1a3c5e7f9b2d 8001
    """  # noqa: D301
    hotline = Hotline.of(loaded_settings(home, None).settings.home)
    attempt = hotline.send("POST", "recalls", recall, "dial", body={"seat": seat, "again": again})
    say(f"seat {attempt['seat']} rings; GET recalls/{recall} tells what comes of it")
