"""What Prometheus scrapes, and who may."""

import re
from collections.abc import Iterator
from dataclasses import replace

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from callcenter.api.metrics import Machinery, Metrics
from callcenter.domain.exchange.commands import RaiseAlarm
from callcenter.domain.ids import CallId
from callcenter.office.ports import ComponentHealth
from tests.api.conftest import TOKEN, served
from tests.support.fake_desk import FakeDesk
from tests.support.office_fakes import CALL, FakeClock, Office, an_office

NOW = Machinery(
    components={"asterisk": ComponentHealth(status="ok", detail="well")},
    telephony_events=10,
    telephony_failures=0,
    journal_seq=41,
    journal_waiting=2,
    journal_spooled=3,
    journal_lost=0,
    outside_waiting={"mqtt": 7},
    outside_dropped={"mqtt": 0},
    voices_heard=4,
    voices_not_live=1,
    calls_to_note=5,
    speech_restarts=0,
    log_lines_lost=0,
    asked_lately=20,
    lost_lately=1,
)
_KEY = re.compile(r'"[^"]*(1[3-9]\d{9})[^"]*"')


def watched(office: Office) -> Metrics:
    metrics = Metrics(office.switchboard.exchange, office.stream, machinery=lambda: NOW, version="9.9.9", node="node1")
    office.switchboard.when_noted(metrics.noted)
    return metrics


def scraped(metrics: Metrics) -> dict[str, float]:
    """Every sample by its name and labels, as Prometheus' own parser reads them."""
    return {
        name + "".join(f"{{{key}={value}}}" for key, value in sorted(labels.items())): value
        for name, labels, value in _samples(metrics)
    }


def _samples(metrics: Metrics) -> Iterator[tuple[str, dict[str, str], float]]:
    for family in text_string_to_metric_families(metrics.written().decode()):
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


def test_a_call_is_counted_as_it_goes_its_way() -> None:
    office = an_office()
    metrics = watched(office)
    office.a_caller_waits()
    waiting = scraped(metrics)
    office.clock.advance(12)
    office.the_seat_answers()
    talking = scraped(metrics)
    office.the_caller_hangs_up()
    ended = scraped(metrics)

    assert waiting["callcenter_waiting{queue=hotline}"] == 1
    assert waiting["callcenter_calls_arrived_total{direction=inbound}"] == 1
    assert waiting["callcenter_trunk_lines{direction=inbound}"] == 1
    assert talking["callcenter_seats{state=talking}"] == 1
    assert talking["callcenter_offers_total{result=answered}"] == 1
    assert talking["callcenter_wait_seconds_sum{end=answered}"] == 12
    assert talking["callcenter_wait_seconds_bucket{end=answered}{le=10.0}"] == 0
    assert talking["callcenter_wait_seconds_bucket{end=answered}{le=15.0}"] == 1
    assert ended["callcenter_calls_ended_total{direction=inbound}{outcome=answered}"] == 1
    assert ended["callcenter_trunk_lines{direction=inbound}"] == 0


def test_what_stands_behind_the_calls_is_read_when_it_is_asked_for() -> None:
    office = an_office()
    metrics = watched(office)
    metrics.stalled(0.03)
    office.switchboard.ask(RaiseAlarm(name="asterisk", detail="not reached"))
    office.alarms_in_a_while()
    found = scraped(metrics)

    assert found["callcenter_alarm{alarm=asterisk}"] == 1
    assert found["callcenter_alarm{alarm=disk_low}"] == 0
    assert found["callcenter_alarms_raised_total{alarm=asterisk}"] == 1
    assert found["callcenter_outside_waiting{receiver=mqtt}"] == 7
    assert (found["callcenter_journal_waiting"], found["callcenter_journal_spooled"]) == (2, 3)
    assert found["callcenter_component{component=asterisk}{status=ok}"] == 1
    assert found["callcenter_loop_stall_seconds_bucket{le=0.02}"] == 0
    assert found["callcenter_loop_stall_seconds_bucket{le=0.05}"] == 1
    assert found["callcenter_build_info{node=node1}{version=9.9.9}"] == 1
    assert found["process_resident_memory_bytes"] > 0
    assert found["process_open_fds"] > 0


def test_no_caller_stands_in_a_label_and_no_label_grows_with_the_calls() -> None:
    office = an_office(ready=("8001", "8002"))
    metrics = watched(office)
    before = set(scraped(metrics))
    for number in range(30):
        call_id = CallId(f"7c1b0d64-0000-4000-8000-0000000002{number:02}")
        office.a_caller_waits(call_id)
        office.clock.advance(3)
        office.the_caller_hangs_up(call_id)
    text = metrics.written().decode()

    assert not _KEY.search(text)
    assert CALL[:8] not in text
    more = set(scraped(metrics)) - before
    assert all(name.startswith("callcenter_facts_total{kind=") for name in more), more


def test_a_kind_of_alarm_that_nobody_knows_makes_no_series() -> None:
    office = an_office()
    metrics = watched(office)
    office.switchboard.ask(RaiseAlarm(name="made_up", detail="x"))

    assert "made_up" not in metrics.written().decode()


async def test_this_machine_scrapes_without_a_token_and_a_proxy_on_it_does_not(desk: FakeDesk) -> None:
    office = an_office()
    metrics = watched(office)
    async with served(desk, FakeClock(), metrics=metrics.written) as server, aiohttp.ClientSession() as session:
        url = f"{server.url}/metrics"
        async with session.get(url) as plain:
            text = await plain.text()
        passed_on = {"X-Forwarded-For": "203.0.113.9"}
        async with session.get(url, headers=passed_on) as strange:
            refused = strange.status
        async with session.get(url, headers=passed_on | {"Authorization": f"Bearer {TOKEN}"}) as known:
            let_in = known.status

    assert (plain.status, refused, let_in) == (200, 401, 200)
    assert plain.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "callcenter_calls_live" in text


@pytest.mark.parametrize("status", ["ok", "degraded", "down", "off"])
def test_each_component_is_in_one_status(status: str) -> None:
    office = an_office()
    now = replace(NOW, components={"database": ComponentHealth(status=status, detail="d")})
    metrics = Metrics(office.switchboard.exchange, office.stream, machinery=lambda: now, version="1", node="n")
    found = {name: value for name, value in scraped(metrics).items() if name.startswith("callcenter_component{")}

    assert [name for name, value in found.items() if value] == [
        f"callcenter_component{{component=database}}{{status={status}}}"
    ]
