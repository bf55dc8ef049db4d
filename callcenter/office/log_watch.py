"""Watches over the log: a disk that takes no line costs lines and never a call, but somebody must know of it."""

import asyncio
from typing import Protocol

import structlog

from callcenter.domain.alarms import LOG_FAILED
from callcenter.domain.exchange.commands import ClearAlarm, RaiseAlarm
from callcenter.office.switchboard import Switchboard

log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0


class LogWriter(Protocol):
    """Where lines go on their way to the disk."""

    @property
    def lost(self) -> int:
        """Lines that could not be written since the start."""

    @property
    def fails(self) -> bool:
        """The newest line could not be written."""


class LogWatch:
    """Raises an alarm while the log cannot be written, and clears it with the first line that can."""

    def __init__(self, writer: LogWriter, switchboard: Switchboard) -> None:
        self._writer = writer
        self._switchboard = switchboard

    async def run(self) -> None:
        """Look until cancelled."""
        failed = False
        while True:
            if self._writer.fails:
                detail = f"the log cannot be written; {self._writer.lost} lines are lost"
                self._switchboard.ask(RaiseAlarm(name=LOG_FAILED, detail=detail))
                log.warning("the log could not be written", lines_lost=self._writer.lost)  # and so tries it again
            elif failed:
                log.warning("the log can be written again", lines_lost=self._writer.lost)
            if not self._writer.fails:
                self._switchboard.ask(ClearAlarm(name=LOG_FAILED))
            failed = self._writer.fails
            await asyncio.sleep(LOOK_SECONDS)
