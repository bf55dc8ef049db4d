from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from callcenter.domain.calls import CallState
from callcenter.domain.errors import CallerGone, UnavailableError
from callcenter.domain.ids import CallId
from callcenter.domain.telephony import Arrived, CallerUp, FlowAsked
from callcenter.office.flows import FlowRunner
from callcenter.office.ports import FlowEnd
from tests.support.office_fakes import CALL, NOON, Office, an_office, eventually, running


@dataclass
class Line:
    did: list[str] = field(default_factory=list)

    async def leave(self) -> None:
        self.did.append("left")

    async def hang_up(self) -> None:
        self.did.append("hung up")


@dataclass
class ScriptedFlows:
    line: Line
    completed: bool = False
    failed: bool = False
    error: BaseException | None = None
    keys: Sequence[tuple[str, str]] = ()

    async def run(self, call_id: CallId, caller: str | None, note_digits: Callable[[str, str], None]) -> FlowEnd:
        assert (call_id, caller) == (CALL, "13800000000")
        for node, digits in self.keys:
            note_digits(node, digits)
        if self.error is not None:
            raise self.error
        return FlowEnd(line=self.line, completed=self.completed, failed=self.failed)

    async def reload(self) -> Sequence[str]:
        return ()


def a_caller_in_the_menu(office: Office, flows: ScriptedFlows) -> FlowRunner:
    runner = FlowRunner(flows, office.switchboard)
    office.switchboard.start_flow = runner.start
    office.tell(
        Arrived(at=NOON, call_id=CALL, caller="13800000000", recording=None),
        CallerUp(at=NOON, call_id=CALL),
        FlowAsked(at=NOON, call_id=CALL),
    )
    return runner


async def test_a_caller_who_asks_for_a_person_goes_on_to_wait_and_his_keys_are_noted() -> None:
    office, flows = an_office(), ScriptedFlows(Line(), keys=[("main", "1")])
    runner = a_caller_in_the_menu(office, flows)

    async with running(runner.run):
        await eventually(lambda: flows.line.did == ["left"])

    call = office.switchboard.exchange.call(CALL)
    assert call is not None
    assert call.state is CallState.IVR
    assert [(pressed.node, pressed.digits) for pressed in call.digits] == [("main", "1")]


async def test_a_flow_that_says_good_bye_ends_the_call_as_completed() -> None:
    office, flows = an_office(), ScriptedFlows(Line(), completed=True)
    runner = a_caller_in_the_menu(office, flows)

    async with running(runner.run):
        await eventually(lambda: flows.line.did == ["hung up"])
    office.the_caller_hangs_up()

    ended = office.journal.facts[-1]
    assert getattr(ended, "outcome", None) == "completed_in_ivr"


async def test_a_flow_that_breaks_off_brings_the_caller_to_the_queue_and_raises_an_alarm() -> None:
    office, flows = an_office(), ScriptedFlows(Line(), failed=True)
    runner = a_caller_in_the_menu(office, flows)

    async with running(runner.run):
        await eventually(lambda: flows.line.did == ["left"])

    assert office.alarms() == ["flow_failed"]
    assert runner.failed == 1


async def test_the_next_flow_that_goes_well_clears_the_alarm() -> None:
    office, flows = an_office(), ScriptedFlows(Line(), failed=True)
    runner = a_caller_in_the_menu(office, flows)

    async with running(runner.run):
        await eventually(lambda: office.alarms() == ["flow_failed"])
        flows.failed = False
        office.tell(FlowAsked(at=NOON, call_id=CALL))
        await eventually(lambda: office.alarms_in_a_while() == [])


async def test_a_caller_who_hangs_up_in_the_menu_leaves_no_trace_of_failure() -> None:
    office, flows = an_office(), ScriptedFlows(Line(), error=CallerGone())
    runner = a_caller_in_the_menu(office, flows)
    gone = ScriptedFlows(Line())

    async with running(runner.run):
        await eventually(lambda: not runner._asked)
        flows.error = None
        office.tell(FlowAsked(at=NOON, call_id=CALL))
        await eventually(lambda: flows.line.did == ["left"])

    assert (runner.failed, gone.line.did) == (0, [])


async def test_neither_a_lost_link_nor_a_mistake_of_ours_stops_the_next_flow() -> None:
    office, flows = an_office(), ScriptedFlows(Line(), error=UnavailableError("link lost"))
    runner = a_caller_in_the_menu(office, flows)

    async with running(runner.run):
        await eventually(lambda: not runner._asked)
        flows.error = KeyError("ours")
        office.tell(FlowAsked(at=NOON, call_id=CALL))
        await eventually(lambda: runner.failed == 1)
        flows.error = None
        office.tell(FlowAsked(at=NOON, call_id=CALL))
        await eventually(lambda: flows.line.did == ["left"])
