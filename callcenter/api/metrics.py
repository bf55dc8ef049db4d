"""What Prometheus scrapes: counted as it happens, or read from the picture when it is asked for.

No label holds anything of a caller, and none can grow: each has a fixed set of values, or those of the site's settings.
docs/monitoring.md lists every metric.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client import Counter as Counted
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from callcenter.domain.alarms import ALARMS
from callcenter.domain.calls import Call, CallState, Direction, Outcome
from callcenter.domain.exchange import Exchange
from callcenter.domain.facts import (
    FACT_OF_KIND,
    AlarmRaised,
    CallArrived,
    CallEnded,
    CallFailed,
    CallMissed,
    CallRefused,
    CallTalking,
    Fact,
)
from callcenter.domain.seats import Phone, SeatState
from callcenter.office.ports import ComponentHealth
from callcenter.office.stream import Stream

disable_created_metrics()  # type: ignore[no-untyped-call]  # when each was first counted: nobody asks for it
STATUSES = ("ok", "degraded", "down", "off")
_WAITS = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600)
"""Seconds; 15 and 20 are the limits of figure 5."""
_VOICES = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20)
"""Seconds; 15 is the fourth ring, figure 8."""
_STALLS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
"""Seconds; 0.05 is what the loop may never be held up by, 2.5 what makes a controller begin anew."""
_ABANDONED = frozenset({Outcome.ABANDONED_QUEUE, Outcome.ABANDONED_RINGING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Machinery:
    """What stands behind the calls, at one moment."""

    components: Mapping[str, ComponentHealth]
    telephony_events: int
    telephony_failures: int
    journal_seq: int
    journal_waiting: int
    """Entries in memory, on their way to the database."""
    journal_spooled: int
    journal_lost: int
    outside_waiting: Mapping[str, int]
    """Events that wait to be told, by receiver: the broker and the webhooks of the settings."""
    outside_dropped: Mapping[str, int]
    voices_heard: int
    voices_not_live: int
    calls_to_note: int
    speech_restarts: int
    log_lines_lost: int
    asked_lately: int
    lost_lately: int


class Metrics:
    """All metrics of one controller."""

    def __init__(
        self, exchange: Exchange, stream: Stream, *, machinery: Callable[[], Machinery], version: str, node: str
    ) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        self._arrived = self._counter("calls_arrived", "Calls that arrived.", "direction")
        self._ended = self._counter("calls_ended", "Calls that ended.", "direction", "outcome")
        self._offers = self._counter("offers", "Offers of a caller to a seat, by what came of them.", "result")
        self._raised = self._counter("alarms_raised", "Alarms raised.", "alarm")
        self._facts = self._counter("facts", "Facts that went to the journal.", "kind")
        self._waits = Histogram(
            "callcenter_wait_seconds",
            "From the request for a person to the answer, or to the end without one.",
            ["end"],
            buckets=_WAITS,
            registry=self._registry,
        )
        self._voices = Histogram(
            "callcenter_first_voice_seconds",
            "From the arrival to the first voice.",
            buckets=_VOICES,
            registry=self._registry,
        )
        self._stalls = Histogram(
            "callcenter_loop_stall_seconds",
            "How much later than asked the event loop went on; one look every 50 ms.",
            buckets=_STALLS,
            registry=self._registry,
        )
        self._of_kind = {
            kind: self._facts.labels(kind) for kind in FACT_OF_KIND
        }  # to find one by its name takes longer
        for direction in Direction:
            self._arrived.labels(direction.value)
            for outcome in Outcome:
                self._ended.labels(direction.value, outcome.value)
        for result in ("answered", "missed", "refused", "failed", "caller_left"):
            self._offers.labels(result)
        for name in ALARMS:
            self._raised.labels(name)
        for end in ("answered", "abandoned"):
            self._waits.labels(end)
        self._registry.register(_Picture(exchange, stream, machinery, version=version, node=node))

    def _counter(self, name: str, text: str, *labels: str) -> Counted:
        return Counted(f"callcenter_{name}", text, labels, registry=self._registry)

    def noted(self, fact: Fact, call: Call | None) -> None:
        """Count a fact; never waits."""
        self._of_kind[fact.kind].inc()
        match fact:
            case AlarmRaised() if fact.name in ALARMS:
                self._raised.labels(fact.name).inc()
            case CallArrived() if call is not None:
                self._arrived.labels(call.direction.value).inc()
            case CallMissed():
                self._offers.labels("missed").inc()
            case CallRefused():
                self._offers.labels("refused").inc()
            case CallFailed():
                self._offers.labels("failed").inc()
            case CallTalking() if call is not None and call.direction is Direction.INBOUND:
                self._offers.labels("answered").inc()
                if call.t4 == fact.at and call.t2 is not None:
                    self._waits.labels("answered").observe((call.t4 - call.t2).total_seconds())
            case CallEnded() if call is not None:
                self._note_end(call)
            case _:
                pass

    def _note_end(self, call: Call) -> None:
        if call.outcome is not None:
            self._ended.labels(call.direction.value, call.outcome.value).inc()
        if call.outcome is Outcome.ABANDONED_RINGING:
            self._offers.labels("caller_left").inc()
        if call.outcome in _ABANDONED and call.t2 is not None and call.t5 is not None:
            self._waits.labels("abandoned").observe((call.t5 - call.t2).total_seconds())
        if call.t1 is not None and call.direction is Direction.INBOUND:
            self._voices.observe(max(0.0, (call.t1 - call.t0).total_seconds()))

    def stalled(self, seconds: float) -> None:
        """Take in how much too late the loop went on."""
        self._stalls.observe(seconds)

    def written(self) -> bytes:
        """Write all of it in Prometheus' text form."""
        return generate_latest(self._registry)


