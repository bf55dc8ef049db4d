"""Who gets in by SIP, asked of a real Asterisk with bare datagrams: citizens, seats, the trunk, and strangers."""

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest

from callcenter.asterisk import provision
from callcenter.asterisk.launch import Installation
from callcenter.asterisk.plan import Plan
from callcenter.asterisk.process import AsteriskProcess
from tests.asterisk.conftest import HOST, plan_in, run, write_sound

pytestmark = pytest.mark.asterisk

TRUNK_HOST = "127.0.0.3"
ANSWER_SECONDS = 5
TAKEN, CHALLENGED, NOT_FOUND = 200, 401, 404


@dataclass
class Line:
    """One address that sends SIP to this plan's Asterisk."""

    plan: Plan
    host: str = HOST

    def status(self, to: str, *, sender: str, method: str = "INVITE") -> int:
        """Send one request and give the final answer's status; a call that is taken is ended again."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
            wire.bind((self.host, 0))
            wire.settimeout(ANSWER_SECONDS)
            wire.connect((HOST, self.plan.sip_port))
            call, tag, port = uuid4().hex, uuid4().hex, wire.getsockname()[1]
            target = to if ":" in to else f"sip:{to}@{HOST}:{self.plan.sip_port}"

            def send(what: str, number: int, to_tag: str = "", body: str = "") -> None:
                via = f"SIP/2.0/UDP {self.host}:{port};rport;branch=z9hG4bK{uuid4().hex}"
                headers = [
                    f"{what} {target} SIP/2.0",
                    f"Via: {via}",
                    f"From: {sender};tag={tag}",
                    f"To: <{target}>{to_tag}",
                    f"Call-ID: {call}",
                    f"CSeq: {number} {what}",
                    f"Contact: <sip:test@{self.host}:{port}>",
                    "Max-Forwards: 70",
                    f"Content-Length: {len(body)}",
                ]
                if body:
                    headers.insert(-1, "Content-Type: application/sdp")
                wire.send(("\r\n".join(headers) + "\r\n\r\n" + body).encode())

            here = f"IN IP4 {self.host}"
            media = f"v=0\r\no=- 1 1 {here}\r\ns=-\r\nc={here}\r\nt=0 0\r\nm=audio 31999 RTP/AVP 8\r\n"
            send(method, 1, body=media if method == "INVITE" else "")
            while True:
                answer = wire.recv(65536).decode()
                status = int(answer.split(" ")[1])
                if answer.startswith("SIP/2.0") and status >= 200:
                    break
            if method == "INVITE":
                found = re.search(r"^To:.*?(;tag=\S+)", answer, re.MULTILINE | re.IGNORECASE)
                to_tag = found[1] if found else ""
                send("ACK", 1, to_tag)
                if status == TAKEN:
                    send("BYE", 2, to_tag)
            return status


@pytest.fixture(scope="module")
def lan(tmp_path_factory: pytest.TempPathFactory, installation: Installation) -> Iterator[Plan]:
    """Give an Asterisk configured as on a LAN, where the trunk has an address of its own."""
    home = tmp_path_factory.mktemp("lan")
    write_sound(home / "prompts" / "greeting.wav", 0.2)
    plan = plan_in(home, trunk_host=TRUNK_HOST)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(provision, "is_loopback", lambda _: False)
        process = AsteriskProcess(plan, installation)
        run(process.start())
    yield plan
    run(process.stop())


CITIZENS = [
    "<sip:13900000001@127.0.0.1>",
    '"Anonymous" <sip:anonymous@anonymous.invalid>',
    "<sip:+8613900000001@127.0.0.1>",
    "<sip:8001@127.0.0.1>",
    "<sip:trunk@127.0.0.1>",
    "<tel:+8613900000001>",
    "<sip:127.0.0.1>",
    '"市民, \\"王\\" 😀" <sip:13900000001@127.0.0.1>',
]
STRANGERS = ["<sip:stranger@127.0.0.1>", "<sip:8001@127.0.0.1>", "<sip:trunk@127.0.0.1>", "<sip:12345@127.0.0.1>"]


@pytest.mark.parametrize("sender", CITIZENS)
def test_whoever_calls_the_hotline_on_loopback_is_a_citizen(asterisk: AsteriskProcess, plan: Plan, sender: str) -> None:
    assert Line(plan).status("12345", sender=sender) == TAKEN


@pytest.mark.parametrize("number", ["+12345", "tel:12345", "tel:+12345"])
def test_the_hotlines_number_may_be_written_in_other_ways(asterisk: AsteriskProcess, plan: Plan, number: str) -> None:
    assert Line(plan).status(number, sender=CITIZENS[0]) == TAKEN


@pytest.mark.parametrize("sender", STRANGERS)
@pytest.mark.parametrize("number", ["13900000002", "8001", "8002", "*1", "s", "add", "112345", "123456"])
def test_nobody_calls_anything_else_without_a_password(
    asterisk: AsteriskProcess, plan: Plan, sender: str, number: str
) -> None:
    assert Line(plan).status(number, sender=sender) == CHALLENGED


@pytest.mark.parametrize("sender", STRANGERS)
def test_nobody_registers_without_a_password(asterisk: AsteriskProcess, plan: Plan, sender: str) -> None:
    target = f"sip:{HOST}:{plan.sip_port}"

    assert Line(plan).status(target, sender=sender, method="REGISTER") in (CHALLENGED, NOT_FOUND)


@pytest.mark.parametrize("sender", CITIZENS)
def test_on_a_lan_the_trunks_address_brings_citizens(lan: Plan, sender: str) -> None:
    assert Line(lan, TRUNK_HOST).status("12345", sender=sender) == TAKEN


@pytest.mark.parametrize("number", ["13900000002", "8001", "*1", "s", "add", "123456"])
def test_on_a_lan_the_trunk_reaches_the_hotline_and_nothing_else(lan: Plan, number: str) -> None:
    assert Line(lan, TRUNK_HOST).status(number, sender=CITIZENS[0]) == NOT_FOUND


@pytest.mark.parametrize("sender", STRANGERS)
@pytest.mark.parametrize("number", ["12345", "8001", "*1"])
def test_on_a_lan_another_address_gets_nowhere_without_a_password(lan: Plan, sender: str, number: str) -> None:
    assert Line(lan).status(number, sender=sender) == CHALLENGED
