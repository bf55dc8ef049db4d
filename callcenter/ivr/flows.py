"""The flows in force. A reload takes what is whole and ready to be heard, and touches no call in progress."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

import structlog

from callcenter.domain.prompts import CATALOGUE, Prompt, digits_said, ticket_number_said
from callcenter.ivr.check import check_folder
from callcenter.ivr.flow import CollectNode, Flow, QueueNode, SayNode, Spoken, words_of
from callcenter.ivr.mistakes import Mistake

_log = structlog.get_logger(__name__)

Prepare = Callable[[AbstractSet[Prompt]], Awaitable[None]]
"""Makes prompts ready to be played; raises when one of them cannot be made."""


def prompts_of(flow: Flow) -> set[Prompt]:
    """Give everything a caller may hear in this flow, the pieces of spoken ticket numbers included."""
    prompts = {spoken.prompt for node in flow.nodes.values() for _, spoken in words_of(node)}
    if any(isinstance(node, CollectNode) and node.number_lead for node in flow.nodes.values()):
        for digit in "0123456789":
            prompts.update(digits_said(digit), ticket_number_said(digit * 14))
    return prompts


def plain_flow(queue: str) -> Flow:
    """Give the flow that needs no file: a greeting, then a person. For a hotline whose flow could not be taken."""
    return Flow(
        name="plain",
        description="Built in; in force where no flow file could be taken.",
        start="welcome",
        operator="person",
        nodes={
            "welcome": SayNode(kind="say", prompts=(Spoken(name="welcome", text=CATALOGUE["welcome"]),), next="person"),
            "person": QueueNode(kind="queue", queue=queue),
        },
    )


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What one reload did."""

    taken: tuple[str, ...]
    """Names of the flows that were taken, changed or not."""
    mistakes: tuple[Mistake, ...]
    """Every mistake of every file; a file with one was not taken."""
    unprepared: tuple[str, ...]
    """Flows without mistakes whose prompts could not be made; not taken."""
    kept: tuple[str, ...]
    """Flows that stay in force as they were, since their file was not taken or is gone."""


class FlowShelf:
    """Holds the flow in force for each name; a call takes its flow from here once and keeps it."""

    def __init__(self, folder: Path, *, prepare: Prepare, queues: Collection[str] | None = None) -> None:
        self._folder = folder
        self._prepare = prepare
        self._queues = queues
        self._in_force: Mapping[str, Flow] = {}
        self._reloading = asyncio.Lock()

    def flow(self, name: str) -> Flow | None:
        """Give the flow in force under this name, or None when none was ever taken."""
        return self._in_force.get(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all flows in force."""
        return tuple(sorted(self._in_force))

    async def reload(self) -> Reloaded:
        """Read all files again and put into force what is whole; never raises for what the files hold.

        A flow whose file is broken, cannot be spoken or is gone stays in force as it was. One reload at a time.
        """
        async with self._reloading:
            loaded = await asyncio.to_thread(check_folder, self._folder, queues=self._queues)
            taken: dict[str, Flow] = {}
            unprepared: list[str] = []
            for one in loaded:
                if one.flow is None or one.mistakes:
                    continue
                if await self._prepared(one.flow):
                    taken[one.flow.name] = one.flow
                else:
                    unprepared.append(one.flow.name)
            before = self._in_force
            self._in_force = {**before, **taken}
        mistakes = sorted({mistake for one in loaded for mistake in one.mistakes})
        for mistake in mistakes:
            _log.error("a flow file was not taken", mistake=str(mistake))
        return Reloaded(
            taken=tuple(sorted(taken)),
            mistakes=tuple(mistakes),
            unprepared=tuple(sorted(unprepared)),
            kept=tuple(sorted(set(before) - set(taken))),
        )

    async def _prepared(self, flow: Flow) -> bool:
        try:
            await self._prepare(prompts_of(flow))
        except Exception as error:  # noqa: BLE001 - the voice is another part; why it failed is logged, the flow not taken
            _log.error("a flow was not taken: its prompts could not be made", flow=flow.name, error=repr(error))
            return False
        return True
