"""Rings a seat that calls a citizen back; on its answer the dialplan's [recall] dials him and joins the two.

Nothing of it waits for us: a controller that dies meanwhile leaves no citizen alone on the line, and no phone ringing.
"""

from functools import partial
from typing import TYPE_CHECKING

import structlog

from callcenter.asterisk.channels import ChannelTable, Kind
from callcenter.asterisk.link import AmiLink
from callcenter.asterisk.threeway import NUMBER, Never, is_refusal
from callcenter.domain.errors import CallcenterError
from callcenter.domain.telephony import Ending
from callcenter.domain.wishes import DialBack

if TYPE_CHECKING:
    import asyncio

    from callcenter.asterisk.ami import Answer

log = structlog.get_logger(__name__)


class CallingBack:
    """Begins recalls, under ids of our own, and tells of each that Asterisk did not even begin."""

    def __init__(self, link: AmiLink, table: ChannelTable, never_came: Never) -> None:
        self._link = link
        self._table = table
        self._never_came = never_came

    def seat(self, wish: DialBack) -> None:
        """Ring the seat, which shows the citizen's number. Raises UnavailableError."""
        if NUMBER.fullmatch(wish.number) is None:
            log.warning("a citizen cannot be called back: his is no number", call_id=wish.call_id)
            self._never_came(wish.call_id, wish.leg_id, Ending.FAILED)
            return
        channel = self._table.expect(wish.leg_id, Kind.SEAT, call_id=wish.call_id, leg_id=wish.leg_id, seat=wish.seat)
        channel.calls_back = wish.recall_id
        try:
            answer = self._link.send(
                "Originate",
                Channel=f"PJSIP/{wish.seat}",
                Async="true",
                Timeout=round(wish.ring_seconds * 1000),
                ChannelId=wish.leg_id,
                Context="recall",
                Exten="s",
                Priority=1,
                Variable=[
                    f"__CASEID={wish.call_id}",
                    f"__RECALL={wish.recall_id}",
                    f"__RECALLED={wish.number}",
                    f"RECALLRING={round(wish.caller_ring_seconds)}",
                ],
                CallerID=f"<{wish.number}>",
            )
        except CallcenterError:
            self._table.remove(wish.leg_id)
            self._never_came(wish.call_id, wish.leg_id, Ending.FAILED)
            raise
        answer.add_done_callback(partial(self._taken, wish))

    def _taken(self, wish: DialBack, answer: "asyncio.Future[Answer]") -> None:
        channel = self._table.get(wish.leg_id)
        if is_refusal(answer) and channel is not None and channel.name is None:
            self._table.remove(wish.leg_id)
            self._never_came(wish.call_id, wish.leg_id, Ending.FAILED)