class _Picture(Collector):
    """Reads the live picture for one scrape."""

    def __init__(
        self, exchange: Exchange, stream: Stream, machinery: Callable[[], Machinery], *, version: str, node: str
    ) -> None:
        self._exchange = exchange
        self._stream = stream
        self._machinery = machinery
        self._build = {"version": version, "node": node}

    def collect(self) -> Iterable[Metric]:
        """Give every metric of the picture."""
        yield InfoMetricFamily("callcenter_build", "Version and node of this controller.", self._build)
        yield from self._calls()
        yield from self._seats()
        yield from self._queues()
        yield from self._alarms()
        yield from self._behind()

    def _calls(self) -> Iterable[Metric]:
        states = Counter(call.state for call in self._exchange.calls)
        live = [state for state in CallState if state is not CallState.ENDED]
        yield _by("calls_live", "Calls in progress.", "state", {state.value: states[state] for state in live})
        trunk = self._exchange.trunk()
        lines = {direction.value: trunk.in_use(direction) for direction in Direction}
        yield _by("trunk_lines", "Lines of the trunk in use.", "direction", lines)

    def _seats(self) -> Iterable[Metric]:
        seats = self._exchange.seats
        states = Counter(seat.state for seat in seats)
        yield _by("seats", "Seats.", "state", {state.value: states[state] for state in SeatState})
        phones = Counter(seat.phone for seat in seats)
        yield _by("phones", "Phones of the seats.", "phone", {phone.value: phones[phone] for phone in Phone})

    def _queues(self) -> Iterable[Metric]:
        queues = self._exchange.queues()
        yield _by("waiting", "Callers who wait.", "queue", {queue.name: len(queue.waiting) for queue in queues})
        longest = {queue.name: queue.longest_wait for queue in queues}
        yield _by("longest_wait_seconds", "Wait of the one who has waited longest; 0: nobody waits.", "queue", longest)
        ready = {queue.name: queue.ready for queue in queues}
        yield _by("seats_free", "Seats that can be offered a caller now.", "queue", ready)

    def _alarms(self) -> Iterable[Metric]:
        standing = {alarm.name for alarm in self._exchange.alarms}
        yield _by("alarm", "1: this alarm stands.", "alarm", {name: int(name in standing) for name in ALARMS})

    def _behind(self) -> Iterable[Metric]:
        now = self._machinery()
        status = GaugeMetricFamily("callcenter_component", "1: the component is so.", labels=["component", "status"])
        for name, component in now.components.items():
            for each in STATUSES:
                status.add_metric([name, each], int(component.status == each))
        yield status
        yield _count("telephony_events", "Events of Asterisk taken in.", now.telephony_events)
        yield _count("telephony_failures", "Events of Asterisk that our code failed on.", now.telephony_failures)
        yield _gauge("journal_seq", "Number of the newest entry of the journal.", now.journal_seq)
        yield _gauge("journal_waiting", "Entries on their way to the database.", now.journal_waiting)
        yield _gauge("journal_spooled", "Entries in the spool.", now.journal_spooled)
        yield _count("journal_lost", "Entries that neither database nor disk took.", now.journal_lost)
        yield _gauge("stream_seq", "Number of the newest event.", self._stream.seq)
        yield _gauge("watchers", "WebSockets that watch the events.", self._stream.watchers)
        yield _by("outside_waiting", "Events that wait to be told outside.", "receiver", now.outside_waiting)
        dropped = CounterMetricFamily(
            "callcenter_outside_dropped", "Events that grew too old to be told.", labels=["receiver"]
        )
        for receiver, count in now.outside_dropped.items():
            dropped.add_metric([receiver], count)
        yield dropped
        yield _gauge("voices_heard", "Voices that are turned into words now.", now.voices_heard)
        yield _gauge("voices_not_live", "Voices that will be noted from the recording.", now.voices_not_live)
        yield _gauge("calls_to_note", "Ended calls whose words are still to be made.", now.calls_to_note)
        yield _count("speech_restarts", "Speech workers that were started again.", now.speech_restarts)
        yield _count("log_lines_lost", "Lines of the log that the disk did not take.", now.log_lines_lost)
        yield _gauge("asked_lately", "Calls that asked for a person in the last half-hour.", now.asked_lately)
        yield _gauge("lost_lately", "Those of them that were lost (figure 3a).", now.lost_lately)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"callcenter_{name}", text, value=value)


def _count(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"callcenter_{name}", text, value=value)


def _by(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"callcenter_{name}", text, labels=[label])
    for of, value in values.items():
        family.add_metric([of], value)
    return family
