"""One connection to Asterisk's manager interface (AMI), from its beginning to its end; all that knows panoramisk.

Of panoramisk its protocol, its actions and its messages are used. Its `Manager` is not: that one reconnects by
itself, sends unanswered actions again, never looks at the answer to a ping or a log-in, and drops the link when
a callback raises. Here nothing outlives the connection; `link` makes the next one.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from callcenter.asterisk.ami import Answer, Headers, cut_blocks, parse_block
from callcenter.domain.errors import UnavailableError

BEGINNINGS = (b"Event: ", b"Response: ", b"Asterisk Call Manager/")
"""How everything begins that Asterisk writes; the last is its greeting, once for each connection."""
LONGEST_BLOCK = 1_000_000  # bytes without an end: this is no AMI server, or one gone mad
AT_ONCE = 50
"""Events of one reading that are told as they are read: a turn of a task for each costs a tenth of its decision."""
HELD_BACK, LET_ON = 2_000, 500  # events that wait: from the first on Asterisk is held back, by TCP, down to the second


class Asked(Action):  # type: ignore[misc]  # panoramisk has no types
    """One action on its way, with its answer's future.

    A list ends with its `...Complete` event or a refusal and by nothing else. panoramisk guesses it from the words
    of the message, which never ends a QueueAdd and swallows the AsyncAGIExec of an AGI action.
    """

    def add_message(self, message: Any) -> bool:
        """Take in a part of the answer; True when it was the last."""
        self.responses.append(message)
        over = not self.as_list or not self.responses[0].success or message.event.endswith("Complete")
        if over and not self.future.done():
            self.future.set_result(_answer_of(self.responses))
        return bool(over)


def _answer_of(messages: Sequence[Any]) -> Answer:
    first, *rest = (dict(message.pairs) for message in messages)
    return Answer(
        success=bool(messages[0].success),
        message=first.get("Message", ""),
        headers=first,
        entries=tuple(entry for entry in rest if not entry.get("Event", "").endswith("Complete")),
    )


class Wire(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """One TCP connection: whole blocks in, answers to their askers, events into one bounded inbox."""

    def __init__(self, inbox_limit: int) -> None:
        self.inbox: deque[Headers] = deque()
        self.inbox_limit = inbox_limit
        self.arrived = asyncio.Event()
        self.booted = asyncio.Event()
        self.uptime: float | None = None
        """Seconds that Asterisk had run when it let us in, as it says."""
        self.gone: str | None = None
        self.unread = b""
        self.tell: Callable[[Headers], None] | None = None
        """Who is told of events as they come, so that to read no more makes fewer of them; else they wait in the inbox
        for whoever takes them, as all do behind one that waits there."""
        self._at_once = 0
        self._held_back = False

    def connection_made(self, transport: Any) -> None:
        """Begin, with nothing asked yet."""
        super().connection_made(transport)
        self.responses: dict[str, Asked] = {}

    def data_received(self, data: bytes) -> None:
        """Cut bytes into blocks first and decode after, so that no character is lost between two reads."""
        blocks, self.unread = cut_blocks(self.unread + data)
        self._at_once = AT_ONCE
        if len(self.unread) > LONGEST_BLOCK:
            self.drop("Asterisk sent a block without end")
        for block in blocks:
            if (began := block.lstrip(b"\r\n")) and not began.startswith(BEGINNINGS):
                # Something stands between what Asterisk wrote, and an event or an answer may have been lost in it.
                self.drop("what came is not what Asterisk writes")
                return
            self.handle_message(parse_block(block.decode("utf-8", "replace").strip("\r\n")))

    def handle_message(self, message: dict[str, str]) -> None:
        """Give an answer to its asker and put everything else into the inbox."""
        if self.gone is not None:
            return
        asked = self.responses.get(message.get("ActionID", ""))
        is_event = "Event" in message  # an OriginateResponse has a `Response` and an `ActionID` as well
        if asked is not None and (asked.as_list and asked.responses if is_event else "Response" in message):
            whole = Message(message)
            whole.pairs = message
            if asked.add_message(whole):
                self.responses.pop(asked.id, None)
        elif is_event:
            self._take_in(message)
        elif "ActionID" not in message and "Response" in message:
            self.drop("Asterisk did not understand what it was sent")  # all of ours has an id; one of it was spoilt

    def _take_in(self, message: dict[str, str]) -> None:
        if len(self.inbox) >= self.inbox_limit:
            self.drop(f"more than {self.inbox_limit} events waited to be handled")
            return
        if self.tell is not None and not self.inbox and self._at_once:
            self._at_once -= 1  # a flood must not keep pings and calls from their turn
            self.tell(message)
        else:
            self._keep(message)
        if message["Event"] == "FullyBooted":
            uptime = message.get("Uptime", "")
            self.uptime = float(uptime) if uptime.isdecimal() else None
            self.booted.set()
        elif message["Event"] == "Shutdown":
            self.drop("Asterisk is shutting down")

    def _keep(self, message: dict[str, str]) -> None:
        self.inbox.append(message)
        self.arrived.set()
        if self.tell is not None and len(self.inbox) >= HELD_BACK and not self._held_back:
            self._held_back = True
            self.transport.pause_reading()

    def next_event(self) -> Headers:
        """Give the oldest event, and let Asterisk go on where few are left. Raises IndexError where there is none."""
        event = self.inbox.popleft()
        if self._held_back and len(self.inbox) <= LET_ON and self.gone is None:
            self._held_back = False
            self.transport.resume_reading()
        return event

    def ask(self, action: Asked) -> None:
        """Write an action at once; its future has the answer, or UnavailableError when the connection ends first."""
        self.responses[action.id] = action
        self.transport.write(str(action).encode())

    def forget(self, action: Asked) -> None:
        """Take no answer to this action any more."""
        self.responses.pop(action.id, None)

    def drop(self, why: str) -> None:
        """End this connection at once. Whoever waits for an answer is told; nothing is kept to be sent again."""
        if self.gone is None:
            self.gone = why
        self.closed = True
        self.transport.abort()
        waiting, self.responses = list(self.responses.values()), {}
        for action in waiting:
            if not action.future.done():
                action.future.set_exception(UnavailableError(f"the link to Asterisk was lost: {self.gone}"))
        self.arrived.set()
        self.booted.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """End: the other side has."""
        self.drop("Asterisk closed the connection" if exc is None else f"connection broke: {exc}")

    def close(self) -> None:
        """End, as panoramisk calls it."""
        self.drop("closed by us")
