"""One call through one flow, without a telephone."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from callcenter.domain.tickets import TicketState
from callcenter.ivr.caller import Caller, Progress, ProgressAnswer
from callcenter.ivr.flow import Flow
from callcenter.ivr.interpret import FlowEnd, Limits, run_flow
from callcenter.ivr.load import load_flow

SHANGHAI = ZoneInfo("Asia/Shanghai")
FLOWS = Path(__file__).parents[2] / "ivr_flows"
NUMBER = "20261122000017"


def shipped(name: str) -> Flow:
    """Give a flow of `ivr_flows/`."""
    flow = load_flow(FLOWS / f"{name}.yaml").flow
    assert flow is not None
    return flow


def written(tmp_path: Path, nodes: str) -> Flow:
    """Give a small flow of these nodes, which begins with `first`; `person` is there already."""
    path = tmp_path / "small.yaml"
    path.write_text(
        f"name: small\ndescription: 测试\nstart: first\noperator: person\nnodes:\n{nodes}\n"
        "  person: {kind: queue, queue: hotline}\n",
        encoding="utf-8",
    )
    loaded = load_flow(path)
    assert loaded.flow is not None, loaded.mistakes
    return loaded.flow


@dataclass
class TicketOffice:
    """Knows one ticket, or is away."""

    answer: ProgressAnswer = field(default_factory=lambda: ProgressAnswer(Progress.FOUND, TicketState.FILED))
    fails_with: Exception | None = None
    never_answers: bool = False
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    async def __call__(self, ticket_number: str, caller: str | None) -> ProgressAnswer:
        self.asked.append((ticket_number, caller))
        if self.never_answers:
            await asyncio.Event().wait()
        if self.fails_with is not None:
            raise self.fails_with
        return self.answer


@dataclass
class Line:
    """One call through one flow."""

    flow: Flow
    office: TicketOffice = field(default_factory=TicketOffice)
    now: datetime = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
    limits: Limits = field(default_factory=Limits)
    digits: list[tuple[str, str]] = field(default_factory=list)

    async def takes(self, caller: Caller) -> FlowEnd:
        return await run_flow(
            self.flow,
            caller,
            clock=lambda: self.now,
            zone=SHANGHAI,
            progress=self.office,
            note_digits=lambda node, digits: self.digits.append((node, digits)),
            limits=self.limits,
        )
