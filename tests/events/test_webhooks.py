"""What a receiver of webhooks is told, and what becomes of an event that it does not take."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from callcenter.domain.earlier import Earlier
from callcenter.domain.errors import NotFoundError
from callcenter.events.webhook import Webhook, check_url, read_secret, signature
from callcenter.events.webhook_sender import Patience, WebhookSender
from callcenter.events.webhooks import Webhooks
from callcenter.office.stream import Stream
from callcenter.storage.dead_letters import DeadLetters
from callcenter.storage.outbox import Outbox
from callcenter.storage.store import Store
from tests.support.office_fakes import eventually
from tests.support.receiver import CUT, HOLD, SECRET, Receiver
from tests.support.stores import Database
from tests.support.stores import eventually as soon

AT = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
QUICK = Patience(answer_seconds=0.3, first_seconds=0.02, most_seconds=0.1, attempts=3)


@dataclass
class Clock:
    now: datetime = AT


@dataclass
class House:
    """A stream, its outbox and one webhook."""

    stream: Stream
    outbox: Outbox
    sender: WebhookSender
    webhooks: Webhooks
    clock: Clock = field(default_factory=Clock)

    def call(self, kind: str = "call.queued", **more: Any) -> None:
        self.stream.publish(kind, self.clock.now, {"id": "c1", "caller": "13800138000", "state": "queued", **more})

    async def until(self, claim: Any, within: float = 5.0) -> None:
        try:
            await eventually(claim, within=within)
        finally:
            print(self.sender.health())

    async def state(self) -> Any:
        (state,) = await self.webhooks.all()
        return state


@asynccontextmanager
async def a_house(
    receiver: Receiver, db: Database, stream: str = "s1", patience: Patience = QUICK, **how: Any
) -> AsyncIterator[House]:
    clock = Clock()
    webhook = Webhook(id="city", url=receiver.url, secret=SECRET, **how)
    store = Store(db.url)
    outbox = Outbox(store, node="node1", stream=stream, readers=["city"], now=lambda: clock.now)
    dead = DeadLetters(store, "node1", "city", now=lambda: clock.now)
    sender = WebhookSender(webhook, outbox.readers["city"], dead, now=lambda: clock.now, patience=patience)
    house = House(Stream(stream), outbox, sender, Webhooks([(sender, dead)]), clock)
    house.stream.when_published(outbox.give)

    async def run() -> None:
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(outbox.run())
            try:
                await sender.run()
            finally:
                writing.cancel()

    running = asyncio.create_task(run())
    try:
        await outbox.opened.wait()
        yield house
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await store.close()


def test_a_signature_is_the_one_that_the_standards_own_library_makes() -> None:
    body = '{"type":"call.queued","data":{"queue":"市民热线"}}'.encode()

    # standardwebhooks 1.1.0: Webhook("whsec_AAEC…Hh8=").sign("s1:7", 2026-11-24T04:00:00Z, body)
    assert signature(SECRET, "s1:7", str(int(AT.timestamp())), body) == (
        "v1,MqNUnJA+94TE94KFxIH55F/mte2qREMhcVMPRD46mIs="
    )
    assert read_secret("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=") == SECRET


async def test_each_event_is_told_in_order_signed_and_without_what_is_private(db: Database) -> None:
    async with Receiver().listening() as receiver, a_house(receiver, db) as house:
        house.call("call.arrived")
        house.call("utterance.partial", call_id="c1", text="停水")
        house.call()
        told = await receiver.until(2)

    assert [(seen.id, seen.redelivered) for seen in told] == [("s1:1", False), ("s1:3", False)]
    assert all(seen.is_signed for seen in told)
    assert told[0].headers["content-type"] == "application/json"
    assert told[0].headers["webhook-timestamp"] == str(int(AT.timestamp()))
    assert told[0].json == {
        "type": "call.arrived",
        "id": "s1:1",
        "stream": "s1",
        "seq": 1,
        "time": "2026-11-24T04:00:00.000Z",
        "data": {"id": "c1", "state": "queued"},
    }


async def test_who_may_is_told_everything_and_only_of_what_he_asked_for(db: Database) -> None:
    async with (
        Receiver().listening() as receiver,
        a_house(receiver, db, kinds=("call.ended", "alarm."), private=True) as house,
    ):
        house.call()
        house.call("call.ended")
        house.stream.publish("alarm.raised", AT, {"name": "disk", "detail": "full"})
        told = await receiver.until(2)
        await house.until(lambda: house.sender.letters.waiting == 0)

    assert [seen.json["type"] for seen in told] == ["call.ended", "alarm.raised"]
    assert told[0].json["data"]["caller"] == "13800138000"


@pytest.mark.parametrize("answer", [500, 429, CUT, HOLD], ids=["an error", "too many", "cut after the body", "silence"])
async def test_what_was_not_taken_comes_again_the_same_and_before_all_others(db: Database, answer: int | str) -> None:
    receiver = Receiver([answer, answer])
    async with receiver.listening(), a_house(receiver, db) as house:
        house.call()
        house.call("call.ended")
        told = await receiver.until(4)
        await house.until(lambda: house.sender.health() == ("ok", "2 events told"))

    assert [(seen.id, seen.redelivered) for seen in told] == [
        ("s1:1", False),
        ("s1:1", True),
        ("s1:1", True),
        ("s1:2", False),
    ]
    assert len({seen.body for seen in told[:3]}) == 1
    assert all(seen.is_signed for seen in told)


async def test_a_receiver_that_asks_for_a_pause_gets_it(db: Database) -> None:
    receiver = Receiver([503], headers={"Retry-After": "1"})
    patience = Patience(answer_seconds=0.3, first_seconds=0.02, most_seconds=0.5)
    async with receiver.listening(), a_house(receiver, db, patience=patience) as house:
        began = asyncio.get_running_loop().time()
        house.call()
        await receiver.until(2)

    assert asyncio.get_running_loop().time() - began >= 0.5  # as long as we wait at most


async def test_an_event_that_is_refused_again_and_again_dies_and_the_next_goes_on(db: Database) -> None:
    receiver = Receiver([500, 500, 500])
    async with receiver.listening(), a_house(receiver, db) as house:
        house.call()
        house.call("call.ended")
        await house.until(lambda: house.sender.health() == ("degraded", "1 events told, 1 dead"))
        page = await house.webhooks.dead_letters("city", limit=10, cursor=None)
        assert (await house.state()).dead == 1
    (dead,) = page.items
    assert (dead.letter.id, dead.attempts, dead.reason) == ("s1:1", 3, "it answers 500")
    assert receiver.ids == ["s1:1", "s1:1", "s1:1", "s1:2"]

    async with receiver.listening(), a_house(receiver, db, "s2") as house:  # a restart later

        async def stand(*expected: tuple[int, str]) -> bool:
            found = (await house.webhooks.dead_letters("city", limit=10, cursor=None)).items
            return [(dead.attempts, dead.reason) for dead in found] == list(expected)

        receiver.always = 410
        assert await house.webhooks.retry("city", None) == 1
        await soon(lambda: stand((4, "it answers 410")))
        receiver.always = 200
        assert await house.webhooks.retry("city", "s1:1") == 1
        await soon(stand)
        with pytest.raises(NotFoundError):
            await house.webhooks.retry("city", "s1:1")

    assert receiver.ids[4:] == ["s1:1", "s1:1"]
    assert all(seen.redelivered and seen.is_signed for seen in receiver.told[4:])


async def test_a_dead_letter_is_said_as_of_earlier_once_the_next_event_is_taken(db: Database) -> None:
    receiver = Receiver([500, 500, 500])
    async with receiver.listening(), a_house(receiver, db) as house:
        house.call()
        await house.until(lambda: house.sender.died == 1)
        assert not isinstance(house.sender.health()[1], Earlier), "nothing tells that it takes anything"
        house.call("call.ended")
        await house.until(lambda: house.sender.health() == ("degraded", "1 events told, 1 dead"))
        assert isinstance(house.sender.health()[1], Earlier)


async def test_a_mistake_of_ours_that_keeps_all_from_being_told_is_so_now(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Receiver().listening() as receiver, a_house(receiver, db) as house:
        with monkeypatch.context() as broken:
            broken.setattr(Webhook, "headers", lambda *_, **__: 1 // 0)
            house.call()
            await house.until(lambda: house.sender.failures > 0)
            status, detail = house.sender.health()
            assert (status, type(detail)) == ("degraded", str)
            assert "a mistake of ours" in detail
        await house.until(lambda: house.sender.told == 1)
        assert isinstance(house.sender.health()[1], Earlier)


async def test_a_receiver_that_has_taken_its_dead_letters_is_well_again(db: Database) -> None:
    receiver = Receiver([500, 500, 500])
    async with receiver.listening(), a_house(receiver, db) as house:
        house.call()
        await house.until(lambda: house.sender.died == 1)
        assert house.sender.health()[0] == "degraded"
        assert await house.webhooks.retry("city", None) == 1
        await house.until(lambda: house.sender.health() == ("ok", "1 events told"))


async def test_a_receiver_that_is_gone_for_long_is_waited_for_and_after_a_day_its_events_are_dead(db: Database) -> None:
    receiver = Receiver()
    async with a_house(receiver, db) as house:
        house.call()
        await house.until(
            lambda: "cannot be reached (connection refused); 0 events told, 1 wait" in str(house.sender.health())
        )
        for _ in range(QUICK.attempts + 2):  # however often: nobody has refused this event
            tried = house.sender.attempts
            await house.until(lambda tried=tried: house.sender.attempts > tried)
        assert house.sender.died == 0
    async with receiver.listening(), a_house(receiver, db, "s2") as house:
        (told,) = await receiver.until(1)
        assert (told.id, told.redelivered, told.json["stream"]) == ("s1:1", True, "s1")
        await house.until(lambda: house.sender.told == 1)  # else its answer may be missed, and it is sent once more
    async with a_house(receiver, db, "s3") as house:
        house.call()
        house.clock.now = AT + timedelta(hours=25)
        await house.until(lambda: house.sender.died == 1)
        (dead,) = (await house.webhooks.dead_letters("city", limit=10, cursor=None)).items
    assert (dead.letter.id, dead.reason) == ("s3:1", "it cannot be reached (connection refused)")


async def test_a_redirect_is_not_followed(db: Database) -> None:
    elsewhere = Receiver()
    async with elsewhere.listening():
        receiver = Receiver(always=307, headers={"Location": elsewhere.url})
        async with receiver.listening(), a_house(receiver, db) as house:
            house.call()
            await house.until(lambda: house.sender.died == 1)
            (dead,) = (await house.webhooks.dead_letters("city", limit=10, cursor=None)).items

    assert dead.reason == "it answers with a redirect (307), which is not followed"
    assert elsewhere.told == []


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(db: Database, tmp_path: Path) -> None:
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=city"]
    made_ = [*request, "-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "city.pem")]
    await asyncio.to_thread(subprocess.run, made_, check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "city.pem", tmp_path / "key.pem")
    receiver = Receiver(scheme="https")
    async with receiver.listening(tls), a_house(receiver, db) as house:
        house.call()
        await house.until(lambda: "its certificate is not trusted" in house.sender.health()[1])

    assert receiver.told == []


async def test_neither_secret_nor_address_nor_caller_is_ever_shown(db: Database) -> None:
    receiver = Receiver(always=500)
    with structlog.testing.capture_logs() as logged:
        async with receiver.listening(), a_house(receiver, db, private=True) as house:
            house.call()
            await house.until(lambda: house.sender.died == 1)
            state = await house.state()
            page = await house.webhooks.dead_letters("city", limit=10, cursor=None)

    assert state.address == f"http://127.0.0.1:{receiver.port}"
    shown = f"{logged} {state} {house.sender.webhook!r} {house.sender.health()} {page.items[0].reason}"
    assert [word for word in ("hush", "AAEC", "\\x00\\x01", "13800138000") if word in shown] == []
    assert [line["log_level"] for line in logged] == ["warning", "error"]


async def test_an_event_that_cannot_be_told_is_counted_and_the_next_goes_out(db: Database) -> None:
    async with Receiver().listening() as receiver, a_house(receiver, db) as house:
        house.stream.publish("call.queued", AT, {"id": object()})
        house.call()
        await receiver.until(1)
        await house.until(lambda: "1 could not be told" in house.sender.health()[1])


@pytest.mark.parametrize(
    ("url", "plain_http", "wrong"),
    [
        ("https://city.example/hook", False, None),
        ("http://127.0.0.1:9000/", False, None),
        ("http://localhost/", False, None),
        ("http://[::1]:80/", False, None),
        ("http://city.example/", True, None),
        ("http://city.example/", False, "plain http"),
        ("http://127.0.0.1.example/", False, "plain http"),
        ("ftp://city.example/", True, "begins with"),
        ("https:///hook", False, "begins with"),
        ("https://user:hush@city.example/", False, "login"),
        ("https://city.example:99999/", False, "port"),
    ],
)
def test_nothing_goes_to_others_in_the_clear_unless_it_is_meant(
    url: str, *, plain_http: bool, wrong: str | None
) -> None:
    if wrong is None:
        check_url(url, plain_http=plain_http)
        return
    with pytest.raises(ValueError, match=wrong) as error:
        check_url(url, plain_http=plain_http)
    assert "hush" not in str(error.value)
