"""Everybody who is told of an alarm: who watches by WebSocket, the broker of the home itself, a receiver outside."""

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass

from callcenter.events.address import BrokerAddress, parse_broker
from scripts.hotline_client import Event, Json
from scripts.phones.waiting import eventually
from tests.support.hotline import Hotline
from tests.support.mosquitto import Listener, Seen, listening
from tests.support.receiver import Receiver, Told

BASE = "callcenter/node1"
HEAR = 10.0


@dataclass(slots=True)
class Outside:
    """Everybody who is told, from now on."""

    hotline: Hotline
    broker: Listener
    receiver: Receiver
    _journal_before: int = 0

    def __post_init__(self) -> None:
        self._journal_before = len(journal_of_alarms(self.hotline))
        self.receiver.told.clear()

    def journal(self, name: str) -> list[str]:
        """What became of an alarm, as the journal has it."""
        return [kind for kind, told in journal_of_alarms(self.hotline)[self._journal_before :] if told == name]

    def at_the_broker(self, name: str) -> list[Seen]:
        """What the broker was told of it and handed on as it came, in any stream; nothing that it had kept."""
        return [seen for seen in self.broker.under(topic_of(name)) if not seen.retained]

    def by_webhook(self, name: str) -> list[Told]:
        return [told for told in self.receiver.told if told.json["data"]["name"] == name]

    async def hears(self, event: Event) -> tuple[Seen, Told]:
        """Wait until this event of the WebSocket is told at the broker and by the webhook, too; gives both."""
        event_id, name = f"{self.hotline.events.stream}:{event.seq}", event.data["name"]

        def at_the_broker() -> Seen | None:
            return next((seen for seen in self.at_the_broker(name) if seen.properties.get("id") == event_id), None)

        def by_webhook() -> Told | None:
            return next((told for told in self.by_webhook(name) if told.id == event_id), None)

        return (
            await eventually(at_the_broker, within=HEAR, what=f"{event.type} was not told at the broker"),
            await eventually(by_webhook, within=HEAR, what=f"{event.type} was not told by webhook"),
        )

    async def was_told_once(self, name: str, *types: str) -> None:
        """Everywhere the same changes of an alarm were told, each once, but for what says that it comes again."""
        seen = [seen for seen in self.at_the_broker(name) if seen.text and seen.json["type"] != "snapshot"]
        assert [each.json["type"] for each in seen if "redelivered" not in each.properties] == list(types)
        assert len({each.json["id"] for each in seen}) == len(types), "at the broker"
        assert [told.json["type"] for told in self.by_webhook(name) if not told.redelivered] == list(types)
        assert len({told.id for told in self.by_webhook(name)}) == len(types), "by webhook"
        await eventually(lambda: len(self.journal(name)) >= len(types), within=HEAR, what="it is not in the journal")
        assert self.journal(name) == list(types), "in the journal"


def topic_of(name: str) -> str:
    """Give the topic of an alarm."""
    return f"{BASE}/alarms/{name}"


def journal_of_alarms(hotline: Hotline) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(f"file:{hotline.running.folder / 'callcenter.sqlite3'}?mode=ro", uri=True)) as store:
        rows = store.execute("SELECT kind, data FROM journal WHERE kind LIKE 'alarm.%' ORDER BY seq").fetchall()
    return [(kind, json.loads(data)["name"]) for kind, data in rows]


def broker_of(hotline: Hotline) -> BrokerAddress:
    return parse_broker(json.loads((hotline.running.folder / "demo.json").read_text())["mqtt"])


@asynccontextmanager
async def everybody_listens(hotline: Hotline, receiver: Receiver) -> AsyncIterator[Outside]:
    async with receiver.listening(), listening(broker_of(hotline)) as broker:
        await broker.until_last(f"{BASE}/status", "online", within=HEAR)
        yield Outside(hotline, broker, receiver)


async def stands(hotline: Hotline, name: str) -> Json | None:
    """Give an alarm where it stands now."""
    return next((alarm for alarm in await hotline.api.all_of("alarms") if alarm["name"] == name), None)


async def kept(hotline: Hotline, name: str) -> list[Seen]:
    """Give what somebody finds of an alarm who comes to the broker now."""
    async with listening(broker_of(hotline)) as late:
        await late.until_last(f"{BASE}/status", "online", within=HEAR)
        await late.until_seen(f"{BASE}/trunks/trunk", within=HEAR)
        return [seen for seen in late.under(topic_of(name)) if seen.retained]
