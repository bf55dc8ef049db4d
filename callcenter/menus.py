"""The menus callers go through: the flow in force, on Asterisk's line, in the hotline's voice."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from callcenter.asterisk.telephone import Telephone
from callcenter.domain.ids import CallId
from callcenter.domain.prompts import Prompt
from callcenter.domain.tickets import Ticket
from callcenter.ivr.caller import ProgressAnswer, answer_for
from callcenter.ivr.flow import Flow
from callcenter.ivr.flows import FlowShelf, plain_flow
from callcenter.ivr.interpret import Queue, run_flow
from callcenter.office.ports import FlowEnd


class TicketsByNumber(Protocol):
    """Where tickets are looked up by the number people use."""

    async def by_number(self, number: str) -> Ticket | None:
        """One ticket, or None. May raise UnavailableError."""
        ...


class Menus:
    """Fills the office's port `Flows`."""

    def __init__(
        self,
        shelf: FlowShelf,
        telephone: Telephone,
        tickets: TicketsByNumber,
        *,
        chosen: str,
        queue: str,
        file_of: Callable[[Prompt], str],
        clock: Callable[[], datetime],
        zone: ZoneInfo,
        area_code: str,
    ) -> None:
        self._shelf = shelf
        self._telephone = telephone
        self._tickets = tickets
        self._chosen = chosen
        self._plain = plain_flow(queue)
        self._file_of = file_of
        self._clock = clock
        self._zone = zone
        self._area_code = area_code

    @property
    def fault(self) -> str | None:
        """What is wrong with the flow that was chosen, or None; the plain flow stands in for it."""
        if self._shelf.flow(self._chosen) is not None:
            return None
        return f"the flow '{self._chosen}' could not be taken; callers hear a greeting and go to a person"

    async def run(self, call_id: CallId, caller: str | None, note_digits: Callable[[str, str], None]) -> FlowEnd:
        """Run the flow in force for this caller. Raises CallerGone."""
        line = self._telephone.caller(call_id, number=caller, file_of=self._file_of)
        end = await run_flow(
            self._in_force(),
            line,
            clock=self._clock,
            zone=self._zone,
            progress=self._progress,
            note_digits=note_digits,
        )
        if isinstance(end, Queue):
            return FlowEnd(line=line, completed=False, failed=end.failed)
        return FlowEnd(line=line, completed=end.completed)

    async def reload(self) -> Sequence[str]:
        """Read the flow files again; calls in progress keep the flow they began with."""
        done = await self._shelf.reload()
        unspoken = [f"{name}: its prompts could not be made; see the log" for name in done.unprepared]
        return [*(str(mistake) for mistake in done.mistakes), *unspoken]

    def _in_force(self) -> Flow:
        return self._shelf.flow(self._chosen) or self._plain

    async def _progress(self, ticket_number: str, caller: str | None) -> ProgressAnswer:
        ticket = await self._tickets.by_number(ticket_number)
        return answer_for(ticket, caller, area_code=self._area_code)
