"""One call of a strict phone: what it did and when, and everything a person can do with it."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field, replace

from scripts.phones.agreement import Agreement
from scripts.phones.course import Course
from scripts.phones.datagrams import Address
from scripts.phones.dialog import Dialog
from scripts.phones.digest import Credentials
from scripts.phones.g711 import Codec
from scripts.phones.listening import Listening
from scripts.phones.outcome import CallEndedError, RefusedRequestError, Side
from scripts.phones.proof import proof_for, said_again
from scripts.phones.rtp import KEYS
from scripts.phones.sdp import Direction, NoCommonSoundError, read_session
from scripts.phones.sip import Header, Party, Request, Response, read_party, user_of
from scripts.phones.sound import Sound
from scripts.phones.speaking import Speaking
from scripts.phones.transactions import GIVE_UP, Answered, NoResponseError, Spawn, Taken, Transactions
from scripts.phones.waiting import in_time

_SDP: Header = ("Content-Type", "application/sdp")
_INFO: Header = ("Content-Type", "application/dtmf-relay")
ALLOW: Header = ("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO")
_REASONS = {200: "OK", 480: "Temporarily Unavailable", 486: "Busy Here", 487: "Request Terminated", 603: "Decline"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """What a call needs of its phone."""

    name: str
    transactions: Transactions
    spawn: Spawn
    host: str
    contact: str
    credentials: Credentials | None
    codecs: tuple[Codec, ...]
    sound: Sound
    """What it says once the call is up."""


@dataclass(slots=True, eq=False, kw_only=True)
class Call(Course, Listening, Speaking):
    """A call from the INVITE on; made by Phone."""

    equipment: Equipment
    dialog: Dialog
    invite: Request
    """The first INVITE, to look at its headers."""
    first_hop: Address
    """Where the INVITE goes, or came from."""
    taken: Taken | None = None
    """The INVITE of a call that came in."""
    responses: list[tuple[float, int]] = field(default_factory=list)
    """Every response to our INVITE: when, and its status."""
    info_keys: str = ""
    """Keys the other side pressed by SIP INFO."""
    _provisional: asyncio.Event = field(default_factory=asyncio.Event)
    _cancelled: bool = False
    _agreement: Agreement = field(init=False, repr=False)
    _asking: bool = False
    _changed: list[Taken] = field(default_factory=list)
    """Their re-INVITEs."""

    def __post_init__(self) -> None:
        phone = self.equipment
        self._agreement = Agreement(host=phone.host, codecs=phone.codecs, line=self.line, sound=phone.sound)

    # ---- what is known of it

    @property
    def name(self) -> str:
        """The phone's name."""
        return self.equipment.name

    @property
    def caller(self) -> Party:
        """From, as it was sent."""
        return read_party(self.invite.need("from"))

    @property
    def dialled(self) -> str:
        """The number in the request."""
        return user_of(self.invite.uri)

    # ---- doing

    def ring(self) -> None:
        """Say that the phone rings (180)."""
        assert self.taken is not None
        if not self._ended.is_set() and not self._answered.is_set():
            self._respond(self.taken, 180, "Ringing")
            self.times.ringing = self.times.ringing or _now()
            self._ringing.set()

    async def answer(self, *, within: float = 5.0) -> float:
        """Lift the receiver and wait for the ACK; gives the time of our 200."""
        self.answer_at_once()
        if not self._answered.is_set():
            raise CallEndedError(f"{self.name}: the call ended before it was answered")
        assert self.taken is not None
        acknowledged = self.equipment.transactions.until_acknowledged(self.taken)
        await in_time(acknowledged, within=within, what=f"{self.name}: the answer was not acknowledged")
        assert self.times.answered is not None
        return self.times.answered

    def answer_at_once(self) -> None:
        """Lift the receiver; does nothing when the call has ended."""
        assert self.taken is not None
        if self._ended.is_set() or self._answered.is_set():
            return
        try:
            session = self._agreement.answer(self.taken.request.body)
        except NoCommonSoundError:
            self.refuse(488)
            return
        self._respond(self.taken, 200, "OK", headers=(_SDP, ALLOW), body=session.write())
        self.times.answered = _now()
        self._answered.set()
        self.equipment.spawn(self._until_acknowledged(self.taken))

    def refuse(self, status: int = 486) -> None:
        """Refuse the call: 486 busy, 603 declined, any other."""
        assert self.taken is not None
        if not self._ended.is_set() and not self._answered.is_set():
            self._respond(self.taken, status, _REASONS.get(status, "Refused"))
            self._end(by=Side.HERE, how=str(status))

    async def hang_up(self) -> None:
        """End the call in whatever state it is: BYE, CANCEL, or 480 to a call that rings here."""
        if self._ended.is_set():
            return
        if self._answered.is_set():
            self._end(by=Side.HERE, how="BYE")
            with contextlib.suppress(NoResponseError):
                await self._ask("BYE")
        elif self.taken is not None:
            self.refuse(480)
        else:
            await self._cancel()

    async def hold(self, *, keeps_sending: bool = False) -> None:
        """Press the hold button: a re-INVITE with sendonly, after which most phones also stop sending."""
        await self._change_direction(Direction.SEND)
        self.line.sends = keeps_sending

    async def resume(self) -> None:
        """Press it again."""
        await self._change_direction(Direction.BOTH)
        self.line.sends = True

    async def presses_by_info(self, keys: str) -> None:
        """Press keys by SIP INFO; raises RefusedRequestError."""
        for key in keys:
            body = f"Signal={key}\r\nDuration=160\r\n".encode()
            response = await self._ask("INFO", headers=(_INFO,), body=body)
            if not response.is_success:
                raise RefusedRequestError(f"{self.name}: INFO was answered {response.status}")

    # ---- our call, from INVITE to ACK

    async def place(self) -> None:
        """Carry the INVITE through; the phone runs this as a task of its own."""
        try:
            answered = await self._invite_with_credentials()
        except NoResponseError:
            self._end(by=Side.THERE, how="no response")
            return
        response = answered.response
        if not response.is_success:
            if self._cancelled and response.status == 487:  # noqa: PLR2004 - Request Terminated
                self._end(by=Side.HERE, how="CANCEL", at=answered.arrived)
            else:
                self._end(by=Side.THERE, how=str(response.status), at=answered.arrived)
            return
        self.dialog.learn(response)
        self._acknowledge()
        try:
            self._agreement.connect(read_session(response.body))
        except NoCommonSoundError:
            self._cancelled = True
        self.times.answered = answered.arrived
        self._answered.set()
        if self._cancelled:
            await self.hang_up()

    async def _invite_with_credentials(self) -> Answered:
        answered = await self.equipment.transactions.ask(
            self.invite, self.first_hop, when_provisional=self._note_provisional
        )
        self.responses.append((answered.arrived, answered.response.status))
        if (proof := self._proof(self.invite, answered.response)) is None or self._cancelled:
            return answered
        self.dialog.sent += 1
        self.dialog.remote_tag = None
        self.invite = said_again(self.invite, proof, cseq=self.dialog.sent, via=self.equipment.transactions.new_via())
        answered = await self.equipment.transactions.ask(
            self.invite, self.first_hop, when_provisional=self._note_provisional
        )
        self.responses.append((answered.arrived, answered.response.status))
        return answered

    def _note_provisional(self, answered: Answered) -> None:
        self.responses.append((answered.arrived, answered.response.status))
        self._provisional.set()
        if answered.response.status == 100:  # noqa: PLR2004 - Trying
            self.times.trying = self.times.trying or answered.arrived
            return
        self.dialog.learn(answered.response)
        if self.times.ringing is None:
            self.times.ringing = answered.arrived
            self._ringing.set()

    def _acknowledge(self) -> None:
        ack = self.dialog.request("ACK", via=self.equipment.transactions.new_via(), cseq=self.dialog.sent)
        self.equipment.transactions.acknowledge(ack, self.dialog.next_hop)

    async def _cancel(self) -> None:
        """Take the call back; an answer that crosses is acknowledged and hung up by `place`."""
        self._cancelled = True
        if not self.responses:
            # Before any response a CANCEL could arrive first (RFC 3261, 9.1).
            async with asyncio.timeout(GIVE_UP):
                waits = [asyncio.ensure_future(event.wait()) for event in (self._provisional, self._ended)]
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                for wait in waits:
                    wait.cancel()
        if self._ended.is_set() or self._answered.is_set():
            return
        kept = ("via", "from", "to", "call-id", "max-forwards", "route")
        headers = tuple(header for header in self.invite.headers if header[0].lower() in kept)
        cancel = replace(
            self.invite, method="CANCEL", headers=(*headers, ("CSeq", f"{self.invite.cseq} CANCEL")), body=b""
        )
        with contextlib.suppress(NoResponseError):
            await self.equipment.transactions.ask(cancel, self.first_hop)

    # ---- what the other side asks inside the call

    def take(self, taken: Taken) -> None:
        """Act on a request that belongs to this call."""
        request = taken.request
        match request.method:
            case "ACK":
                self._take_ack(request)
            case "BYE":
                self._respond(taken, 200, "OK")
                self._end(by=Side.THERE, how="BYE", at=taken.arrived)
            case "INVITE":
                self._take_new_session(taken)
            case "INFO":
                self._respond(taken, 200, "OK")
                self.info_keys += _info_key(request.body)
            case "OPTIONS":
                self._respond(taken, 200, "OK", headers=(ALLOW,))
            case _:
                self._respond(taken, 501, "Not Implemented")

    def take_cancel(self, taken: Taken) -> None:
        """Act on the CANCEL of the INVITE that made this call."""
        self._respond(taken, 200, "OK")
        if self.taken is not None and not self._answered.is_set() and not self._ended.is_set():
            self._respond(self.taken, 487, "Request Terminated")
            self._end(by=Side.THERE, how="CANCEL", at=taken.arrived)

    def _take_ack(self, request: Request) -> None:
        if self.taken is not None and request.cseq == self.taken.request.cseq:
            self.equipment.transactions.note_acknowledged(self.taken)
        for invite in self._changed:
            if invite.request.cseq == request.cseq:
                self.equipment.transactions.note_acknowledged(invite)
        if request.body:
            with contextlib.suppress(NoCommonSoundError):
                self._agreement.connect(read_session(request.body))

    def _take_new_session(self, taken: Taken) -> None:
        if self._asking:
            self._respond(taken, 491, "Request Pending")
            return
        try:
            session = self._agreement.answer(taken.request.body)
        except NoCommonSoundError:
            self._respond(taken, 488, "Not Acceptable Here")
            return
        self._changed.append(taken)
        self._respond(taken, 200, "OK", headers=(_SDP, ALLOW), body=session.write())

    # ---- the parts of it

    async def _change_direction(self, direction: Direction) -> None:
        self._asking = True
        try:
            session = self._agreement.offer(direction)
            response = await self._ask("INVITE", headers=(_SDP, ALLOW), body=session.write())
            if not response.is_success:
                raise RefusedRequestError(f"{self.name}: {direction} was answered {response.status}")
            self._agreement.direction = direction
            self._acknowledge()
            self._agreement.connect(read_session(response.body))
        finally:
            self._asking = False

    async def _ask(self, method: str, *, headers: tuple[Header, ...] = (), body: bytes = b"") -> Response:
        transactions = self.equipment.transactions
        request = self.dialog.request(method, via=transactions.new_via(), headers=headers, body=body)
        answered = await transactions.ask(request, self.dialog.next_hop)
        if (proof := self._proof(request, answered.response)) is not None:
            self.dialog.sent += 1
            request = said_again(request, proof, cseq=self.dialog.sent, via=transactions.new_via())
            answered = await transactions.ask(request, self.dialog.next_hop)
        return answered.response

    def _proof(self, request: Request, response: Response) -> Header | None:
        return proof_for(request, response, self.equipment.credentials)

    def _respond(
        self, taken: Taken, status: int, reason: str, *, headers: tuple[Header, ...] = (), body: bytes = b""
    ) -> None:
        response = self.dialog.answer(taken.request, status, reason, headers=headers, body=body)
        self.equipment.transactions.respond(taken, response)

    async def _until_acknowledged(self, taken: Taken) -> None:
        await asyncio.sleep(GIVE_UP)
        if not self.equipment.transactions.acknowledged(taken) and self.is_up:
            await self.hang_up()


def _info_key(body: bytes) -> str:
    """Give the key of an application/dtmf-relay body; nothing when there is none."""
    for line in body.decode("utf-8", "replace").splitlines():
        name, _, value = line.partition("=")
        if name.strip().lower() == "signal" and value.strip() in set(KEYS):
            return value.strip()
    return ""


def _now() -> float:
    return time.monotonic()
