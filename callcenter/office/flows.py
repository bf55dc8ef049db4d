"""Runs the menu for callers: one task for each, to a person or to the flow's own end."""

import asyncio
from collections import deque
from functools import partial

import structlog

from callcenter.domain.alarms import FLOW_FAILED
from callcenter.domain.errors import CallcenterError, CallerGone
from callcenter.domain.exchange.commands import ClearAlarm, NoteDigits, NoteFlowCompleted, RaiseAlarm
from callcenter.domain.ids import CallId
from callcenter.domain.wishes import StartFlow
from callcenter.office.ports import Flows
from callcenter.office.switchboard import Switchboard

log = structlog.get_logger(__name__)


class FlowRunner:
    """Owns the running flows. A flow that fails brings its caller to the queue and raises an alarm."""

    def __init__(self, flows: Flows, switchboard: Switchboard) -> None:
        self._flows = flows
        self._switchboard = switchboard
        self._asked: deque[StartFlow] = deque()
        self._arrived = asyncio.Event()
        self.failed = 0
        """Flows that broke off since this controller began."""

    def start(self, wish: StartFlow) -> None:
        """Run the menu for this caller from now on; never waits."""
        self._asked.append(wish)
        self._arrived.set()

    async def run(self) -> None:
        """Run flows until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._arrived.wait()
                self._arrived.clear()
                while self._asked:
                    wish = self._asked.popleft()
                    tasks.create_task(self._one(wish), name=f"flow[{wish.call_id}]")

    async def _one(self, wish: StartFlow) -> None:
        with structlog.contextvars.bound_contextvars(call_id=wish.call_id):
            try:
                end = await self._flows.run(wish.call_id, wish.caller, partial(self._note_digits, wish.call_id))
                if end.failed:
                    self._broke_off()
                else:
                    self._switchboard.ask(ClearAlarm(name=FLOW_FAILED))
                if end.completed:
                    self._switchboard.ask(NoteFlowCompleted(call_id=wish.call_id))
                    await end.line.hang_up()
                else:
                    await end.line.leave()
            except CallerGone:
                log.debug("the caller left the menu")
            except CallcenterError as error:
                log.warning("the menu ended early; the caller goes on to the queue by himself", why=str(error))
            except Exception:
                # The guard in the dialplan brings the caller to the waiting loop within seconds.
                log.exception("the menu failed")
                self._broke_off()

    def _broke_off(self) -> None:
        self.failed += 1
        self._switchboard.ask(
            RaiseAlarm(name=FLOW_FAILED, detail="a flow broke off; its caller was brought to the queue")
        )

    def _note_digits(self, call_id: CallId, node: str, digits: str) -> None:
        self._switchboard.ask(NoteDigits(call_id=call_id, node=node, digits=digits))
