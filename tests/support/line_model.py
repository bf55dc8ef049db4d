"""A small Asterisk in memory: it carries wishes out as the dialplan does, and tells of it later, when the test lets it.

It knows bridges, the places of the dialplan that a talk of three goes through, and what becomes of whoever is left
alone. A wish acts on what is, an event tells what was: between the two anybody may act, as on a real line.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from callcenter.domain import telephony as t
from callcenter.domain import wishes as w
from callcenter.domain.calls import LegKind
from callcenter.domain.errors import NotFoundError, RefusedError, UnavailableError
from callcenter.domain.exchange import Command
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.telephony import Ending
from tests.support.exchange_story import SEATS, Story

BRIDGE = "bridge"


@dataclass(slots=True, eq=False)
class Channel:
    """One phone's connection, or the music's."""

    id: LegId
    call: CallId
    kind: str
    seat: str | None = None
    place: str = "ringing"
    """A context of the dialplan, `bridge`, or `gone`."""
    bridge: str | None = None
    up: bool = False
    rang: bool = False
    joined: bool = False
    keep: bool = False
    muted: bool = False
    unwanted: bool = False
    after_to: str = "requeue"
    then: str = "hangup"
    """What an answered phone runs: `offer`, `add`, `wait` or `bridge-add`."""


@dataclass(slots=True)
class Line:
    """All channels, the events on their way, and the exchange that hears them."""

    story: Story = field(default_factory=lambda: Story(ready=SEATS))
    channels: dict[LegId, Channel] = field(default_factory=dict)
    events: deque[t.TelephonyEvent] = field(default_factory=deque)
    meetings: list[LegId] = field(default_factory=list)
    """Units that are redirected to the talk in 60 ms."""
    linked: bool = True
    log: list[str] = field(default_factory=list)
    bridges: int = 0

    # ---- what the exchange hears and says

    def deliver(self, count: int = 1) -> None:
        """Let the next events arrive."""
        for _ in range(count):
            if self.events and self.linked:
                event = self.events.popleft()
                self.log.append(f"    hears {event}")
                self.carry_out(self.story.hear(event))

    def settle(self) -> None:
        """Let everything arrive, and what follows from it."""
        while (self.events and self.linked) or self.meetings:
            self.deliver()
            self.bring_units()

    def ask(self, command: Command) -> bool:
        """Ask the exchange; tells whether it was possible."""
        try:
            wishes = self.story.ask(command)
        except (RefusedError, NotFoundError, UnavailableError) as refusal:
            self.log.append(f"refused {command}: {refusal}")
            return False
        self.log.append(f"asked {command}")
        self.carry_out(wishes)
        return True

    def pass_time(self, seconds: float) -> None:
        """Let time pass, also in the dialplan."""
        for channel in list(self.channels.values()):
            if channel.place == "after" and seconds >= 0.3:
                self._after_is_over(channel)
            elif channel.place == "survey" and seconds >= 10.0:
                self._gone(channel, ending=Ending.NORMAL, by_itself=False)
        self.carry_out(self.story.pass_time(seconds))

    def tell(self, event: t.TelephonyEvent) -> None:
        if self.linked:
            self.events.append(event)

    def carry_out(self, wishes: list[w.Wish]) -> None:
        for wish in wishes:
            if self.linked:
                self.log.append(f"    wish {wish}")
                self._carry_out(wish)

    def _carry_out(self, wish: w.Wish) -> None:
        match wish:
            case w.OfferSeat():
                self._dial(wish.call_id, wish.leg_id, "seat", then="offer", seat=wish.seat)
            case w.RingSeatBack():
                self._dial(wish.call_id, wish.leg_id, "seat", then="add", seat=wish.seat)
            case w.DialUnit():
                self._dial(wish.call_id, wish.leg_id, "unit", then="wait" if wish.private else "bridge-add")
            case w.EndLeg():
                self._end(self.channels.get(wish.leg_id))
            case w.EndCall():
                self._end(self.caller(wish.call_id))
            case w.AfterTalk():
                if caller := self.caller(wish.call_id):
                    caller.after_to = wish.then.value
            case w.PlayMusic():
                self._play(wish)
            case w.StopMusic():
                self._end(self.channels.get(wish.music_id))
                if wish.unmute_seat:
                    self._mute(wish.seat_leg, muted=False)
            case w.MeetUnit():
                self._keep(wish.seat_leg, kept=True)
                self._mute(LegId(wish.call_id), muted=True)
                self.meetings.append(wish.unit_leg)
            case w.ParkCaller():
                self._keep(wish.seat_leg, kept=True)
                self._redirect(self.caller(wish.call_id), "park")
            case w.JoinCaller():
                if caller := self.caller(wish.call_id):
                    caller.after_to = "requeue"
                    self._redirect(caller, "add", target=wish.seat_leg)
            case w.ReturnToLine():
                self._mute(LegId(wish.call_id), muted=False)
                self._redirect(self.caller(wish.call_id), "waiting")
            case w.KeepSeat():
                self._keep(wish.leg_id, kept=wish.kept)
            case w.SendSeatOut():
                self._redirect(self.channels.get(wish.leg_id), "seat-out")
            case w.BringSeatIn():
                self._keep(wish.leg_id, kept=True)
                self._redirect(self.channels.get(wish.leg_id), "add", target=LegId(wish.call_id))
            case w.GiveCallerBack():
                self._redirect(self.channels.get(wish.seat_leg), "offer", target=LegId(wish.call_id))
            case w.MuteLeg():
                self._mute(wish.leg_id, muted=wish.muted)
            case _:
                pass

    # ---- what people do

    def arrives(self, call: str) -> None:
        """A citizen calls, and waits for a person."""
        if LegId(call) in self.channels or self.story.exchange.call(call) is not None or call in self.story.folded:
            return
        channel = Channel(id=LegId(call), call=CallId(call), kind="caller", place="ivr", up=True)
        self.channels[channel.id] = channel
        self.tell(t.Arrived(at=self.at, call_id=channel.call, caller="13800000001", recording=f"{call}.raw"))
        self.tell(t.CallerUp(at=self.at, call_id=channel.call))
        self._enter(channel, "waiting")

    def rings(self, leg: LegId) -> None:
        """A phone rings."""
        channel = self.channels.get(leg)
        if channel is not None and channel.place == "ringing" and not channel.rang:
            channel.rang = True
            self.tell(t.LegRang(at=self.at, call_id=channel.call, leg_id=leg))

    def answers(self, leg: LegId) -> None:
        """A phone is picked up."""
        channel = self.channels.get(leg)
        if channel is None or channel.place != "ringing":
            return
        channel.up = True
        self.tell(t.LegAnswered(at=self.at, call_id=channel.call, leg_id=leg))
        if channel.then == "wait":
            self._enter(channel, "unit-wait")
        else:
            self._enter(channel, "add" if channel.then == "bridge-add" else channel.then, target=LegId(channel.call))

    def refuses(self, leg: LegId, ending: Ending) -> None:
        """A phone is busy, declined, or rings in vain."""
        channel = self.channels.get(leg)
        if channel is not None and channel.place == "ringing":
            self._gone(channel, ending=ending, by_itself=False)

    def hangs_up(self, leg: LegId, *, lost: bool = False) -> None:
        """Somebody hangs up, or his phone is found to be dead."""
        channel = self.channels.get(leg)
        if channel is not None and channel.up:
            self._gone(channel, ending=Ending.NORMAL, by_itself=not lost)

    def grades(self, call: CallId, grade: int) -> None:
        """A caller who is asked for a grade presses one."""
        caller = self.caller(call)
        if caller is not None and caller.place == "survey":
            self.tell(t.GradeGiven(at=self.at, call_id=call, grade=grade))
            self._gone(caller, ending=Ending.NORMAL, by_itself=False)

    def bring_units(self) -> None:
        """The 60 ms after a mute are over."""
        meetings, self.meetings = self.meetings, []
        for leg in meetings:
            unit = self.channels.get(leg)
            if unit is not None and not unit.unwanted and self.caller(unit.call) is not None:
                self._redirect(unit, "add", target=LegId(unit.call))

    # ---- absences

    def link_breaks(self) -> None:
        """Nothing is heard any more, and nothing can be done."""
        if self.linked:
            self.linked = False
            self.events.clear()
            self.meetings.clear()
            self.story.hear(t.LinkLost(at=self.at))

    def link_is_back(self) -> None:
        """Asterisk lists what it has."""
        if self.linked:
            return
        self.linked = True
        calls = tuple(self._found(channel) for channel in self.channels.values() if channel.kind == "caller")
        event = t.LinkRestored(at=self.at, calls=calls, seats_registered=frozenset(SEATS))
        self.log.append(f"    hears {event}")
        wishes = self.story.hear(event)
        for channel in list(self.channels.values()):  # as the telephone does
            orphan = channel.kind != "caller" and self.caller(channel.call) is None
            if orphan or (channel.kind == "music" and channel.unwanted):
                self._end(channel)
            elif channel.kind != "caller" and channel.rang and channel.place == "ringing":
                wishes += self.story.hear(t.LegRang(at=self.at, call_id=channel.call, leg_id=channel.id))
        self.carry_out(wishes)

    def dies(self) -> None:
        """The controller ends, and another one begins."""
        if self.linked:
            self.link_breaks()
            for channel in self.channels.values():
                channel.unwanted = channel.kind == "music"  # nobody knows its id any more
            self.story.starts_anew()

    def _found(self, caller: Channel) -> t.CallFound:
        places = {"waiting": t.Place.WAITING, "park": t.Place.PARKED, "survey": t.Place.SURVEY, BRIDGE: t.Place.TALK}
        legs = tuple(
            t.LegFound(
                leg_id=channel.id,
                seat=channel.seat,
                answered=channel.up,
                talk=channel.bridge,
                kind=LegKind(channel.kind),
                private=channel.then == "wait",
            )
            for channel in self.channels.values()
            if channel.call == caller.call and channel.kind in ("seat", "unit")
        )
        return t.CallFound(
            call_id=caller.call,
            caller="13800000001",
            arrived=self.at,
            answered=True,
            since=int(self.at.timestamp()),
            place=places.get(caller.place, t.Place.OTHER),
            talk=caller.bridge,
            legs=legs,
            recording=None,
        )

    # ---- Asterisk itself

    @property
    def at(self) -> datetime:
        """Now, by Asterisk's clock."""
        return self.story.at

    def caller(self, call: CallId) -> Channel | None:
        return self.channels.get(LegId(call))

    def members(self, bridge: str | None) -> list[Channel]:
        """Who is in a bridge, the music too."""
        return [channel for channel in self.channels.values() if bridge is not None and channel.bridge == bridge]

    def _dial(self, call: CallId, leg: LegId, kind: str, *, then: str, seat: str | None = None) -> None:
        if self.caller(call) is None:
            end = t.LegEnded(at=self.at, call_id=call, leg_id=leg, ending=Ending.CANCELLED, by_itself=False)
            self.tell(end)
            return
        self.channels[leg] = Channel(id=leg, call=call, kind=kind, seat=seat, then=then)
        self.tell(t.LegDialled(at=self.at, call_id=call, leg_id=leg, seat=seat, kind=LegKind(kind)))

    def _play(self, wish: w.PlayMusic) -> None:
        caller, seat = self.caller(wish.call_id), self.channels.get(wish.seat_leg)
        if caller is None or seat is None:
            return
        if wish.mute_seat:
            seat.muted = True
        if caller.bridge is not None:
            music = Channel(id=wish.music_id, call=wish.call_id, kind="music", place=BRIDGE, bridge=caller.bridge)
            self.channels[music.id] = music

    def _end(self, channel: Channel | None) -> None:
        if channel is not None:
            channel.unwanted = True
            ending = Ending.NORMAL if channel.joined else Ending.CANCELLED
            self._gone(channel, ending=ending, by_itself=False)

    def _mute(self, leg: LegId, *, muted: bool) -> None:
        if channel := self.channels.get(leg):
            channel.muted = muted

    def _keep(self, leg: LegId, *, kept: bool) -> None:
        if channel := self.channels.get(leg):
            channel.keep = kept

    def _redirect(self, channel: Channel | None, place: str, *, target: LegId | None = None) -> None:
        if channel is not None and channel.up:
            left = channel.bridge
            self._leave(channel)
            channel.place = "moving"
            self._dissolve(left)
            if channel.place == "moving":
                self._enter(channel, place, target=target)

    def _enter(self, channel: Channel, place: str, *, target: LegId | None = None) -> None:
        channel.place = place
        if place == "waiting":
            since = int(self.at.timestamp())
            self.tell(t.CallerWaits(at=self.at, call_id=channel.call, since=since))
        elif place == "park":
            channel.muted = False
        elif place == "survey":
            self.tell(t.GradeAsked(at=self.at, call_id=channel.call))
        elif place == "after":
            self.tell(t.TalkOver(at=self.at, call_id=channel.call))
        elif place == "offer":
            self._offer(channel, self.channels.get(target) if target else None)
        elif place == "add":
            there = self.channels.get(target) if target else None
            if there is not None and there.bridge is not None:
                self._join(channel, there.bridge)
            else:
                self._goes_on(channel)

    def _offer(self, seat: Channel, caller: Channel | None) -> None:
        if caller is None or caller.bridge is not None:
            self._gone(seat, ending=Ending.CANCELLED, by_itself=False)
            return
        self.bridges += 1
        for channel in (caller, seat):
            self._join(channel, f"bridge-{self.bridges}")

    def _join(self, channel: Channel, bridge: str) -> None:
        channel.place, channel.bridge, channel.joined = BRIDGE, bridge, True
        if channel.kind != "music":
            self.tell(t.PartyJoined(at=self.at, call_id=channel.call, leg_id=channel.id, talk=bridge))

    def _leave(self, channel: Channel) -> None:
        if channel.bridge is not None:
            if channel.kind != "music":
                self.tell(t.PartyLeft(at=self.at, call_id=channel.call, leg_id=channel.id, talk=channel.bridge))
            channel.bridge = None

    def _dissolve(self, bridge: str | None) -> None:
        left = self.members(bridge)
        if len(left) == 1:
            self._leave(left[0])
            self._goes_on(left[0])

    def _goes_on(self, channel: Channel) -> None:
        if channel.kind == "caller":
            self._enter(channel, "after")
        elif channel.kind == "seat" and channel.keep:
            self._enter(channel, "seat-out")
        else:
            self._gone(channel, ending=Ending.NORMAL if channel.joined else Ending.CANCELLED, by_itself=False)

    def _after_is_over(self, caller: Channel) -> None:
        if caller.after_to == "end":
            self._gone(caller, ending=Ending.NORMAL, by_itself=False)
        elif caller.after_to == "survey":
            self._enter(caller, "survey")
        else:
            self._enter(caller, "waiting")

    def _gone(self, channel: Channel, *, ending: Ending, by_itself: bool) -> None:
        if channel.place == "gone":
            return
        left = channel.bridge
        self._leave(channel)
        channel.place = "gone"
        del self.channels[channel.id]
        if channel.kind == "caller":
            self.tell(t.CallerLeft(at=self.at, call_id=channel.call, by_itself=by_itself))
        elif channel.kind != "music":
            end = t.LegEnded(at=self.at, call_id=channel.call, leg_id=channel.id, ending=ending, by_itself=by_itself)
            self.tell(end)
        self._dissolve(left)
