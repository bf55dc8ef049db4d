"""Says what is wrong with this machine, and what to do about it. Changes nothing."""

import asyncio
import contextlib
import ctypes
import ctypes.util
import locale
import os
import resource
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from callcenter.addresses import Endpoint
from callcenter.asterisk.debian_root import NEEDED
from callcenter.asterisk.installation import machines_own
from callcenter.domain.errors import CallcenterError, UnavailableError
from callcenter.domain.exchange.state import Policy
from callcenter.home import Home, read_pid
from callcenter.home_secrets import known_secrets
from callcenter.ivr.check import check_flows
from callcenter.ports import trouble_with, wanted_ports
from callcenter.roster import RosterError, load_roster
from callcenter.settings import Settings
from callcenter.settings_sources import cache_folder
from callcenter.storage.migrate import schema_version
from callcenter.webhook_list import WebhookListError, load_webhooks

OLDEST_PYTHON = (3, 11)
_ENOUGH_FILES = 8192  # twenty for each of some hundred calls, and room
_FEWEST_FILES = 1024
_SETUP_MB = 1000  # Asterisk's root while it is made, and the Python environment
_FEWEST_MB = 200  # below it nothing works for long
_MB = 2**20
_NO_CLOCK = 5  # TIME_ERROR of adjtimex(2): nothing keeps this clock right
_COMMAND_SECONDS = 10.0


class Grade(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one thing."""

    grade: Grade
    subject: str
    found: str
    advice: str = ""
    """What to do; empty where all is well."""


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything a run needs, one finding after the other. Blocks, for some seconds at most."""
    for look in _LOOKS:
        try:
            yield from look(settings)
        except (OSError, CallcenterError) as error:
            subject = look.__name__.strip("_").replace("_", " ")
            yield Finding(Grade.BAD, subject, f"could not be looked at: {error}", "see the message")


def _python(_: Settings) -> Iterator[Finding]:
    found = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info[:2] >= OLDEST_PYTHON:
        yield Finding(Grade.OK, "Python", found)
    else:
        yield Finding(Grade.BAD, "Python", found, "install Python 3.11 or newer")


def _locale(settings: Settings) -> Iterator[Finding]:
    encoding = locale.getpreferredencoding(do_setlocale=False)
    if encoding.lower().replace("-", "") == "utf8":
        yield Finding(Grade.OK, "locale", encoding)
    else:
        yield Finding(Grade.WARN, "locale", encoding, "set LANG=C.UTF-8, else Chinese is not shown right")
    here = datetime.now(UTC).astimezone(settings.zone)
    yield Finding(Grade.OK, "time zone", f"{settings.time_zone}, where it is {here:%Y-%m-%d %H:%M}")


def _clock(_: Settings) -> Iterator[Finding]:
    answer = -1
    with contextlib.suppress(OSError, AttributeError):
        # With no mode set the call only reads; the buffer is larger than any kernel's struct timex.
        answer = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(1024))
    if answer == _NO_CLOCK:
        advice = "install chrony or switch systemd-timesyncd on; times in the journal are evidence"
        yield Finding(Grade.WARN, "clock", "nothing keeps it right", advice)
    elif answer < 0:
        yield Finding(Grade.WARN, "clock", "cannot be asked", "see to it that NTP keeps it right")
    else:
        yield Finding(Grade.OK, "clock", "kept right by NTP")


def _cache(_: Settings) -> Iterator[Finding]:
    """What the set-up makes is here: the Python environment and an Asterisk."""
    cache = cache_folder(os.environ)
    folder = _there(cache)
    advice = "change its owner, or set XDG_CACHE_HOME to a folder that can be written"
    if not os.access(folder, os.W_OK | os.X_OK):
        yield Finding(Grade.BAD, "cache", f"{folder} cannot be written", advice)
        return
    free = shutil.disk_usage(folder).free // _MB
    if free < _SETUP_MB and not (cache / "asterisk-22/root/usr/sbin/asterisk").exists():
        advice = f"a first start needs up to {_SETUP_MB} MB there; make room, or set XDG_CACHE_HOME to another folder"
        yield Finding(Grade.BAD if free < _FEWEST_MB else Grade.WARN, "cache", f"{free} MB free at {folder}", advice)
    else:
        yield Finding(Grade.OK, "cache", f"{cache}, {free} MB free")


