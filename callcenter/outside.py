"""Joins the stream of events with those outside who are told of them: one outbox, a sender for each receiver."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from callcenter.domain.earlier import Earlier
from callcenter.domain.views import Json, alarm_view, queue_view, seat_view, trunk_view
from callcenter.events.address import BrokerAddress
from callcenter.events.letters import BROKER
from callcenter.events.topics import State, place_of
from callcenter.events.webhook import Webhook
from callcenter.events.webhook_sender import WebhookSender
from callcenter.events.webhooks import Webhooks
from callcenter.office.stream import Stream, StreamEvent
from callcenter.office.switchboard import Switchboard
from callcenter.storage.dead_letters import DeadLetters
from callcenter.storage.outbox import Outbox
from callcenter.storage.store import Store

if TYPE_CHECKING:
    from callcenter.events.publisher import Publisher

_SEVERITY = ("off", "ok", "degraded")
_FIGURE_KINDS = ("figures.changed", "queue_figures.changed", "seat_figures.changed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How much is kept for those who are away."""

    most: int
    longest: timedelta


class Outside:
    """Everybody outside who is told what happens."""

    def __init__(
        self,
        outbox: Outbox,
        *,
        publisher: "Publisher | None",
        senders: Sequence[tuple[WebhookSender, DeadLetters]],
    ) -> None:
        self._outbox = outbox
        self._publisher = publisher
        self._senders = [sender for sender, _ in senders]
        self.webhooks = Webhooks(senders)

    def waiting(self) -> Mapping[str, tuple[int, int]]:
        """Give how many events wait to be told, and how many were dropped, for each receiver."""
        return {name: (reader.waiting, reader.dropped) for name, reader in self._outbox.readers.items()}

    def health(self) -> tuple[str, str]:
        """Say how it is: `off`, `ok` or `degraded`, and why; `Earlier` where all are told what happens now."""
        if self._publisher is None and not self._senders:
            return "off", "neither a broker nor a webhook is set"
        said = [] if self._publisher is None else [("", *self._publisher.health())]
        said += [(f"webhook {sender.webhook.id}: ", *sender.health()) for sender in self._senders]
        if (fault := self._outbox.fault()) is not None:
            said.append(("the outbox: ", "degraded", fault))
        if self._outbox.unfit:
            said.append(("", "degraded", Earlier(f"{self._outbox.unfit} events could not be kept")))
        worst = max((status for _, status, _ in said), key=_SEVERITY.index)
        told = "; ".join(whose + detail for whose, _, detail in said)
        faults = [detail for _, status, detail in said if status == "degraded"]
        is_over = bool(faults) and all(isinstance(detail, Earlier) for detail in faults)
        return worst, Earlier(told) if is_over else told

    async def run(self) -> None:
        """Tell until cancelled; then what is left goes to the outbox, for the next start."""
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(self._outbox.run(), name="events: outbox")
            try:
                async with asyncio.TaskGroup() as senders:
                    if self._publisher is not None:
                        senders.create_task(self._publisher.run(), name="events: broker")
                    for sender in self._senders:
                        senders.create_task(sender.run(), name="events: webhook")
                    await asyncio.Event().wait()  # also where nobody is to be told
            finally:
                writing.cancel()


def outside_of(
    stream: Stream,
    switchboard: Switchboard,
    store: Store,
    *,
    broker: BrokerAddress | None,
    ca_file: Path | None,
    webhooks: Sequence[Webhook],
    node: str,
    kept: Kept,
    figures_follow: bool,
    now: Callable[[], datetime],
) -> Outside:
    """Make what tells of every event from now on; does nothing where nobody is to be told.

    `figures_follow`: the stream tells the figures of the day, as often as they change.
    """
    figures: dict[str, dict[str, Json]] = {kind: {} for kind in _FIGURE_KINDS}  # as they were told last, by whose

    def keep_figures(event: StreamEvent) -> None:
        if (told := figures.get(event.type)) is not None:
            told[event.data[place_of(event.type).key]] = event.data

    def state() -> State:
        exchange = switchboard.exchange
        return State(
            seq=stream.seq,
            time=now(),
            seats=[seat_view(seat) for seat in exchange.seats],
            queues=[queue_view(queue) for queue in exchange.queues()],
            trunks=[trunk_view(exchange.trunk())],
            alarms=[alarm_view(alarm) for alarm in exchange.alarms],
            figures=list(figures["figures.changed"].values()),
            queue_figures=list(figures["queue_figures.changed"].values()),
            seat_figures=list(figures["seat_figures.changed"].values()),
            figures_follow=figures_follow,
        )

    readers = [webhook.id for webhook in webhooks] + ([BROKER] if broker is not None else [])
    outbox = Outbox(store, node=node, stream=stream.id, readers=readers, now=now, most=kept.most, longest=kept.longest)
    if readers:
        stream.when_published(outbox.give)
        stream.when_published(keep_figures)
    senders = []
    for webhook in webhooks:
        dead = DeadLetters(store, node, webhook.id, now=now)
        senders.append((WebhookSender(webhook, outbox.readers[webhook.id], dead, now=now), dead))
    publisher = None
    if broker is not None:
        from callcenter.events.publisher import Publisher  # noqa: PLC0415 - slow to load, and few sites need it

        publisher = Publisher(broker, outbox.readers[BROKER], node=node, stream=stream.id, state=state, ca_file=ca_file)
    return Outside(outbox, publisher=publisher, senders=senders)
