"""The process that reckons figures: `python -m callcenter.reckoning_child DATABASE_URL TIME_ZONE`.

It is nice to everybody else on the machine, reads the journal and writes nothing but what was shown of a day that is
over, and ends with the one who started it.
"""

import asyncio
import gc
import os
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from callcenter.clock import SystemClock
from callcenter.domain.errors import CallcenterError
from callcenter.office.figures import FigureOffice
from callcenter.office.live_figures import EVERY_SECONDS, LiveFigures
from callcenter.reckoning import Ahead, Answer, Change, GivenUp, Question, frame, read_frame
from callcenter.storage.shown_figures import ShownFigures
from callcenter.storage.store import Store
from callcenter.storage.told import Told

NICE = 10
READING_SECONDS = 120.0  # a journal of a million entries
_FRAMES_HELD = 1 << 22  # bytes
_MADE_BEFORE_SEARCH = 100_000  # objects


async def serve(
    store: Store,
    zone: ZoneInfo,
    incoming: asyncio.StreamReader,
    outgoing: asyncio.StreamWriter,
    *,
    clock: SystemClock,
    every_seconds: float = EVERY_SECONDS,
) -> None:
    """Answer, and follow the day, until the other side is gone; its time is ours, also where `clock` is stepped."""
    office = FigureOffice(Told(store), clock=clock, zone=zone)
    live = LiveFigures(
        office,
        ShownFigures(store),
        clock=clock,
        zone=zone,
        tell=lambda kind, data: outgoing.write(frame(Change(kind, data))),
        every_seconds=every_seconds,
    )
    one_at_a_time = asyncio.Semaphore(1)  # each takes the memory of its period

    async def answer(question: Question) -> None:
        try:
            async with one_at_a_time:
                if question.by_half_hours:
                    found = await office.halves(question.period, queue=question.queue, seat=question.seat)
                else:
                    found = (await office.of(question.period, queue=question.queue, seat=question.seat), ())
        except CallcenterError as error:
            outgoing.write(frame(Answer(question.number, None, str(error))))
        else:
            outgoing.write(frame(Answer(question.number, found)))

    asked: dict[int, asyncio.Task[None]] = {}
    first = await read_frame(incoming)
    clock.be_behind(first.by)  # before any day is begun: it may be another one by the machine's clock
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(live.run(), name="the day")
        while True:
            told = await read_frame(incoming)
            if isinstance(told, list):
                for each in told:
                    live.take(each)
            elif isinstance(told, Ahead):
                clock.be_behind(told.by)
            elif isinstance(told, GivenUp):
                if (answering := asked.get(told.number)) is not None:
                    answering.cancel()
            else:
                answering = asked[told.number] = tasks.create_task(answer(told), name="a question")
                answering.add_done_callback(partial(_forget, asked, told.number))


def _forget(asked: dict[int, asyncio.Task[None]], number: int, _: asyncio.Task[None]) -> None:
    asked.pop(number, None)


async def _main(database: str, zone: ZoneInfo, told_from: int, told_to: int) -> None:
    loop = asyncio.get_running_loop()
    incoming = asyncio.StreamReader(limit=_FRAMES_HELD)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(incoming), os.fdopen(told_from, "rb"))
    store = Store(database, limit_seconds=READING_SECONDS)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, os.fdopen(told_to, "wb"))
    outgoing = asyncio.StreamWriter(transport, protocol, None, loop)
    try:
        await serve(store, zone, incoming, outgoing, clock=SystemClock())
    except* (EOFError, ConnectionError):
        os._exit(0)  # a sum may be in the middle, and nobody waits for it


def main() -> None:
    """Run until whoever started this is gone."""
    os.nice(NICE)
    with suppress(OSError):  # where Linux shares the processors among sessions, nice counts only within one
        Path("/proc/self/autogroup").write_text(str(NICE), encoding="ascii")
    told_from, told_to = os.dup(0), os.dup(1)
    os.dup2(2, 1)  # what a library prints is no frame of ours
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    gc.freeze()
    gc.set_threshold(_MADE_BEFORE_SEARCH)  # facts hold no circles, and each search goes through all that were read
    asyncio.run(_main(sys.argv[1], ZoneInfo(sys.argv[2]), told_from, told_to))


if __name__ == "__main__":
    main()