def _there(folder: Path) -> Path:
    """Give this folder, or the nearest above it that exists."""
    while not folder.exists():
        folder = folder.parent
    return folder


def _disk(settings: Settings) -> Iterator[Finding]:
    folder = _there(settings.home)
    free = shutil.disk_usage(folder).free // _MB
    found = f"{free} MB free at {folder}"
    if free < settings.minimum_free_mb:
        advice = (
            f"free some, or move the home: below {settings.minimum_free_mb} MB (minimum_free_mb) an alarm is raised"
        )
        yield Finding(Grade.BAD if free < _FEWEST_MB else Grade.WARN, "disk", found, advice)
    else:
        yield Finding(Grade.OK, "disk", found)


def _open_files(_: Settings) -> Iterator[Finding]:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    found = "no limit" if most == resource.RLIM_INFINITY else f"at most {most}"
    if most == resource.RLIM_INFINITY or most >= _ENOUGH_FILES:
        yield Finding(Grade.OK, "open files", found)
        return
    grade = Grade.BAD if most < _FEWEST_FILES else Grade.WARN
    yield Finding(grade, "open files", found, f"raise the limit to {_ENOUGH_FILES} (ulimit -Hn, or LimitNOFILE=)")


def _home(settings: Settings) -> Iterator[Finding]:
    home = Home(settings.home)
    if not home.folder.exists():
        yield Finding(Grade.OK, "home", f"{home.folder} is made at the first start")
        return
    if not os.access(home.folder, os.W_OK | os.X_OK):
        yield Finding(Grade.BAD, "home", f"{home.folder} cannot be written", "change its owner, or choose another")
        return
    for file in (home.secrets_file, home.demo_file):
        if file.exists() and stat.S_IMODE(file.stat().st_mode) & 0o077:
            yield Finding(Grade.BAD, "home", f"others may read {file}", f"chmod 600 {file}")
    known_secrets(home)  # raises when damaged
    running = read_pid(home.controller_pid)
    yield Finding(
        Grade.OK, "home", f"{home.folder}, {'nothing runs' if running is None else f'process {running} runs'}"
    )


def _ports(settings: Settings) -> Iterator[Finding]:
    home = Home(settings.home)
    if read_pid(home.controller_pid) is not None or read_pid(home.asterisk_pid) is not None:
        yield Finding(Grade.OK, "ports", "not looked at: this home's hotline runs")
        return
    troubles = [trouble for wanted in wanted_ports(settings) if (trouble := trouble_with(wanted)) is not None]
    for trouble in dict.fromkeys(troubles):
        found, _, advice = trouble.partition("; ")
        yield Finding(Grade.BAD, "ports", found, advice)
    if not troubles:
        yield Finding(Grade.OK, "ports", f"HTTP {settings.http}, SIP {settings.sip}, sound {settings.rtp} are free")


def _address(settings: Settings) -> Iterator[Finding]:
    if settings.media_address and not Endpoint(settings.media_address, 1).is_loopback:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((settings.media_address, 0))
            except OSError:
                advice = "right behind a NAT that forwards SIP and the ports of rtp; else set this machine's own"
                yield Finding(Grade.WARN, "address", f"{settings.media_address} is not this machine's", advice)
            else:
                advice = "open SIP and the ports of rtp in the firewall for phones and the trunk only"
                yield Finding(Grade.OK, "address", f"{settings.media_address} is this machine's", advice)
    if not settings.http.is_loopback:
        advice = "put a proxy with TLS before it, or set --http 127.0.0.1:8080"
        yield Finding(Grade.WARN, "address", f"the API listens at {settings.http}, without encryption", advice)


