"""Carries wishes out on Asterisk and tells what comes of them, always as events."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TypeVar

import structlog
from structlog.contextvars import bound_contextvars

from callcenter.asterisk.agi import GUARD_SECONDS, AgiCaller
from callcenter.asterisk.ami import Answer, Headers
from callcenter.asterisk.channels import Channel, ChannelTable, Kind, far_end
from callcenter.asterisk.link import AmiLink
from callcenter.asterisk.lists import found
from callcenter.asterisk.outbound import CallingBack
from callcenter.asterisk.presence import to_be_asked
from callcenter.asterisk.record import Meanwhile
from callcenter.asterisk.taps import Taps
from callcenter.asterisk.threeway import Calling, ThreeWay, is_refusal
from callcenter.asterisk.translate import CALLED, time_of, translate
from callcenter.domain.errors import CallcenterError, CallerGone, UnavailableError
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.telephony import Ending, LegEnded, LegRang, LineTaken, LinkLost, TelephonyEvent
from callcenter.domain.wishes import (
    AfterTalk,
    Announce,
    BringSeatIn,
    DialBack,
    DialUnit,
    EndCall,
    EndLeg,
    GiveCallerBack,
    JoinCaller,
    KeepSeat,
    ListenForLife,
    MeetUnit,
    MuteLeg,
    MuteRecording,
    OfferSeat,
    ParkCaller,
    PauseInFallback,
    PlayMusic,
    ReturnToLine,
    RingSeatBack,
    SendSeatOut,
    StartFlow,
    StopMusic,
    TakeBack,
    Wish,
)

log = structlog.get_logger(__name__)

QUEUE = "hotline"  # queues.conf
LIFE_SECONDS = 1.0  # 50 packets of sound from a phone that is alive, in silence too
HELD_PATIENCE = 10  # times LIFE_SECONDS: two more OPTIONS to a phone that did not answer one
END_SECONDS = 1.0  # from a leg's own wish to end to its end, with much to spare
MOST_LISTENED = 500  # more phones lost at one moment than a hotline has: the rest is left to rtp_timeout
GUARD_BEATS = 2  # the guard is renewed with every second beat
LONGEST_REASON = 60

PromptT = TypeVar("PromptT")


class Telephone:
    """The hotline's hands on Asterisk, and its ears.

    `on_event` is told every telephony event, in order. `say_files` gives the files of an announcement, joined by `&`.
    `now` is aware UTC wall time, `monotonic` seconds that never step.
    """

    def __init__(
        self,
        link: AmiLink,
        table: ChannelTable,
        *,
        on_event: Callable[[TelephonyEvent], None],
        say_files: Callable[[Announce], str],
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        life_seconds: float = LIFE_SECONDS,
        end_seconds: float = END_SECONDS,
        taps: Taps | None = None,
        record: Callable[[datetime, Collection[CallId]], Awaitable[Meanwhile]] | None = None,
    ) -> None:
        """`record` gives what Asterisk wrote down until then, of these calls and of all that were live; never fails."""
        self._link = link
        self._table = table
        self._on_event = on_event
        self._say_files = say_files
        self._now = now
        self._monotonic = monotonic
        self._life_seconds = life_seconds
        self._end_seconds = end_seconds
        self._calling = Calling(link, table, self._never_came)
        self._calling_back = CallingBack(link, table, self._never_came)
        self._three_way = ThreeWay(link, table, self._calling)
        self._taps = taps
        self._record = record
        self._flows: dict[str, AgiCaller[object]] = {}
        self._listen: asyncio.Queue[ListenForLife] = asyncio.Queue(MOST_LISTENED)
        self._known_until: datetime | None = None
        self._arrival: str | None = None
        self._beats = 0
        link.attach(self)

    async def run(self) -> None:
        """Keep the link, and listen for signs of life where that is wished, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._link.run(), name="ami link")
            while True:
                wish = await self._listen.get()
                tasks.create_task(self._listen_for_life(wish), name="listen for life")

    # What is wished

    def carry_out(self, wish: Wish) -> None:
        """Send the wish on its way, in order; never waits."""
        with bound_contextvars(**self._whose(wish)):
            try:
                self._send_wish(wish)
            except CallcenterError as exc:
                log.warning("a wish could not be carried out", wish=type(wish).__name__, why=str(exc))

    def _whose(self, wish: Wish) -> dict[str, str]:
        """Give the call that a wish is about, for every line of the log that it leads to, also later ones."""
        call_id = getattr(wish, "call_id", None)
        if call_id is None and (leg_id := getattr(wish, "leg_id", None)) is not None:
            leg = self._table.leg(leg_id)
            call_id = None if leg is None else leg.call_id
        return {} if call_id is None else {"call_id": call_id}

    def _send_wish(self, wish: Wish) -> None:
        match wish:
            case OfferSeat() | RingSeatBack():
                self._calling.seat(wish)
            case DialBack():
                self._calling_back.seat(wish)
            case EndLeg():
                self._end(self._table.leg(wish.leg_id))
            case EndCall():
                self._end(self._table.caller(wish.call_id))
            case AfterTalk():
                self._on_caller(wish.call_id, "AFTERTO", wish.then.value)
            case Announce():
                self._on_caller(wish.call_id, "SAY", self._say_files(wish))
            case PlayMusic():
                self._play_music(wish)
            case StopMusic():
                self._stop_music(wish)
            case PauseInFallback():
                self._pause(wish)
            case TakeBack():
                caller = self._table.caller(wish.call_id)
                if caller is not None and caller.name is not None:
                    self._link.send("QueueWithdrawCaller", Queue=QUEUE, Caller=caller.name)
            case ListenForLife():
                if not self._listen.full():
                    self._listen.put_nowait(wish)
            case MuteRecording():
                self._mute_recording(wish)
            case (
                DialUnit()
                | MeetUnit()
                | ParkCaller()
                | JoinCaller()
                | ReturnToLine()
                | KeepSeat()
                | SendSeatOut()
                | BringSeatIn()
                | GiveCallerBack()
                | MuteLeg()
            ):
                self._three_way.carry_out(wish)
            case StartFlow():
                pass  # the office runs the flow, by way of `caller`

    def beat(self, epoch: int) -> None:
        """Tell the dialplan that the one who decides is alive, and keep the callers in living flows."""
        if not self._link.is_ready:
            return
        self._known_until = None  # what waited while the lists were read has been told long since
        self._link.send("Setvar", Variable="CTLBEAT", Value=epoch)
        self._beats += 1
        if self._beats % GUARD_BEATS == 0:
            for uniqueid, flow in self._flows.items():
                if flow.needs_guard:
                    self._guard(self._table.get(uniqueid))

    def look_again(self) -> None:
        """Tell anew what exists (LinkLost, then LinkRestored), because what was told so far was not taken in."""
        self._link.begin_anew("what was told was not taken in")

    def set_arrival(self, policy: str) -> None:
        """Say how callers arrive: `answer` at once, or `ring` for at most 10 s. Kept over a lost link."""
        if policy not in ("answer", "ring"):
            raise ValueError("arrival is answer or ring")
        self._arrival = policy
        if self._link.is_ready:
            self._link.send("Setvar", Variable="ARRIVAL", Value=policy)

    def caller(self, call_id: CallId, *, number: str | None, file_of: Callable[[PromptT], str]) -> AgiCaller[PromptT]:
        """Give the side of a caller who is in the menu. Raises CallerGone."""
        channel = self._table.caller(call_id)
        if channel is None:
            raise CallerGone
        flow = AgiCaller(self._link, channel, number=number, file_of=file_of, monotonic=self._monotonic)
        self._flows[channel.uniqueid] = flow  # type: ignore[assignment]  # only its guard and end are used here
        return flow

    def _never_came(self, call_id: CallId, leg_id: LegId, ending: Ending) -> None:
        """Tell the end of a leg that never began; later, since the wish is still being carried out."""
        event = LegEnded(at=self._now(), call_id=call_id, leg_id=leg_id, ending=ending, by_itself=False)
        asyncio.get_running_loop().call_soon(self._on_event, event)

    def _end(self, channel: Channel | None) -> None:
        if channel is None:
            return
        channel.unwanted = True
        self._link.send("Hangup", Channel=channel.name or channel.uniqueid)

    def _make_sure_of_end(self, channel: Channel) -> None:
        """End a leg whose other side has hung up, and that Asterisk still keeps."""
        if self._table.get(channel.uniqueid) is channel and self._link.is_ready:
            log.warning("Asterisk keeps a leg that has hung up; it is ended", call_id=channel.call_id)
            self._end(channel)

    def _on_caller(self, call_id: CallId, variable: str, value: str) -> None:
        caller = self._table.caller(call_id)
        if caller is not None and caller.name is not None:
            self._link.send("Setvar", Channel=caller.name, Variable=variable, Value=value)

    def _mute(self, leg_id: LegId, *, muted: bool) -> None:
        seat = self._table.leg(leg_id)
        if seat is not None and seat.name is not None and seat.kind is Kind.SEAT:
            self._link.send("Setvar", Channel=seat.name, Variable="MUTEAUDIO(all)", Value="on" if muted else "off")

    def _play_music(self, wish: PlayMusic) -> None:
        caller, seat = self._table.caller(wish.call_id), self._table.leg(wish.seat_leg)
        if caller is None or caller.name is None or seat is None or seat.name is None:
            return
        if wish.mute_seat:
            self._mute(wish.seat_leg, muted=True)
        for half in (wish.music_id, far_end(wish.music_id)):
            self._table.expect(half, Kind.MUSIC, call_id=wish.call_id)
        answer = self._link.send(
            "Originate",
            Channel="Local/s@music/n",
            Application="BridgeAdd",
            Data=caller.name,
            Async="true",
            ChannelId=wish.music_id,
            OtherChannelId=far_end(wish.music_id),
            Variable=[f"__SEAT={seat.name}"],
        )
        answer.add_done_callback(partial(self._music_taken, wish.music_id))

    def _music_taken(self, music_id: LegId, answer: "asyncio.Future[Answer]") -> None:
        if is_refusal(answer):
            log.warning("no music for a hold: Asterisk refused it")
            self._table.remove_never_came(music_id)

    def _stop_music(self, wish: StopMusic) -> None:
        self._end(self._table.get(wish.music_id))
        if wish.unmute_seat:
            self._mute(wish.seat_leg, muted=False)

    def _mute_recording(self, wish: MuteRecording) -> None:
        caller = self._table.caller(wish.call_id)
        if caller is not None and caller.name is not None:
            self._link.send("MixMonitorMute", Channel=caller.name, Direction="both", State=int(wish.muted))

    def _pause(self, wish: PauseInFallback) -> None:
        reason = "".join(mark for mark in wish.reason if mark.isprintable())[:LONGEST_REASON]
        self._link.send(
            "QueuePause",
            Queue=QUEUE,
            Interface=f"PJSIP/{wish.seat}",
            Paused="true" if wish.paused else "false",
            Reason=reason,
        )

    def _guard(self, channel: Channel | None) -> None:
        if channel is not None and channel.name is not None:
            self._link.send("AbsoluteTimeout", Channel=channel.name, Timeout=GUARD_SECONDS)

    async def _listen_for_life(self, wish: ListenForLife) -> None:
        """End the leg of a phone that sends nothing; one on hold may be silent, so it is given time to be seen."""
        try:
            channel = self._table.leg(wish.leg_id)
            if channel is None:
                return
            before = await self._received(channel)
            await asyncio.sleep(self._life_seconds)
            if channel.held and channel.seat is not None:
                await asyncio.sleep(self._life_seconds * HELD_PATIENCE)
                dead = self._table.phone(channel.seat).registered is False
            else:
                after = await self._received(channel)
                dead = before is not None and before == after
            if dead and self._table.leg(wish.leg_id) is channel:
                self._end(channel)
        except UnavailableError:
            log.warning("could not listen for life", call_id=wish.call_id)

    async def _received(self, channel: Channel) -> int | None:
        if channel.name is None:
            return None
        answer = await self._link.act("Getvar", Channel=channel.name, Variable="CHANNEL(rtcp,rxcount)")
        count = answer.headers.get("Value", "")
        return int(count) if count.isdecimal() else None

    # What is heard

    def heard(self, headers: Headers) -> None:
        """Take one AMI event in."""
        if self._known_until is not None and "Timestamp" in headers:
            if time_of(headers) < self._known_until:
                return  # the lists said it already
            self._known_until = None
        name, uniqueid = headers.get("Event"), headers.get("Uniqueid", "")
        if name == "AsyncAGIExec":
            if (flow := self._flows.get(uniqueid)) is not None:
                flow.heard(headers)
            return
        if name in ("AsyncAGIEnd", "Hangup") and (ended := self._flows.pop(uniqueid, None)) is not None:
            ended.ended()
        for event in translate(headers, self._table):
            self._on_event(event)
        if self._taps is not None:
            self._taps.heard(headers)
        channel = self._table.get(uniqueid)
        if name == "AsyncAGIStart":
            self._guard(channel)
        elif name == "Newchannel" and channel is not None and channel.unwanted:
            self._end(channel)  # its end was asked for before it existed
        elif name == "BridgeEnter" and channel is not None and channel.is_ending:
            if self._link.is_ready:
                self._end(channel)  # Asterisk forgets an end that comes as it moves the leg into a talk
        elif name == "HangupRequest" and channel is not None:
            asyncio.get_running_loop().call_later(self._end_seconds, self._make_sure_of_end, channel)
        elif (seat := to_be_asked(headers, self._table)) is not None and self._link.is_ready:
            self._link.send("PJSIPQualify", Endpoint=seat)  # a question too many costs two packets

    async def restored(self) -> None:
        """Take stock after a connection was made, and tell it. Raises UnavailableError."""
        self._end_flows()
        picture = replace(await found(self._link, self._table), is_another=self._link.is_another)
        if self._record is not None:
            meanwhile = await self._record(picture.at, {call.call_id for call in picture.calls})
            picture = replace(
                picture,
                meanwhile=meanwhile.events,
                last_written=meanwhile.last_written,
                unread=meanwhile.unread,
            )
        self._known_until = picture.at
        if self._arrival is not None:
            self.set_arrival(self._arrival)
        self._on_event(picture)
        if self._taps is not None:
            self._taps.restored()
        calls = {call.call_id for call in picture.calls} | {recall.call_id for recall in picture.recalls}
        for channel in self._table:
            self._settle(channel, calls, at=picture.at)

    def _settle(self, channel: Channel, calls: set[CallId], *, at: datetime) -> None:
        """Tell of phones that ring or are busy with something else; end what was left of holds and lost offers."""
        if channel.kind is Kind.MUSIC and channel.unwanted:
            self._end(channel)
            if channel.seat is not None:
                self._link.send("Setvar", Channel=channel.seat, Variable="MUTEAUDIO(all)", Value="off")
        elif channel.kind is Kind.SEAT and channel.seat is not None and channel.call_id not in calls:
            if channel.call_id is not None:
                self._end(channel)  # it rings for nobody, or was kept on the line for a caller who has gone
            channel.call_id = channel.leg_id = None
            self._on_event(LineTaken(at=at, seat=channel.seat, channel=channel.uniqueid))
        elif channel.kind is Kind.UNIT and channel.call_id not in calls:
            self._end(channel)
        elif channel.kind in CALLED and channel.rang and channel.call_id is not None and channel.leg_id is not None:
            self._on_event(LegRang(at=at, call_id=channel.call_id, leg_id=channel.leg_id))

    def lost(self) -> None:
        """Say that Asterisk is not heard any more. Calls may go on without us."""
        self._end_flows()
        self._on_event(LinkLost(at=self._now()))

    def _end_flows(self) -> None:
        flows, self._flows = list(self._flows.values()), {}
        for flow in flows:
            flow.ended()
