"""Moves the parties of a talk in Asterisk: a unit beside it, the caller out to music and back, the seat out and back.

The order of the actions is the one that was proven to leave nobody deaf, mute or alone; what each came to is heard
from the bridges and from the ends of the channels, never from the answer to an action.
"""

import asyncio
import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from callcenter.asterisk.channels import TRUNK, Channel, ChannelTable, Kind
from callcenter.asterisk.link import AmiLink
from callcenter.domain.errors import CallcenterError
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.telephony import Ending
from callcenter.domain.wishes import (
    BringSeatIn,
    DialUnit,
    GiveCallerBack,
    JoinCaller,
    KeepSeat,
    MeetUnit,
    MuteLeg,
    OfferSeat,
    ParkCaller,
    ReturnToLine,
    RingSeatBack,
    SendSeatOut,
)

if TYPE_CHECKING:
    from callcenter.asterisk.ami import Answer

log = structlog.get_logger(__name__)

MUTE_SECONDS = 0.06  # what the caller said last is still on its way through the mixer when he is muted
PARTY = re.compile(r"[A-Za-z0-9_-]{1,60}")
NUMBER = re.compile(r"[+*#0-9]{1,32}")

Never = Callable[[CallId, LegId, Ending], None]
"""Told of a leg that never began: its call, its id, and why."""
ThreeWayWish = (
    DialUnit
    | MeetUnit
    | ParkCaller
    | JoinCaller
    | ReturnToLine
    | KeepSeat
    | SendSeatOut
    | BringSeatIn
    | GiveCallerBack
    | MuteLeg
)


class Calling:
    """Dials phones under ids of our own, and tells of each that Asterisk did not even begin."""

    def __init__(self, link: AmiLink, table: ChannelTable, never_came: Never) -> None:
        self._link = link
        self._table = table
        self._never_came = never_came

    def seat(self, wish: OfferSeat | RingSeatBack) -> None:
        """Ring a seat for a caller who waits, or for one who talks with a unit. Raises UnavailableError."""
        caller = self._table.caller(wish.call_id)
        if caller is None or caller.name is None:
            self._never_came(wish.call_id, wish.leg_id, Ending.CANCELLED)
            return
        self._table.expect(wish.leg_id, Kind.SEAT, call_id=wish.call_id, leg_id=wish.leg_id, seat=wish.seat)
        offers = isinstance(wish, OfferSeat)
        self._dial(
            wish,
            f"PJSIP/{wish.seat}",
            Context="offer" if offers else "add",
            Exten="s",
            Priority=1,
            Variable=[f"CALLER={caller.name}" if offers else f"TARGET={caller.name}", f"__CASEID={wish.call_id}"],
            CallerID=f"<{wish.caller}>" if wish.caller and NUMBER.fullmatch(wish.caller) else "",
        )

    def unit(self, wish: DialUnit) -> None:
        """Dial a third party over the trunk, which shows it the hotline's number. Raises UnavailableError."""
        caller = self._table.caller(wish.call_id)
        if caller is None or caller.name is None:
            self._never_came(wish.call_id, wish.leg_id, Ending.CANCELLED)
            return
        if NUMBER.fullmatch(wish.number) is None:
            log.warning("a unit's number cannot be dialled: it is no number", call_id=wish.call_id)
            self._never_came(wish.call_id, wish.leg_id, Ending.FAILED)
            return
        channel = self._table.expect(wish.leg_id, Kind.UNIT, call_id=wish.call_id, leg_id=wish.leg_id)
        channel.private = wish.private
        phone = f"PJSIP/{wish.number}@{TRUNK}"
        variables = [f"__CASEID={wish.call_id}", f"UNITNUMBER={wish.number}"]
        if wish.party is not None and PARTY.fullmatch(wish.party):
            variables.append(f"UNITID={wish.party}")
        if wish.private:
            variables.append(f"TARGET={caller.name}")
            self._dial(wish, phone, Context="unit-wait", Exten="s", Priority=1, Variable=variables)
        else:
            self._dial(wish, phone, Application="BridgeAdd", Data=caller.name, Variable=variables)

    def _dial(self, wish: OfferSeat | RingSeatBack | DialUnit, phone: str, **where: Any) -> None:
        try:
            answer = self._link.send(
                "Originate",
                Channel=phone,
                Async="true",
                Timeout=round(wish.ring_seconds * 1000),
                ChannelId=wish.leg_id,
                **where,
            )
        except CallcenterError:
            self._table.remove(wish.leg_id)
            self._never_came(wish.call_id, wish.leg_id, Ending.FAILED)
            raise
        answer.add_done_callback(partial(self._taken, wish))

    def _taken(self, wish: OfferSeat | RingSeatBack | DialUnit, answer: "asyncio.Future[Answer]") -> None:
        channel = self._table.get(wish.leg_id)
        if is_refusal(answer) and channel is not None and channel.name is None:
            self._table.remove(wish.leg_id)
            self._never_came(wish.call_id, wish.leg_id, Ending.FAILED)


