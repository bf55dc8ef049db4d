"""`callcenter calls`: who is and was on the line, and what an operator can do in a talk."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from callcenter.cli.client import Hotline
from callcenter.cli.options import FullOption, HomeOption, JsonOption, loaded_settings
from callcenter.cli.screen import FAILED, cell, number_shown, say, say_json, say_table, stop
from callcenter.domain.rings import PROMISED_RINGS, kept_promise, ring_at

app = typer.Typer(
    help="Calls: who is and was on the line, and bringing units in.", no_args_is_help=True, rich_markup_mode=None
)


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
    say(f"{'notes':10} {cell(call['notes'])}, {len(call['utterances'])} utterances")
    say(f"{'secret':10} {cell(call['secret'])}")
    say("")
    say_table(
        ("leg", "id", "party", "number", "state", "outcome", "started", "answered", "ended"),
        (
            (
                leg["kind"],
                leg["id"],
                _party(leg, full=full),
                number_shown(leg["number"], full=full or leg["party"] is not None),
                leg["state"],
                cell(leg["outcome"]),
                cell(leg["started"]),
                cell(leg["answered"]),
                cell(leg["ended"]),
            )
            for leg in call["legs"]
        ),
    )


CallArgument = Annotated[str, typer.Argument(metavar="ID", help="The call.")]
LegOption = Annotated[str | None, typer.Option("--leg", help="The unit's leg, where the call has several.")]


@app.command("three-way")
def call_unit(
    call_id: CallArgument,
    unit: Annotated[str, typer.Argument(metavar="UNIT", help="Id of a unit, or a number that may be dialled.")],
    *,
    private: Annotated[bool, typer.Option("--private", help="Talk to the unit alone first.")] = False,
    home: HomeOption = None,
) -> None:
    """Bring a unit into a call; the talk goes on while it is dialled.

    \b
    Examples:
      callcenter calls three-way ID water
      callcenter calls three-way ID 13800000000 --private
    """  # noqa: D301
    leg = _hotline(home).send("POST", "calls", call_id, "three-way", body={"unit": unit, "private": private})
    _say_leg(leg)


@app.command("consult")
def consult(call_id: CallArgument, *, leg: LegOption = None, home: HomeOption = None) -> None:
    """Let the operator talk to the unit alone; the caller hears music."""
    _change_unit(call_id, leg, "consult", home)


@app.command("join")
def join(call_id: CallArgument, *, leg: LegOption = None, home: HomeOption = None) -> None:
    """Let caller, operator and unit talk together."""
    _change_unit(call_id, leg, "join", home)


@app.command("drop")
def drop(call_id: CallArgument, *, leg: LegOption = None, home: HomeOption = None) -> None:
    """Let the unit go, or ring it no longer."""
    _change_unit(call_id, leg, "drop", home)


@app.command("leave")
def leave(call_id: CallArgument, *, home: HomeOption = None) -> None:
    """Let the operator leave caller and unit alone."""
    _say_call(_hotline(home).send("PUT", "calls", call_id, "seat", body={"action": "leave"}))


@app.command("return")
def come_back(call_id: CallArgument, *, home: HomeOption = None) -> None:
    """Bring the operator back to caller and unit."""
    _say_call(_hotline(home).send("PUT", "calls", call_id, "seat", body={"action": "return"}))


class OnOff(StrEnum):
    """A switch."""

    ON = "on"
    OFF = "off"


@app.command("secret")
def set_secret(call_id: CallArgument, switch: Annotated[OnOff, typer.Argument()], *, home: HomeOption = None) -> None:
    """Pause recording and notes while something secret is said, or go on with them.

    \b
    Example:
      callcenter calls secret ID on
    """  # noqa: D301
    call = _hotline(home).send("PUT", "calls", call_id, "secret", body={"on": switch is OnOff.ON})
    say(f"{call['id']}: recording and notes are {'paused' if call['secret'] else 'going on'}")


def _change_unit(call_id: str, leg_id: str | None, action: str, home: Any) -> None:
    hotline = _hotline(home)
    if leg_id is None:
        legs = hotline.get("calls", call_id)["legs"]
        units = [leg["id"] for leg in legs if leg["kind"] == "unit" and leg["state"] != "ended"]
        if not units:
            stop("no unit is in this call; bring one in with `callcenter calls three-way`", FAILED)
        leg_id = units[-1]
    _say_leg(hotline.send("PUT", "calls", call_id, "three-way", leg_id, body={"action": action}))


def _say_leg(leg: dict[str, Any]) -> None:
    say(f"{cell(leg['party'])} {leg['id']}: {leg['state']}")


def _say_call(call: dict[str, Any]) -> None:
    seats = [leg["state"] for leg in call["legs"] if leg["kind"] == "seat"]
    say(f"{call['id']}: {call['state']}, seat {cell(call['seat'])} {cell(seats[-1] if seats else None)}")


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