def _asterisk(settings: Settings) -> Iterator[Finding]:
    if (elsewhere := settings.asterisk_elsewhere) is not None:
        try:
            socket.create_connection((elsewhere.host, elsewhere.port), timeout=3).close()
        except OSError as error:
            advice = "start it, or see asterisk_conf/README.md for what it must hold"
            yield Finding(Grade.BAD, "Asterisk", f"nobody answers at {elsewhere} ({error.strerror or error})", advice)
        else:
            yield Finding(Grade.OK, "Asterisk", f"somebody else's answers at {elsewhere}")
        return
    told: list[str] = []
    machines = machines_own(told.append) if settings.asterisk_of_machine else None
    if machines is not None:
        yield Finding(Grade.OK, "Asterisk", f"this machine's own, version {machines.version}")
        return
    for line in told:
        yield Finding(Grade.OK, "Asterisk", f"{line}; one is made in a folder of its own")
    cache = cache_folder(os.environ) / "asterisk-22"
    if (cache / "root/usr/sbin/asterisk").exists():
        yield Finding(Grade.OK, "Asterisk", f"made already, in {cache}")
        return
    missing = [tool for tool in NEEDED if shutil.which(tool) is None]
    if missing:
        advice = "install Asterisk 22.10.1 or a later 22, since one can only be made on Debian or a system with apt"
        yield Finding(Grade.BAD, "Asterisk", f"none yet, and {', '.join(missing)} not found", advice)
    else:
        yield Finding(Grade.OK, "Asterisk", f"none yet; the first start makes one in {cache}")


def _voice(settings: Settings) -> Iterator[Finding]:
    if ctypes.util.find_library("espeak-ng") is None or shutil.which("espeak-ng") is None:
        advice = "apt install espeak-ng, as scripts/run does; without it only recorded prompts are heard"
        yield Finding(Grade.BAD, "voice", "espeak-ng is missing", advice)
        return
    voices = {word for line in _said(["espeak-ng", "--voices"]).splitlines()[1:] for word in line.split()[1:5]}
    if settings.voice in voices:
        yield Finding(Grade.OK, "voice", settings.voice)
    else:
        advice = "choose one that `espeak-ng --voices` lists; for Chinese cmn-latn-pinyin"
        yield Finding(Grade.BAD, "voice", f"espeak-ng has no voice {settings.voice}", advice)


def _said(command: list[str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - a program of this machine, with fixed words
            command, capture_output=True, check=False, timeout=_COMMAND_SECONDS, encoding="utf-8", errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def _database(settings: Settings) -> Iterator[Finding]:
    kind = settings.database.partition(":")[0]
    if settings.database_url is None and not (settings.home / "callcenter.sqlite3").exists():
        yield Finding(Grade.OK, "database", "SQLite in the home, made at the first start")
        return
    try:
        version = asyncio.run(schema_version(settings.database))
    except UnavailableError as error:
        advice = "start it, and see that database_url names it; meanwhile the journal waits in the home's spool"
        yield Finding(Grade.BAD, "database", f"{kind}: {error}", advice)
        return
    stands = "empty, its tables are made at the first start" if version is None else f"tables of version {version}"
    yield Finding(Grade.OK, "database", f"{kind}, {stands}")


def _rosters(settings: Settings) -> Iterator[Finding]:
    try:
        roster = load_roster(settings.agents_folder, hotline=settings.hotline)
    except RosterError as error:
        for mistake in error.mistakes:
            yield Finding(Grade.BAD, "rosters", f"{mistake.file}:{mistake.line}: {mistake.wrong}", mistake.instead)
        return
    yield Finding(Grade.OK, "rosters", f"{len(roster.seats)} seats, {len(roster.units)} units")


def _webhooks(settings: Settings) -> Iterator[Finding]:
    if settings.webhooks_file is None:
        return
    try:
        webhooks = load_webhooks(settings.webhooks_file)
    except WebhookListError as error:
        for line in error.lines:
            yield Finding(Grade.BAD, "webhooks", line, "put it right; docs/events.md shows how it is written")
        return
    yield Finding(Grade.OK, "webhooks", f"{len(webhooks)} are told what happens")


def _flows(settings: Settings) -> Iterator[Finding]:
    mistakes = check_flows(settings.flows_folder, queues={Policy().queue})
    for mistake in mistakes:
        yield Finding(Grade.BAD, "flows", f"{mistake.file}:{mistake.line}: {mistake.wrong}", mistake.instead)
    if not mistakes:
        yield Finding(Grade.OK, "flows", f"those of {settings.flows_folder} are without mistakes")


_LOOKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    _python,
    _locale,
    _clock,
    _cache,
    _disk,
    _open_files,
    _home,
    _ports,
    _address,
    _asterisk,
    _voice,
    _database,
    _rosters,
    _webhooks,
    _flows,
)
