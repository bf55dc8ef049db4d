"""How every part of the hotline is, in words for the person who reads /health."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from callcenter.asterisk.ami import Condition
from callcenter.asterisk.link import AmiLink
from callcenter.domain.alarms import DISK_LOW, RECORDING_FAILED
from callcenter.office.ports import ComponentHealth
from callcenter.office.switchboard import Switchboard

OK, DEGRADED, DOWN, OFF = "ok", "degraded", "down", "off"
MB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskUse:
    """What recordings take, and what is left for them."""

    used_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HearingUse:
    """How those are who turn voices into words."""

    fault: str | None
    """What is wrong, and what helps; None where all is well."""
    detail: str
    not_live: int
    """Voices that are not heard as they speak; they are noted afterwards."""
    waiting: int
    """Ended calls whose words are still to be made from their recordings."""


class Health:
    """Looks at every part when asked; holds nothing."""

    def __init__(
        self,
        *,
        link: AmiLink,
        switchboard: Switchboard,
        database: Callable[[], tuple[str, str]],
        speech_fault: Callable[[], str | None],
        hearing: Callable[[], HearingUse | str],
        disk: Callable[[], Awaitable[DiskUse]],
        events: Callable[[], tuple[str, str]],
    ) -> None:
        """Join the parts.

        `events` says how those outside are told what happens. It and `database` give an `Earlier` as detail where
        nothing is wrong any more. `disk` raises TimeoutError where the disk does not answer.
        """
        self._link = link
        self._switchboard = switchboard
        self._database = database
        self._speech_fault = speech_fault
        self._hearing = hearing
        self._disk = disk
        self._events = events

    async def __call__(self) -> Mapping[str, ComponentHealth]:
        """Say how each component of contract.md §4 is."""
        return self._all(await self._recordings())

    async def at_a_glance(self, free_bytes: Callable[[], Awaitable[int]]) -> Mapping[str, ComponentHealth]:
        """Say the same every second, without counting what all recordings take. `free_bytes` must not wait for ever."""
        try:
            return self._all(ComponentHealth(status=OK, detail=f"{await free_bytes() // MB} MB free"))
        except OSError as error:
            return self._all(_unusable(error))

    def _all(self, recordings: ComponentHealth) -> Mapping[str, ComponentHealth]:
        status, detail = self._database()
        return {
            "asterisk": self._asterisk(),
            "database": ComponentHealth(status=status, detail=detail),
            "speech": self._speech(),
            "recordings": recordings,
            "events": self._outside(),
        }

    def _asterisk(self) -> ComponentHealth:
        state = self._link.state
        if state.condition is not Condition.READY:
            return ComponentHealth(status=DOWN, detail=state.detail)
        failed = self._link.events_failed + self._switchboard.failures
        if failed:
            return ComponentHealth(status=DEGRADED, detail=f"{state.detail}; {failed} events could not be handled")
        return ComponentHealth(status=OK, detail=state.detail)

    def _speech(self) -> ComponentHealth:
        """Say how words come in and out; a text in the place of the use says why no words are noted at all."""
        fault = self._speech_fault()
        use = self._hearing()
        if isinstance(use, str):
            if fault is not None:
                return ComponentHealth(status=DEGRADED, detail=f"{fault}; {use}")
            return ComponentHealth(status=OFF, detail=f"{use}; all prompts are ready")
        told = [part for part in (fault, use.fault) if part is not None]
        if use.not_live:
            told.append(f"{use.not_live} voices are not heard live and will be noted afterwards")
        detail = "; ".join([*told, use.detail, *([f"{use.waiting} calls wait to be noted"] if use.waiting else [])])
        return ComponentHealth(status=DEGRADED if told else OK, detail=detail)

    def _outside(self) -> ComponentHealth:
        status, detail = self._events()
        return ComponentHealth(status=status, detail=detail)

    async def _recordings(self) -> ComponentHealth:
        try:
            disk = await self._disk()
        except OSError as error:
            return _unusable(error)
        use = f"{disk.used_bytes // MB} MB used, {disk.free_bytes // MB} MB free"
        for alarm in self._switchboard.exchange.alarms:
            if alarm.name in (RECORDING_FAILED, DISK_LOW):
                return ComponentHealth(status=DEGRADED, detail=f"{alarm.detail}; {use}")
        return ComponentHealth(status=OK, detail=use)


def _unusable(error: OSError) -> ComponentHealth:
    if isinstance(error, TimeoutError):
        return ComponentHealth(status=DOWN, detail="the recordings' folder does not answer")
    return ComponentHealth(status=DOWN, detail=f"the recordings' folder cannot be used: {error.strerror}")
