"""Joins what watches over the hotline: alarms from the live picture, metrics for Prometheus, the loop's own stalls."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import time

from callcenter.api.metrics import Machinery, Metrics
from callcenter.asterisk.link import AmiLink
from callcenter.domain.alarms import Threshold
from callcenter.domain.units import DutyHours
from callcenter.health import Health
from callcenter.office.late_notes import LateNotes
from callcenter.office.notes import NoteTaker
from callcenter.office.ports import Clock, Told
from callcenter.office.stream import Stream
from callcenter.office.switchboard import Switchboard
from callcenter.office.watch import Watch, WatchRules
from callcenter.settings import Settings
from callcenter.speech.pool import SpeechPool
from callcenter.storage.journal import Journal

STALL_LOOK_SECONDS = 0.05
CLEAR_SHARE = 0.75
"""A value that raised an alarm must come down to this share of it before it counts as well."""


class Watching:
    """Everything that watches; `parts` are to be run."""

    def __init__(
        self,
        switchboard: Switchboard,
        stream: Stream,
        *,
        settings: Settings,
        told: Told,
        health: Health,
        free_bytes: Callable[[], Awaitable[int]],
        journal: Journal,
        link: AmiLink,
        waiting_outside: Callable[[], Mapping[str, tuple[int, int]]],
        pool: SpeechPool | None,
        notes: NoteTaker | None,
        late: LateNotes | None,
        log_lines_lost: Callable[[], int],
        clock: Clock,
        version: str,
    ) -> None:
        """Join the parts.

        `waiting_outside`: events that wait, and that were dropped, by receiver; no `pool`, `notes` and `late` where
        no words are noted.
        """
        self._watch = Watch(
            switchboard,
            told,
            conditions=lambda: health.at_a_glance(free_bytes),
            rules=watch_rules(settings),
            clock=clock,
            zone=settings.zone,
        )

        def machinery() -> Machinery:
            outside, lately = waiting_outside(), self._watch.lately
            return Machinery(
                components=self._watch.components,
                telephony_events=switchboard.told,
                telephony_failures=switchboard.failures + link.events_failed,
                journal_seq=journal.latest_seq,
                journal_waiting=journal.waiting,
                journal_spooled=journal.spooled,
                journal_lost=journal.lost,
                outside_waiting={name: waiting for name, (waiting, _) in outside.items()},
                outside_dropped={name: dropped for name, (_, dropped) in outside.items()},
                voices_heard=0 if pool is None else pool.streams,
                voices_not_live=0 if notes is None else notes.not_live,
                calls_to_note=0 if late is None else late.waiting,
                speech_restarts=0 if pool is None else pool.restarts,
                log_lines_lost=log_lines_lost(),
                asked_lately=lately.asked,
                lost_lately=lately.lost,
            )

        self.metrics = Metrics(switchboard.exchange, stream, machinery=machinery, version=version, node=settings.node)
        switchboard.when_noted(self.metrics.noted)

    @property
    def parts(self) -> Mapping[str, Callable[[], Coroutine[None, None, None]]]:
        """What is to be run beside the others, by its name."""
        return {"watch": self._watch.run, "stalls": self._look_for_stalls}

    async def _look_for_stalls(self) -> None:
        """Ask to be woken again and again, and take in how much too late that was."""
        loop = asyncio.get_running_loop()
        while True:
            asked = loop.time() + STALL_LOOK_SECONDS
            await asyncio.sleep(STALL_LOOK_SECONDS)
            self.metrics.stalled(max(0.0, loop.time() - asked))


def watch_rules(settings: Settings) -> WatchRules:
    """Give the rules of this site."""
    return WatchRules(
        abandon_percent=_rising(settings.alarm_abandon_percent),
        abandon_calls=settings.alarm_abandon_calls,
        longest_wait=_rising(settings.alarm_longest_wait_seconds),
        duty=_duty(settings.duty_hours),
    )


def _rising(raise_at: float) -> Threshold:
    return Threshold(raise_at=raise_at, clear_at=raise_at * CLEAR_SHARE)


def _duty(hours: str) -> tuple[DutyHours, ...]:
    """Read `08:00-20:00`; hours that go beyond midnight are two stretches of a day."""
    if not hours:
        return ()
    begins, ends = (time.fromisoformat(each.replace("24:00", "00:00")) for each in hours.split("-"))
    every_day = frozenset(range(7))
    if begins < ends or ends == time():
        return (DutyHours(days=every_day, begins=begins, ends=ends),)
    return (
        DutyHours(days=every_day, begins=begins, ends=time()),
        DutyHours(days=every_day, begins=time(), ends=ends),
    )
