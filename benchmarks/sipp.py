"""Citizens who dial and seats that answer, many a second, by SIPp; what went over the wire is in its message logs."""

import asyncio
import contextlib
import csv
import re
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.systems import System
from scripts.phones.digest import Credentials
from scripts.phones.registration import Registration
from scripts.phones.transactions import Taken, Transactions

REGISTERED_SECONDS = 3600
REACHED_SECONDS = 7.0  # Asterisk asks every 5 s whether a phone is there
GRACE_SECONDS = 40.0  # for the last call to end
STOP_SECONDS = 10.0
SPEAKING = 30_000  # first media port of citizens who speak
NOBODY = 8000  # a media port that nobody listens on

_RESPONSE = """[last_Via:]
      [last_From:]
      [last_To:];tag=[pid]SIPpTag01[call_number]
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:seat@[local_ip]:[local_port]>"""
_SDP = """v=0
      o=- 1 1 IN IP4 127.0.0.1
      s=-
      c=IN IP4 127.0.0.1
      t=0 0
      m=audio [media] RTP/AVP 8
      a=rtpmap:8 PCMA/8000"""
_SEAT = f"""<?xml version="1.0"?><scenario name="seat">
  <recv request="OPTIONS" optional="true" next="1"/>
  <recv request="INVITE"/>
  <send><![CDATA[
      SIP/2.0 180 Ringing
      {_RESPONSE}
      Content-Length: 0

  ]]></send>
  <send retrans="500"><![CDATA[
      SIP/2.0 200 OK
      {_RESPONSE}
      Content-Type: application/sdp
      Content-Length: [len]

      {_SDP}
  ]]></send>
  <recv request="ACK"/>
  <recv request="BYE" counter="talks"/>
  <label id="1"/>
  <send><![CDATA[
      SIP/2.0 200 OK
      [last_Via:]
      [last_From:]
      [last_To:]
      [last_Call-ID:]
      [last_CSeq:]
      Content-Length: 0

  ]]></send>
</scenario>"""
_REQUEST = """Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
      Max-Forwards: 70
      From: <sip:139[field0]@[local_ip]:[local_port]>;tag=[pid]SIPpTag00[call_number]
      To: <sip:12345@[remote_ip]:[remote_port]>%s
      Call-ID: [call_id]
      Contact: <sip:citizen@[local_ip]:[local_port]>"""
_SPEAKS = """<nop><action><exec rtp_stream="voice.alaw,-1,8,PCMA/8000"/></action></nop>"""
_SPEAKING_SDP = _SDP.replace("[media]", "[rtpstream_audio_port]")
_CITIZEN = f"""<?xml version="1.0"?><scenario name="citizen">
  <send retrans="500" start_rtd="1"><![CDATA[
      INVITE sip:12345@[remote_ip]:[remote_port] SIP/2.0
      {_REQUEST.replace("%s", "")}
      CSeq: 1 INVITE
      Content-Type: application/sdp
      Content-Length: [len]

      %(sdp)s
  ]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="183" optional="true"/>
  <recv response="200" rtd="1" rrs="true"/>
  <send><![CDATA[
      ACK [next_url] SIP/2.0
      {_REQUEST.replace("%s", "[peer_tag_param]")}
      CSeq: 1 ACK
      Content-Length: 0

  ]]></send>
  %(speaks)s
  <pause milliseconds="%(talk_ms)d"/>
  <send retrans="500"><![CDATA[
      BYE [next_url] SIP/2.0
      {_REQUEST.replace("%s", "[peer_tag_param]")}
      CSeq: 2 BYE
      Content-Length: 0

  ]]></send>
  <recv response="200"/>
</scenario>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialled:
    """What came of a round of calls."""

    calls: int
    failed: int
    """Calls that did not go as they should, as the citizens saw it."""
    answered_ms: list[float]
    """From INVITE to 200 OK, of each call."""


@dataclass(frozen=True, slots=True)
class Message:
    """One SIP message as it went over the wire."""

    at: float
    """Seconds since the epoch."""
    sent: bool
    text: str

    def header(self, name: str) -> str:
        """Give a header's value; empty where there is none."""
        found = re.search(rf"^{name}:\s*(.*?)\r?$", self.text, re.MULTILINE | re.IGNORECASE)
        return "" if found is None else found[1]


class Seats:
    """All seats of a system, behind one address; each answers at once."""

    def __init__(self, folder: Path, pid: int) -> None:
        self._folder, self._pid = folder, pid

    def answered(self) -> int:
        """How many calls they have answered to their end so far."""
        row = _last_row(self._folder / f"seat_{self._pid}_.csv")
        return int(next(value for name, value in row.items() if name.startswith("talks") and name.endswith("(C)")))

    def messages(self) -> Iterator[Message]:
        """Give what went over their wire so far, where that was asked for."""
        return _messages(self._folder / f"seat_{self._pid}_messages.log")


