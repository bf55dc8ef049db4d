"""Joins what makes notes of a talk: the workers that hear it, the notes while they speak, and those made afterwards."""

import os
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress

from callcenter.domain.errors import UnavailableError
from callcenter.domain.ids import CallId
from callcenter.domain.written import written
from callcenter.health import HearingUse
from callcenter.office.interrupted_notes import InterruptedNotes
from callcenter.office.late_notes import LateNotes
from callcenter.office.notes import NoteTaker
from callcenter.office.ports import Calls, Clock, Recordings, Taps
from callcenter.office.stream import Stream
from callcenter.office.switchboard import Switchboard
from callcenter.settings import Settings
from callcenter.settings_sources import cache_folder
from callcenter.speech.engines import choose
from callcenter.speech.models import fetch_command, models_folder
from callcenter.speech.pool import SpeechPool
from callcenter.speech.worker import Engine

NO_WORDS = "what is said is not noted: there is no recogniser"


class Noting:
    """Everything that makes notes; `parts` are to be run.

    Without a recogniser nobody makes any, but those that an earlier controller began are closed all the same.
    """

    pool: SpeechPool | None = None
    notes: NoteTaker | None = None
    late: LateNotes | None = None
    parts: dict[str, Callable[[], Coroutine[None, None, None]]]

    def __init__(
        self,
        switchboard: Switchboard,
        stream: Stream,
        *,
        settings: Settings,
        calls: Calls,
        recordings: Recordings,
        taps: Taps,
        clock: Clock,
        known: Callable[[], Awaitable[None]],
    ) -> None:
        """Join the parts. `known` waits until it is known what was before."""
        self._settings = settings
        interrupted = InterruptedNotes(calls, switchboard, listens=self._listens, clock=clock, known=known)
        self.parts = {"interrupted notes": interrupted.run}
        engine = hearing_engine(settings)
        if engine is None:
            return
        self.pool = SpeechPool(engine, workers=settings.speech_workers_now, streams=settings.speech_streams)
        self.notes = self.pool.audience = NoteTaker(
            switchboard, calls, taps=taps, hearing=self.pool, stream=stream, clock=clock, write=written
        )
        self.late = LateNotes(
            calls,
            recordings,
            self.pool,
            switchboard,
            unfinished=self.notes.unfinished,
            stream=stream,
            clock=clock,
            write=written,
            known=known,
        )
        self.parts |= {"speech": self.pool.run, "notes": self.notes.run, "late notes": self.late.run}

    def _listens(self, call_id: CallId) -> bool:
        return self.notes is not None and self.notes.listens(call_id)

    def use(self) -> HearingUse | str:
        """Say how those are who hear; why there are none, in their place."""
        if self.pool is None or self.notes is None or self.late is None:
            off = self._settings.speech_engine == "off"
            return NO_WORDS if off else f"{NO_WORDS}; fetch a model: {fetch_command()}"
        fault, detail = self.pool.condition()
        return HearingUse(fault=fault, detail=detail, not_live=self.notes.not_live, waiting=self.late.waiting)


def hearing_engine(settings: Settings) -> Engine | None:
    """Say what the words of a talk are heard with; None where nothing is asked for, or `auto` finds nothing.

    What is asked for and is not there is no reason not to start: the workers say what helps, and look again.
    """
    models = models_folder(cache_folder(os.environ))
    with suppress(UnavailableError):
        if choose(settings.speech_engine, settings.speech_model, models) is None:
            return None
    return Engine(
        factory="callcenter.speech.chosen:load",
        options={
            "engine": settings.speech_engine,
            "model": settings.speech_model,
            "models": str(models),
            "threads": settings.speech_threads,
        },
    )
