"""Taps: one leg's voice sent to a speech worker, by a channel of its own that is nobody's party.

A tap is `ChanSpy` on an AudioSocket channel; of its two channels the left is what the leg itself says. Asterisk
connects straight to the worker, never connects again, and the tapped call notices nothing of either.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import structlog

from callcenter.asterisk.ami import Headers
from callcenter.asterisk.channels import ChannelTable, Kind
from callcenter.asterisk.link import AmiLink
from callcenter.domain.errors import CallcenterError, UnavailableError
from callcenter.domain.ids import LegId
from callcenter.domain.notes import TapId

if TYPE_CHECKING:
    import asyncio

    from callcenter.asterisk.ami import Answer

log = structlog.get_logger(__name__)

SPY = "qDESu"  # quiet, both directions apart, ends with the leg, full channel name
HOST = "127.0.0.1"
CONNECT_MS = 5000  # Asterisk itself gives the connection two seconds


class Taps:
    """Begins and ends taps. Fills the office's port of that name; `on_ended` is set before the link runs."""

    on_ended: Callable[[TapId], None]

    def __init__(self, link: AmiLink, table: ChannelTable) -> None:
        self._link = link
        self._table = table
        self._running: set[TapId] = set()
        self.on_ended = lambda _: None

    def begin(self, tap_id: TapId, leg_id: LegId, port: int) -> None:
        """Send a leg's voice to whoever listens on this port of this machine, under this id.

        Raises UnavailableError: no link, or no such leg now.
        """
        leg = self._table.leg(leg_id)
        if leg is None or leg.name is None:
            raise UnavailableError("there is no such leg to listen to")
        answer = self._link.send(
            "Originate",
            Channel=f"AudioSocket/{HOST}:{port}/{tap_id}",
            Application="ChanSpy",
            Data=f"{leg.name},{SPY}",
            Async="true",
            Timeout=CONNECT_MS,
            ChannelId=tap_id,
        )
        self._table.expect(tap_id, Kind.TAP)
        self._running.add(tap_id)
        answer.add_done_callback(partial(self._taken, tap_id))

    def end(self, tap_id: TapId) -> None:
        """End a tap; `on_ended` tells when it is gone."""
        channel = self._table.get(tap_id)
        if channel is None or tap_id not in self._running:
            return
        channel.unwanted = True  # where it does not exist yet, the telephone ends it as soon as it does
        try:
            self._link.send("Hangup", Channel=channel.name or tap_id)
        except CallcenterError as error:
            log.warning("a tap could not be ended", why=str(error))

    def heard(self, headers: Headers) -> None:
        """Take one AMI event in, after the telephone has."""
        tap_id = TapId(headers.get("Uniqueid", ""))
        if tap_id not in self._running:
            return
        match headers.get("Event"):
            case "Hangup":
                self._over(tap_id)
            case "OriginateResponse" if headers.get("Response") != "Success":
                channel = self._table.get(tap_id)
                if channel is None or channel.name is None:
                    self._over(tap_id)  # no channel was ever made: nobody listens on that port

    def restored(self) -> None:
        """Find out which taps have gone while Asterisk was not heard, once the table says what exists."""
        for tap_id in list(self._running):
            if self._table.get(tap_id) is None:
                self._over(tap_id)

    def _taken(self, tap_id: TapId, answer: "asyncio.Future[Answer]") -> None:
        """Tell of a tap that Asterisk did not even begin. No answer is no refusal: the lists will tell."""
        refused = not answer.cancelled() and answer.exception() is None and not answer.result().success
        channel = self._table.get(tap_id)
        if refused and tap_id in self._running and (channel is None or channel.name is None):
            log.warning("a tap was refused by Asterisk", why=answer.result().message)
            self._over(tap_id)

    def _over(self, tap_id: TapId) -> None:
        self._running.discard(tap_id)
        self._table.remove(tap_id)
        self.on_ended(tap_id)
