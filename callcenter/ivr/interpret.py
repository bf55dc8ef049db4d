"""A flow as one caller goes through it, to a person or to its own end; a caller is never lost on the way."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never
from zoneinfo import ZoneInfo

import structlog

from callcenter.domain.errors import CallerGone
from callcenter.domain.prompts import Prompt, ticket_number_said
from callcenter.ivr.caller import Caller, Progress, TicketProgress
from callcenter.ivr.flow import (
    OPERATOR_KEY,
    CollectNode,
    Flow,
    HangUpNode,
    HoursNode,
    InfoNode,
    MenuNode,
    QueueNode,
    SayNode,
    Spoken,
)
from callcenter.ivr.opening import is_open
from callcenter.ivr.patience import UNKNOWN_SOUND_SECONDS, speech_seconds

_log = structlog.get_logger(__name__)

LAST_RESORT_QUEUE = "hotline"
"""Where a caller goes when the flow in trouble names no queue of its own; the queue every hotline has."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a flow may go before the caller is given to a person instead."""

    nodes_without_key: int = 30
    """The longest shipped way has 6."""
    nodes: int = 300
    """In one call; who has pressed that many keys wants a person."""
    seconds_without_key: float = 300.0
    lookup_seconds: float = 3.0
    """A caller hears silence meanwhile."""
    spare_seconds: float = 30.0
    """What one node may take beyond twice its words and its own time-outs; then the line is stuck."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The caller is to wait for a person in this queue."""

    name: str
    failed: bool = False
    """True when the flow broke off; the one who runs flows counts these and raises the alarm."""
    reason: str | None = None
    """Why it broke off: `error`, `stuck`, `too_long_without_key` or `too_many_nodes`."""


@dataclass(frozen=True, slots=True)
class HungUp:
    """The flow said good-bye; the caller is to be hung up."""

    completed: bool = True
    """True when the flow came to its own end, as every hang_up node does."""


FlowEnd = Queue | HungUp


