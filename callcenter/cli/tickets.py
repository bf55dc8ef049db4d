"""`callcenter tickets`: what was asked for."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from callcenter.cli.client import Hotline
from callcenter.cli.options import FullOption, HomeOption, JsonOption, loaded_settings
from callcenter.cli.screen import UNUSABLE, cell, number_shown, say, say_json, say_table, stop
from callcenter.domain.errors import NotFoundError

app = typer.Typer(help="Tickets: what citizens asked for.", no_args_is_help=True, rich_markup_mode=None)

_NUMBER = re.compile(r"[0-9]{14}")

NumberArgument = Annotated[str, typer.Argument(metavar="NUMBER", help="The 14 digits people use, or the id.")]


@app.command("list")
def list_tickets(
    *,
    state: Annotated[str | None, typer.Option(help="Only tickets in this state: drafted, filed.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only consultation, help, complaint, report…")] = None,
    words: Annotated[str | None, typer.Option("--words", help="Only tickets in which these words stand.")] = None,
    most: Annotated[int, typer.Option("--most", min=1, max=100_000, help="How many, newest first.")] = 20,
    full: FullOption = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """List tickets, newest first.

    \b
    Examples:
      callcenter tickets list --state drafted
      callcenter tickets list --words 停水
    """  # noqa: D301
    found = _hotline(home).items("tickets", most=most, state=state, kind=kind, q=words)
    if as_json:
        say_json(list(found))
        return
    say_table(
        ("number", "state", "kind", "urgency", "caller", "unit", "created", "category"),
        (
            (
                ticket["number"],
                ticket["state"],
                cell(ticket["kind"]),
                ticket["urgency"],
                number_shown(ticket["caller_phone"], full=full),
                cell(ticket["unit"]),
                ticket["created"],
                cell(ticket["category"]),
            )
            for ticket in found
        ),
    )


@app.command("show")
def show_ticket(
    number: NumberArgument, *, full: FullOption = False, as_json: JsonOption = False, home: HomeOption = None
) -> None:
    """Show one ticket with its trace. Name, address, number and words of the citizen are shown with --full only."""
    ticket = _found(_hotline(home), number)
    if as_json:
        say_json(ticket)
        return
    for name, value in ticket.items():
        if name == "trace":
            continue
        if name == "caller_phone":
            say(f"{name:13} {number_shown(value, full=full)}")
        elif name == "heard":
            say(f"{name:13} {len(value)} utterances")
        elif value and not full and (name in ("caller_name", "address") or _is_word_for_word(name, ticket)):
            say(f"{name:13} (hidden, see --full)")
        else:
            say(f"{name:13} {cell(value)}")
    say("")
    names = ("seq", "time", "actor", "action", "note")
    say_table(names, ([cell(entry[name]) for name in names] for entry in ticket["trace"]))


def _is_word_for_word(name: str, ticket: dict[str, Any]) -> bool:
    return name == "notes" and not ticket["notes_edited"]


@app.command("set")
def set_fields(
    number: NumberArgument,
    fields: Annotated[list[str], typer.Argument(metavar="FIELD=VALUE...")],
    *,
    home: HomeOption = None,
) -> None:
    """Complete a draft.

    \b
    Example:
      callcenter tickets set 20261122000017 kind=complaint category=供水 matter=和平里三号楼停水两天
    """  # noqa: D301
    hotline = _hotline(home)
    ticket = _found(hotline, number)
    # Only if it is still what we saw: two who write at once must not undo each other.
    version = {"If-Match": f'"{ticket["version"]}"'}
    hotline.send("PATCH", "tickets", ticket["id"], body=_changes(fields), headers=version)
    say(f"{ticket['number']} is changed")


@app.command("file")
def file_ticket(number: NumberArgument, *, home: HomeOption = None) -> None:
    """File a completed draft; names each field that is missing. To file: kind, category, matter."""
    hotline = _hotline(home)
    ticket = hotline.send("POST", "tickets", _found(hotline, number)["id"], "file")
    say(f"{ticket['number']} is {ticket['state']}")


def _changes(fields: Sequence[str]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for one in fields:
        name, equals, value = one.partition("=")
        if not equals:
            stop(f"'{one}' has no =; write FIELD=VALUE", UNUSABLE)
        changes[name] = value in ("true", "yes") if name == "confidential" else (value or None)
    return changes


def _found(hotline: Hotline, number: str) -> dict[str, Any]:
    if not _NUMBER.fullmatch(number):
        return hotline.get("tickets", number)
    for ticket in hotline.items("tickets", most=200, q=number):
        if ticket["number"] == number:
            return ticket
    raise NotFoundError(f"there is no ticket {number}")


def _hotline(home: Path | None) -> Hotline:
    return Hotline.of(loaded_settings(home, None).settings.home)