class ThreeWay:
    """The moves of a talk's parties."""

    def __init__(self, link: AmiLink, table: ChannelTable, calling: Calling) -> None:
        self._link = link
        self._table = table
        self._calling = calling

    def carry_out(self, wish: ThreeWayWish) -> None:
        """Send the actions of this wish, in their order. Raises UnavailableError; whoever is gone is left out."""
        match wish:
            case DialUnit():
                self._calling.unit(wish)
            case MeetUnit():
                self._meet(wish)
            case ParkCaller():
                self._set(self._table.leg(wish.seat_leg), "KEEP", "1")
                self._redirect(self._table.caller(wish.call_id), "park")
            case JoinCaller():
                self._join(wish)
            case ReturnToLine():
                caller = self._table.caller(wish.call_id)
                self._mute(caller, muted=False)
                self._redirect(caller, "waiting")
            case KeepSeat():
                self._set(self._table.leg(wish.leg_id), "KEEP", "1" if wish.kept else "")
            case SendSeatOut():
                self._redirect(self._table.leg(wish.leg_id), "seat-out")
            case BringSeatIn():
                self._set(self._table.leg(wish.leg_id), "KEEP", "1")  # should the talk be over by then
                self._bring(wish.call_id, wish.leg_id, variable="TARGET", context="add")
            case GiveCallerBack():
                # It stays kept until the two have met: it may still be on its way out of the talk with the unit.
                # [offer] takes nobody out of a talk, and his last one may still stand written.
                self._set(self._table.caller(wish.call_id), "BRIDGEPEER", "")
                self._bring(wish.call_id, wish.seat_leg, variable="CALLER", context="offer")
            case MuteLeg():
                self._mute(self._table.leg(wish.leg_id), muted=wish.muted)

    def _meet(self, wish: MeetUnit) -> None:
        self._set(self._table.leg(wish.seat_leg), "KEEP", "1")
        self._mute(self._table.caller(wish.call_id), muted=True)
        asyncio.get_running_loop().call_later(MUTE_SECONDS, self._bring_unit, wish)

    def _bring_unit(self, wish: MeetUnit) -> None:
        unit = self._table.get(wish.unit_leg)
        if unit is None or unit.unwanted or self._table.caller(wish.call_id) is None:
            return
        try:
            self._redirect(unit, "add")
        except CallcenterError as exc:
            log.warning(
                "a unit could not be brought to the seat", why=str(exc)
            )  # it is looked at after the link is back

    def _join(self, wish: JoinCaller) -> None:
        caller, seat = self._table.caller(wish.call_id), self._table.leg(wish.seat_leg)
        if seat is None or seat.name is None:
            return
        self._set(caller, "AFTERTO", "requeue")
        self._set(caller, "TARGET", seat.name)
        self._redirect(caller, "add")

    def _bring(self, call_id: CallId, leg_id: LegId, *, variable: str, context: str) -> None:
        caller, seat = self._table.caller(call_id), self._table.leg(leg_id)
        if caller is None or caller.name is None:
            return
        self._set(seat, variable, caller.name)
        self._redirect(seat, context)

    def _set(self, channel: Channel | None, variable: str, value: str) -> None:
        if channel is not None and channel.name is not None:
            self._link.send("Setvar", Channel=channel.name, Variable=variable, Value=value)

    def _mute(self, channel: Channel | None, *, muted: bool) -> None:
        self._set(channel, "MUTEAUDIO(all)", "on" if muted else "off")

    def _redirect(self, channel: Channel | None, context: str) -> None:
        if channel is not None and channel.name is not None:
            self._link.send("Redirect", Channel=channel.name, Context=context, Exten="s", Priority=1)


def is_refusal(answer: "asyncio.Future[Answer]") -> bool:
    """Tell whether Asterisk said no. No answer is no refusal: it may have begun, and the lists will tell."""
    return not answer.cancelled() and answer.exception() is None and not answer.result().success
