"""Notes that nobody is going to close: whoever noted the last words of an ended call died over them, or was let go of.

Who listens closes the notes of his own calls, some seconds after their end. What is left over (a controller died,
speech was switched off, a call was forgotten among a thousand others) is found in the store, again and again: no ended
call says for long that its words are being noted.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from callcenter.domain.calls import Call
from callcenter.domain.errors import CallcenterError, UnreadableError
from callcenter.domain.facts import NotesChanged
from callcenter.domain.ids import CallId
from callcenter.domain.listening import gaps_of
from callcenter.domain.notes import Notes, NotesState
from callcenter.office.notes import attentions_before
from callcenter.office.ports import Calls, Clock
from callcenter.office.recovery import at_once
from callcenter.office.switchboard import Switchboard

log = structlog.get_logger(__name__)

LOOK_SECONDS = 5.0


class InterruptedNotes:
    """Says of ended calls to whose words nobody listens any more what of them is missing."""

    def __init__(
        self,
        calls: Calls,
        switchboard: Switchboard,
        *,
        listens: Callable[[CallId], bool],
        clock: Clock,
        known: Callable[[], Awaitable[None]] = at_once,
    ) -> None:
        """`listens`: the last words of this call are still to come; whoever waits for them closes its notes.

        `known` waits until it is known what was before: what is noted sooner would be overruled by it.
        """
        self._calls = calls
        self._switchboard = switchboard
        self._listens = listens
        self._clock = clock
        self._known = known

    async def run(self) -> None:
        """Look until cancelled."""
        await self._known()
        while True:
            try:
                for call in await self._calls.notes_interrupted():
                    if not self._listens(call.id):
                        await self._close(call)
            except CallcenterError as error:
                log.warning("calls whose notes were broken off cannot be read", why=str(error))
            await asyncio.sleep(LOOK_SECONDS)

    async def _close(self, call: Call) -> None:
        notes = await self._as_far_as_known(call)
        call = self._switchboard.exchange.call(call.id) or await self._calls.get(call.id) or call
        if call.notes is None or call.notes.state is not NotesState.LIVE or self._listens(call.id):
            return  # somebody closed them while the journal was read
        self._switchboard.note_settled(call, NotesChanged(at=self._clock.now(), call_id=call.id, notes=notes))

    async def _as_far_as_known(self, call: Call) -> Notes:
        until = call.t5 or call.last_at
        try:
            attentions = await attentions_before(self._calls, call.id, until=until)
        except UnreadableError:
            log.error("what was heard of a call is not known: its journal does not add up", call_id=call.id)
            return Notes(state=NotesState.FAILED, gaps=() if call.notes is None else call.notes.gaps)
        gaps = gaps_of(call, attentions.values(), until)
        return Notes(state=NotesState.LATER if gaps else NotesState.COMPLETE, gaps=gaps)