class _BrokenOffError(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def run_flow(
    flow: Flow,
    caller: Caller,
    *,
    clock: Callable[[], datetime],
    zone: ZoneInfo,
    progress: TicketProgress,
    note_digits: Callable[[str, str], None],
    limits: Limits = Limits(),
) -> FlowEnd:
    """Run the flow for this caller to its end.

    `clock` gives aware times; `note_digits` takes the node's name and the keys. Whatever goes wrong inside,
    the answer is the operator's queue with `failed`.

    Raises:
        CallerGone: the caller hung up or was taken elsewhere.

    """
    run = _Run(flow, caller, clock=clock, zone=zone, progress=progress, note_digits=note_digits, limits=limits)
    try:
        return await run.to_the_end()
    except CallerGone:
        raise
    except _BrokenOffError as broken:
        _log.error("flow broke off", flow=flow.name, node=run.node_id, reason=broken.reason)
        return Queue(_operators_queue(flow), failed=True, reason=broken.reason)
    except Exception as error:  # noqa: BLE001 - a mistake of ours must not lose a caller; logged here, counted by `failed`
        # Only the kind and the place: the text of an error may hold what the caller pressed.
        _log.error("flow broke off", flow=flow.name, node=run.node_id, reason="error", error=_kind_and_place(error))
        return Queue(_operators_queue(flow), failed=True, reason="error")


def _operators_queue(flow: Flow) -> str:
    operator = flow.nodes.get(flow.operator)
    return operator.queue if isinstance(operator, QueueNode) else LAST_RESORT_QUEUE


def _kind_and_place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = "" if trace is None else f" at {trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}"
    return f"{type(error).__name__}{place}"


class _Run:
    """One caller's way through one flow."""

    def __init__(
        self,
        flow: Flow,
        caller: Caller,
        *,
        clock: Callable[[], datetime],
        zone: ZoneInfo,
        progress: TicketProgress,
        note_digits: Callable[[str, str], None],
        limits: Limits,
    ) -> None:
        self.node_id = flow.start
        self._flow = flow
        self._caller = caller
        self._clock = clock
        self._zone = zone
        self._progress = progress
        self._note_digits = note_digits
        self._limits = limits
        self._patience = asyncio.timeout(limits.seconds_without_key)
        self._nodes = 0
        self._nodes_without_key = 0
        self._late_terminator: str | None = None

    async def to_the_end(self) -> FlowEnd:
        try:
            async with self._patience:
                while True:
                    self._count_node()
                    onward = await self._pass_node()
                    if not isinstance(onward, str):
                        return onward
                    self.node_id = onward
        except TimeoutError:
            if self._patience.expired():
                raise _BrokenOffError("too_long_without_key") from None
            raise

    def _count_node(self) -> None:
        self._nodes += 1
        self._nodes_without_key += 1
        if self._nodes > self._limits.nodes or self._nodes_without_key > self._limits.nodes_without_key:
            raise _BrokenOffError("too_many_nodes")

    async def _pass_node(self) -> str | FlowEnd:
        """Do what the node says; gives the next node's name, or the end."""
        node = self._flow.nodes[self.node_id]
        match node:
            case SayNode():
                await self._say(node.prompts)
                return node.next
            case MenuNode():
                return await self._menu(node)
            case CollectNode():
                return await self._collect(node)
            case HoursNode():
                return self._hours(node)
            case InfoNode():
                return await self._info(node)
            case QueueNode():
                return Queue(node.queue)
            case HangUpNode():
                await self._say(node.prompts)
                return HungUp(completed=True)
            case _:
                assert_never(node)

    async def _menu(self, node: MenuNode) -> str:
        before: Sequence[Spoken] = ()
        for _ in range(node.retries + 1):
            key = await self._key(node, (*before, *node.prompts))
            if key in node.keys:
                return node.keys[key]
            if key == OPERATOR_KEY and node.zero_is_operator:
                return self._flow.operator
            before = node.invalid if key else node.silence
        return node.after_retries or self._flow.operator

    async def _key(self, node: MenuNode | InfoNode, words: Sequence[Spoken]) -> str:
        """Ask for one key. A number that was complete is often ended with # all the same: that is no answer to this."""
        late, self._late_terminator = self._late_terminator, None
        declared = node.keys if isinstance(node, MenuNode) else (node.again_key,)
        return await self._ask(node, words, no_answer=None if late in declared else late)

    async def _collect(self, node: CollectNode) -> str:
        before: Sequence[Spoken] = ()
        for _ in range(node.retries + 1):
            digits = await self._ask(
                node,
                (*before, *node.prompts),
                max_digits=node.max_digits,
                terminator=None if node.terminator == "none" else node.terminator,
                next_digit_seconds=node.next_digit_seconds,
            )
            if len(digits) == node.max_digits and node.terminator != "none":
                self._late_terminator = node.terminator
            if digits == OPERATOR_KEY and node.zero_is_operator and node.min_digits > 1:
                return self._flow.operator
            if len(digits) >= node.min_digits and digits.isdecimal():
                return node.next if node.next is not None else await self._look_up(node, digits)
            before = node.invalid if digits else node.silence
        return node.after_retries or self._flow.operator

    async def _look_up(self, node: CollectNode, ticket_number: str) -> str:
        exits = node.exits
        assert exits is not None
        if self._caller.number is None:
            return exits.not_yours
        try:
            async with asyncio.timeout(self._limits.lookup_seconds):
                answer = await self._progress(ticket_number, self._caller.number)
        except Exception as error:  # noqa: BLE001 - the store can be away in many ways; a person is offered instead
            _log.warning("ticket progress is unavailable", flow=self._flow.name, error=_kind_and_place(error))
            return exits.unavailable or self._flow.operator
        match answer.progress:
            case Progress.FOUND:
                assert answer.state is not None
                read_back = [
                    *(spoken.prompt for spoken in node.number_lead),
                    *(ticket_number_said(ticket_number) if node.number_lead else ()),
                ]
                await self._say(node.answers[answer.state], first=read_back)
                return exits.found
            case Progress.UNKNOWN:
                return exits.unknown
            case Progress.NOT_YOURS:
                return exits.not_yours
            case _:
                assert_never(answer.progress)

    def _hours(self, node: HoursNode) -> str:
        local = self._clock().astimezone(self._zone)
        opened = is_open(local, weekly=node.weekly, holidays=node.holidays, make_up_workdays=node.make_up_workdays)
        return node.open if opened else node.closed

    async def _info(self, node: InfoNode) -> str:
        if not node.ask:
            await self._say(node.prompts)
            return node.next
        for _ in range(node.again_at_most + 1):
            key = await self._key(node, (*node.prompts, *node.ask))
            if key == OPERATOR_KEY and node.zero_is_operator:
                return self._flow.operator
            if key != node.again_key:
                break
        return node.next

    async def _say(self, words: Sequence[Spoken], *, first: Sequence[Prompt] = ()) -> None:
        prompts = [*first, *(spoken.prompt for spoken in words)]
        if prompts:
            async with self._step(prompts):
                await self._caller.say(prompts)

    async def _ask(
        self,
        node: MenuNode | CollectNode | InfoNode,
        words: Sequence[Spoken],
        *,
        max_digits: int = 1,
        terminator: str | None = None,
        next_digit_seconds: float = 1.0,
        no_answer: str | None = None,
    ) -> str:
        """Put a question and note the keys. Who presses `no_answer` first hears it once more, and nothing is noted."""
        prompts = [spoken.prompt for spoken in words]
        waiting = node.first_digit_seconds + max_digits * next_digit_seconds
        async with self._step(prompts, waiting_seconds=waiting):
            digits = await self._caller.ask(
                prompts,
                max_digits=max_digits,
                terminator=terminator,
                barge_in=node.barge_in,
                first_digit_seconds=node.first_digit_seconds,
                next_digit_seconds=next_digit_seconds,
            )
        digits = digits[:max_digits]
        if no_answer is not None and digits == no_answer:
            return await self._ask(node, words, max_digits=max_digits)
        if digits:
            self._nodes_without_key = 0
            self._patience.reschedule(asyncio.get_running_loop().time() + self._limits.seconds_without_key)
            self._note_digits(self.node_id, digits)
        return digits

    @asynccontextmanager
    async def _step(self, prompts: Sequence[Prompt], *, waiting_seconds: float = 0.0) -> AsyncIterator[None]:
        """Hold one dealing with the line to a limit; a line that hangs must not keep the caller in silence."""
        spoken = sum(speech_seconds(prompt.text) if prompt.text else UNKNOWN_SOUND_SECONDS for prompt in prompts)
        step = asyncio.timeout(2 * spoken + waiting_seconds + self._limits.spare_seconds)
        try:
            async with step:
                yield
        except TimeoutError:
            if step.expired():
                raise _BrokenOffError("stuck") from None
            raise
