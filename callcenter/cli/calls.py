"""`callcenter calls`: who is and was on the line."""

from datetime import datetime
from typing import Annotated, Any

import typer

from callcenter.cli.client import Hotline
from callcenter.cli.options import FullOption, HomeOption, JsonOption, loaded_settings
from callcenter.cli.screen import cell, number_shown, say, say_json, say_table
from callcenter.domain.rings import PROMISED_RINGS, kept_promise, ring_at

app = typer.Typer(help="Calls: who is and was on the line.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_calls(
    *,
    live: Annotated[bool, typer.Option("--live", help="Only calls in progress.")] = False,
    caller: Annotated[str | None, typer.Option(help="Only calls from this number.")] = None,
    seat: Annotated[str | None, typer.Option(help="Only calls this seat took part in.")] = None,
    most: Annotated[int, typer.Option("--most", min=1, max=100_000, help="How many, newest first.")] = 20,
    full: FullOption = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """List calls, newest first; callers' numbers show their last four digits.

    \b
    Examples:
      callcenter calls list --live
      callcenter calls list --seat 8001 --most 100
    """  # noqa: D301
    found = _hotline(home).items("calls", most=most, live="true" if live else None, caller=caller, seat=seat)
    if as_json:
        say_json(list(found))
        return
    say_table(
        ("id", "begun", "caller", "state", "outcome", "seat", "ticket"),
        (
            (
                call["id"],
                cell(call["t0"]),
                number_shown(call["caller"], full=full),
                call["state"],
                cell(call["outcome"]),
                cell(call["seat"]),
                cell(call["ticket_id"]),
            )
            for call in found
        ),
    )


@app.command("show")
def show_call(
    call_id: Annotated[str, typer.Argument(metavar="ID")],
    *,
    full: FullOption = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """Show one call: its times, legs and recording."""
    call = _hotline(home).get("calls", call_id)
    if as_json:
        say_json(call)
        return
    for name in ("id", "state", "outcome", "queue", "seat", "ticket_id", "recovered"):
        say(f"{name:10} {cell(call[name])}")
    say(f"{'caller':10} {number_shown(call['caller'], full=full)}")
    for name, meaning in _TIMES.items():
        say(f"{name:10} {cell(call[name])}  {meaning}")
    say(f"{'rings':10} {_rings(call)}")
    if (recording := call["recording"]) is not None:
        say(f"{'recording':10} {recording['state']}, {cell(recording['seconds'])} s")
    say("")
    say_table(
        ("leg", "party", "number", "state", "outcome", "started", "answered", "ended"),
        (
            (
                leg["kind"],
                _party(leg, full=full),
                number_shown(leg["number"], full=full or leg["kind"] != "caller"),
                leg["state"],
                cell(leg["outcome"]),
                cell(leg["started"]),
                cell(leg["answered"]),
                cell(leg["ended"]),
            )
            for leg in call["legs"]
        ),
    )


_TIMES = {
    "t0": "call taken",
    "t1": "first voice or answer",
    "t2": "person asked for",
    "t3": "first seat rang",
    "t4": "a person answered",
    "t5": "end",
}


def _rings(call: dict[str, Any]) -> str:
    """Say in which ring the caller first heard a voice, the hotline's or a person's."""
    heard = [datetime.fromisoformat(call[name]) for name in ("t1", "t4") if call[name] is not None]
    if not heard:
        return "no voice was heard"
    began, first = datetime.fromisoformat(call["t0"]), min(heard)
    kept = "within" if kept_promise(began, first) else "later than"
    return f"voice in ring {ring_at(began, first)}, {kept} the promised {PROMISED_RINGS}"


def _party(leg: dict[str, Any], *, full: bool) -> str:
    return number_shown(leg["party"], full=full) if leg["kind"] == "caller" else cell(leg["party"])


def _hotline(home: Any) -> Hotline:
    return Hotline.of(loaded_settings(home, None).settings.home)