@asynccontextmanager
async def seats_of(
    system: System, folder: Path, *, port: int, traced: bool = False, echo: int | None = None
) -> AsyncIterator[Seats]:
    """Register every seat's phone from this port and have them all answer there.

    `echo`: the media port at which each says again what it hears; otherwise nobody listens, and nothing is said.
    """
    await _register(system, port)
    (folder / "seat.xml").write_text(_SEAT)
    arguments = ["-sf", "seat.xml", "-i", "127.0.0.1", "-p", str(port), "-key", "media"]
    arguments += [str(NOBODY if echo is None else echo), "-trace_stat", "-fd", "1"]
    arguments += ["-trace_msg"] if traced else []
    arguments += [] if echo is None else ["-mp", str(echo), "-rtp_echo"]
    async with _running(folder, arguments) as process:
        await asyncio.sleep(REACHED_SECONDS)
        await system.sign_in()
        yield Seats(folder, process.pid)


async def dial(
    system: System,
    folder: Path,
    *,
    rate: float,
    calls: int,
    talk_seconds: float,
    at_once: int,
    media: int = NOBODY,
    voice: bytes | None = None,
) -> tuple[Dialled, Iterator[Message]]:
    """Let citizens dial, `rate` of them a second and `at_once` at most on the line; back when all is over.

    `voice`: A-law at 8000 Hz that each says again and again as long as he talks; otherwise nothing is said.
    """
    speaks = _SPEAKS if voice else ""
    if voice:
        (folder / "voice.alaw").write_bytes(voice)
    scenario = {"talk_ms": int(talk_seconds * 1000), "speaks": speaks, "sdp": _SPEAKING_SDP if voice else _SDP}
    (folder / "citizen.xml").write_text(_CITIZEN % scenario)
    numbers = folder / "numbers.csv"
    numbers.write_text("SEQUENTIAL\n" + "".join(f"{at:08d};\n" for at in range(calls)))
    arguments = ["-sf", "citizen.xml", "-inf", "numbers.csv", "-i", "127.0.0.1", "-m", str(calls), "-r", f"{rate:g}"]
    arguments += ["-l", str(at_once), "-key", "media", str(media), "-trace_stat", "-fd", "1", "-trace_rtt"]
    arguments += ["-mp", str(SPEAKING)] if voice else []
    arguments += ["-rtt_freq", "1", "-trace_msg", "-p", str(system.trunk.port), str(system.sip)]
    async with _running(folder, arguments) as process:
        async with asyncio.timeout(calls / rate + talk_seconds + GRACE_SECONDS):
            await process.wait()
    row = _last_row(folder / f"citizen_{process.pid}_.csv")
    with (folder / f"citizen_{process.pid}_rtt.csv").open() as file:
        answered = [float(line["response_time_ms"]) for line in csv.DictReader(file, delimiter=";")]
    dialled = Dialled(calls=calls, failed=int(row["FailedCall(C)"]), answered_ms=answered)
    return dialled, _messages(folder / f"citizen_{process.pid}_messages.log")


async def _register(system: System, port: int) -> None:
    tasks: list[asyncio.Task[None]] = []

    def spawn(work: Coroutine[None, None, None]) -> None:
        tasks.append(asyncio.get_running_loop().create_task(work))

    def ignore(_: Taken) -> None:
        """Asterisk asks whether the phone is there; SIPp answers in a moment."""

    transactions = Transactions(spawn=spawn, when_requested=ignore)
    transactions.open("127.0.0.1", port)
    try:
        for extension, password in system.seats.items():
            await Registration(
                name=extension,
                transactions=transactions,
                server=(system.sip.host, system.sip.port),
                credentials=Credentials(extension, password),
                contact=f"sip:{extension}@127.0.0.1:{port}",
                expires=REGISTERED_SECONDS,
            ).register()
    finally:
        transactions.close()
        for task in tasks:
            task.cancel()


@asynccontextmanager
async def _running(folder: Path, arguments: list[str]) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *("sipp", "-nostdin", *arguments),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _last_row(path: Path) -> dict[str, str]:
    with path.open() as file:
        return list(csv.DictReader(file, delimiter=";"))[-1]


_MARK = re.compile(
    r"^-{20,} (\S+ \S+)\nUDP message (sent|received).*?:\n\n(.*?)(?=^-{20,} |\Z)", re.MULTILINE | re.DOTALL
)


def _messages(path: Path) -> Iterator[Message]:
    for found in _MARK.finditer(path.read_text("utf-8", "replace")):
        at = datetime.fromisoformat(found[1].replace("T", " ")[:26]).timestamp()
        yield Message(at, found[2] == "sent", found[3])
