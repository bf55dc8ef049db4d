"""How every part of the hotline is, in words for the person who reads /health."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from callcenter.asterisk.ami import Condition
from callcenter.asterisk.link import AmiLink
from callcenter.office.ports import ComponentHealth
from callcenter.office.recordings import DISK_LOW, NOT_RECORDED
from callcenter.office.switchboard import Switchboard

OK, DEGRADED, DOWN, OFF = "ok", "degraded", "down", "off"
MB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskUse:
    """What recordings take, and what is left for them."""

    used_bytes: int
    free_bytes: int


class Health:
    """Looks at every part when asked; holds nothing."""

    def __init__(
        self,
        *,
        link: AmiLink,
        switchboard: Switchboard,
        database: Callable[[], tuple[str, str]],
        speech_fault: Callable[[], str | None],
        disk: Callable[[], Awaitable[DiskUse]],
    ) -> None:
        self._link = link
        self._switchboard = switchboard
        self._database = database
        self._speech_fault = speech_fault
        self._disk = disk

    async def __call__(self) -> Mapping[str, ComponentHealth]:
        """Say how each component of contract.md §4 is."""
        status, detail = self._database()
        return {
            "asterisk": self._asterisk(),
            "database": ComponentHealth(status=status, detail=detail),
            "speech": self._speech(),
            "recordings": await self._recordings(),
            "events": ComponentHealth(status=OFF, detail="no broker is set"),
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
        fault = self._speech_fault()
        if fault is not None:
            return ComponentHealth(status=DEGRADED, detail=fault)
        return ComponentHealth(status=OK, detail="all prompts are ready")

    async def _recordings(self) -> ComponentHealth:
        try:
            disk = await self._disk()
        except OSError as error:
            return ComponentHealth(status=DOWN, detail=f"the recordings' folder cannot be used: {error.strerror}")
        use = f"{disk.used_bytes // MB} MB used, {disk.free_bytes // MB} MB free"
        for alarm in self._switchboard.exchange.alarms:
            if alarm.name in (NOT_RECORDED, DISK_LOW):
                return ComponentHealth(status=DEGRADED, detail=f"{alarm.detail}; {use}")
        return ComponentHealth(status=OK, detail=use)
