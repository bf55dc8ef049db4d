"""The log: one line for each thing worth knowing, never with what belongs to a caller.

Lines are written by a thread of their own behind a bounded queue, so that a slow, full or broken disk costs
lines and never a call.
"""

import logging
import re
import sys
import time
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path
from queue import Queue
from typing import Any, Literal, TextIO

import structlog
from structlog.contextvars import merge_contextvars
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

FILE_BYTES = 10 * 1024 * 1024  # of one log file
FILES_KEPT = 5  # beside the one that is written
_WAITING_LINES = 10_000  # lines that may wait for a slow disk; more are dropped and counted

PERSONAL_KEYS = frozenset(
    {
        "address", "ami_secret", "api_token", "authorization", "body", "called", "caller", "caller_name",
        "caller_phone", "connected", "digits", "from", "from_number", "header", "headers", "matter",
        "message_text", "name", "notes", "number", "operator", "party", "password", "phone", "query",
        "secret", "sip_password", "text", "to_number", "token", "utterance", "wanted", "words",
    }
)  # fmt: skip
"""Keys whose values are never logged: what a caller is, pressed or said, and what opens a door."""

_PHONE = re.compile(r"(?<![\w.-])(?:\+?86|0086)?(1[3-9]\d{5}|0[1-9]\d{5,6})(\d{4})(?![\w-])")
_SECRET_IN_ADDRESS = re.compile(r"(?<=://)([^\s:/@]*):[^\s@]+(?=@)")

_LOUD_LIBRARIES = {
    "aiohttp.access": logging.WARNING,  # has caller numbers in its query strings; the API logs its own line
    "aiosqlite": logging.WARNING,  # every statement with its values at DEBUG
    "alembic": logging.WARNING,
    "asyncio": logging.WARNING,
    "panoramisk": logging.WARNING,  # whole AMI messages at DEBUG, whole actions at INFO
    "sqlalchemy": logging.WARNING,  # every statement with its values at INFO
}


class Steps:
    """How long each step of a start took: a slow one is found in the log of the site that had it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        """By the step's name, in the order in which they were done."""
        self._since = time.monotonic()

    def done(self, step: str) -> None:
        """Note the end of a step, which began where the one before it ended."""
        now = time.monotonic()
        self.seconds[step] = round(now - self._since, 3)
        self._since = now


class LogWriter:
    """Where lines go on their way to the disk; counts those that could not be written."""

    def __init__(self) -> None:
        self.lost = 0
        """Lines that could not be written since the start."""
        self.fails = False
        """The newest line could not be written to the file."""

    def lose(self, record: logging.LogRecord) -> None:
        """Count a line that could not be written."""
        del record
        self.lost += 1


class _ForgivingFile(RotatingFileHandler):
    """A log file whose disk may be full: the line is lost and counted, nothing else happens."""

    def __init__(self, path: Path, writer: LogWriter) -> None:
        super().__init__(path, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8", delay=True)
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        before = self._writer.lost
        super().emit(record)
        self._writer.fails = self._writer.lost > before

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        self._writer.lose(record)

    def close(self) -> None:
        with suppress(OSError):  # what waited in the file's buffer was counted when it could not be written
            super().close()


class _ForgivingStream(logging.StreamHandler[TextIO]):
    def __init__(self, stream: TextIO, writer: LogWriter) -> None:
        super().__init__(stream)
        self._writer = writer

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        self._writer.lose(record)


class _Door(QueueHandler):
    """Takes a line and never waits."""

    def __init__(self, queue: "Queue[Any]", writer: LogWriter) -> None:
        super().__init__(queue)
        self._writer = writer

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return record  # formatted behind the queue, where time does not matter

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        self._writer.lose(record)


@contextmanager
def logging_to(
    file: Path | None,
    *,
    level: str,
    form: Literal["json", "text"],
    stream: TextIO | None = sys.stderr,
    stream_level: str = "WARNING",
) -> Iterator[LogWriter]:
    """Log to this file (rotated by size) and to this stream until the end of the block, then write what waits.

    `form` is the file's; the stream is for people and always text. Either may be None. The file's folder must exist,
    else its lines are lost and counted.
    """
    writer = LogWriter()
    handlers: list[logging.Handler] = []
    if file is not None:
        handlers.append(_ForgivingFile(file, writer))
        handlers[-1].setFormatter(_formatter(_json if form == "json" else _text))
        handlers[-1].setLevel(level)
    if stream is not None:
        handlers.append(_ForgivingStream(stream, writer))
        handlers[-1].setFormatter(_formatter(_text))
        handlers[-1].setLevel(stream_level)
    waiting: Queue[Any] = Queue(_WAITING_LINES)
    root = logging.getLogger()
    before, level_before = root.handlers[:], root.level
    loud_before = {name: logging.getLogger(name).level for name in _LOUD_LIBRARIES}
    for name, least in _LOUD_LIBRARIES.items():
        logging.getLogger(name).setLevel(least)
    root.handlers[:] = [_Door(waiting, writer)]
    root.setLevel(level)
    _configure_structlog()
    listener = QueueListener(waiting, *handlers, respect_handler_level=True)
    listener.start()
    try:
        yield writer
    finally:
        listener.stop()
        root.handlers[:] = before
        root.setLevel(level_before)
        for name, least in loud_before.items():
            logging.getLogger(name).setLevel(least)
        structlog.reset_defaults()
        for handler in handlers:
            handler.close()


def _configure_structlog() -> None:
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            merge_contextvars,
            *_SHARED,
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def drop_personal(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Take out what belongs to a caller or opens a door, however deep, and shorten telephone numbers in words."""
    cleaned = _cleaned(event)
    assert isinstance(cleaned, dict)
    return cleaned


def _cleaned(value: Any) -> Any:
    match value:
        case str():
            return _SECRET_IN_ADDRESS.sub(r"\1:***", _PHONE.sub(lambda found: f"*{found[2]}", value))
        case MutableMapping() | Mapping():
            return {
                key: value[key] if str(key).startswith("_") else _cleaned(value[key])
                for key in value
                if str(key).lower() not in PERSONAL_KEYS
            }
        case list() | tuple() | set() | frozenset():
            return [_cleaned(item) for item in value]
        case bool() | int() | float() | None:
            return value
        case _:
            return value


def _with_place(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Keep the logger's name short: the part of the program, without the program."""
    if isinstance(logger := event.get("logger"), str):
        event["logger"] = logger.removeprefix("callcenter.")
    return event


def _in_order(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Begin each line with what every line has, so that the eye finds it."""
    first = [key for key in ("time", "level", "event", "call_id", "logger") if key in event]
    return {key: event[key] for key in [*first, *(key for key in event if key not in first)]}


_SHARED: list[Processor] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
    _with_place,
    drop_personal,
]

_json: Processor = structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
_text: Processor = structlog.dev.ConsoleRenderer(
    colors=False, timestamp_key="time", exception_formatter=structlog.dev.plain_traceback
)


def _formatter(renderer: Processor) -> logging.Formatter:
    return ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[ProcessorFormatter.remove_processors_meta, _in_order, renderer],
    )
