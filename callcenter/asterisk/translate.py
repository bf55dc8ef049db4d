"""AMI events into the hotline's own words. Pure: (headers, table) in, telephony events out, only the table changes.

Which event is the truth of what is in the shared facts on queueing: a talk is two BridgeEnter, a leg's end is its own
channel's Hangup and cause, and nothing is taken from the queue's own events.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

from callcenter.asterisk.ami import Headers
from callcenter.asterisk.channels import TRUNK, Channel, ChannelTable, EndedBy, Kind, endpoint_of, seat_of
from callcenter.asterisk.presence import change_of_presence
from callcenter.domain.calls import LegKind
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.telephony import (
    Arrived,
    CallerInFallback,
    CallerLeft,
    CallerUp,
    CallerWaits,
    CodeDialled,
    Ending,
    FlowAsked,
    GradeAsked,
    GradeGiven,
    LegAnswered,
    LegDialled,
    LegEnded,
    LegRang,
    LineFreed,
    LineTaken,
    PartyHeld,
    PartyJoined,
    PartyLeft,
    PartyResumed,
    PhoneSeen,
    RecallDialled,
    RecallOver,
    TalkOver,
    TelephonyEvent,
    VoiceBegan,
)

NOBODY = frozenset({"", "<unknown>", "unknown", "anonymous", "restricted", "unavailable", "private"})
LONGEST_NUMBER = 64  # longer than any number; what else stands there is a caller's own text
GRADE_KEYS = frozenset("12345")
STAR_CODES = frozenset({"*1", "*2", "*3"})
RINGING, UP = "5", "6"  # ChannelState
SIGNS_OF_LIFE = frozenset({"RINGING", "PROGRESS"})  # 180, and 183
CALLED = (Kind.SEAT, Kind.UNIT)

# Q.850 causes, as Asterisk gives them for SIP answers (res_pjsip hangup_sip2cause)
BUSY = "17"
REFUSED = "21"
NO_ANSWER = frozenset({"18", "19"})
CALLED_OFF = frozenset({"0", "16", "26"})  # hung up by the calling side, which gives no cause; answered elsewhere

_QUOTED_NAME = re.compile(r'"(?:[^"\\]|\\.)*"?')  # a name may hold whatever its owner wrote into it
_ASSERTED = re.compile(r"(?:^|[<,\s])(?:sips?|tel):(\+?[0-9][0-9().\-]*)(?=[@;>,\s]|$)", re.IGNORECASE)


def translate(headers: Headers, table: ChannelTable) -> list[TelephonyEvent]:
    """Say in our words what one AMI event means; most mean nothing to us.

    Raises:
        ValueError: an event without Asterisk's time; manager.conf must say `timestampevents = yes`.

    """
    handler = HANDLERS.get(headers.get("Event", ""))
    return [] if handler is None else handler(headers, table)


def time_of(headers: Headers) -> datetime:
    """Read Asterisk's own time of an event (seconds.microseconds)."""
    seconds, _, fraction = headers.get("Timestamp", "").partition(".")
    if not seconds.isdecimal() or not (fraction.isdecimal() or not fraction):
        raise ValueError("an AMI event carries no time: manager.conf lacks timestampevents = yes")
    return datetime.fromtimestamp(int(seconds), UTC) + timedelta(microseconds=int(fraction.ljust(6, "0")[:6]))


def number_of(headers: Headers, *, asserted: str = "") -> str | None:
    """Read who calls, as the network gave it; the text is a stranger's and may be anything.

    `asserted` is the network's P-Asserted-Identity as the dialplan hands it on, percent-encoded. Asterisk reads that
    header only where it names one party; many networks name the same one as `sip:` and as `tel:`.
    """
    number = _asserted_number(unquote(asserted)) or headers.get("CallerIDNum", "").strip()
    if number.lower() in NOBODY or len(number) > LONGEST_NUMBER or not number.isprintable():
        return None
    return number


def _asserted_number(identities: str) -> str | None:
    """Give the first number among the parties that a network asserts; None where there is none."""
    addresses = _QUOTED_NAME.sub("", identities)
    return next((found[1] for found in _ASSERTED.finditer(addresses)), None)


def _new_channel(headers: Headers, table: ChannelTable) -> list[TelephonyEvent]:
    uniqueid, name, at = headers.get("Uniqueid", ""), headers.get("Channel", ""), time_of(headers)
    channel = table.get(uniqueid)
    if channel is not None and channel.name is not None:
        return []  # told by the lists already
    if channel is None:
        channel = table.add(_stranger(uniqueid, name, headers, table))
    channel.name, channel.made, channel.linkedid = name, at, headers.get("Linkedid")
    if channel.kind is Kind.UNIT and channel.call_id is not None and channel.leg_id is not None:
        channel.told = True
        return [
            LegDialled(at=at, call_id=channel.call_id, leg_id=channel.leg_id, seat=None, kind=LegKind.UNIT),
        ]
    if channel.kind is not Kind.SEAT or channel.seat is None:
        return []
    if channel.call_id is None or channel.leg_id is None:
        channel.told = True
        return [LineTaken(at=at, seat=channel.seat, channel=uniqueid)]
    channel.told = True
    return [LegDialled(at=at, call_id=channel.call_id, leg_id=channel.leg_id, seat=channel.seat)]


def _stranger(uniqueid: str, name: str, headers: Headers, table: ChannelTable) -> Channel:
    """Find out what a channel is that we did not ask for."""
    if endpoint_of(name) == TRUNK:
        seat_leg = table.get(headers.get("Linkedid", ""))
        if seat_leg is not None and seat_leg.calls_back is not None and seat_leg.call_id is not None:
            return Channel(uniqueid=uniqueid, kind=Kind.RECALLED, call_id=seat_leg.call_id)
        return Channel(uniqueid=uniqueid, kind=Kind.OTHER, caller_number=number_of(headers))
    seat = seat_of(name)
    if seat is None:
        return Channel(uniqueid=uniqueid, kind=Kind.OTHER)
    call_id = table.call_of(headers.get("Linkedid", ""))
    if call_id is None:  # the phone's own call
        return Channel(uniqueid=uniqueid, kind=Kind.SEAT, seat=seat)
    return Channel(uniqueid=uniqueid, kind=Kind.SEAT, seat=seat, call_id=call_id, leg_id=LegId(uniqueid))


def _new_state(headers: Headers, table: ChannelTable) -> list[TelephonyEvent]:
    channel = table.get(headers.get("Uniqueid", ""))
    if channel is None:
        return []
    if headers.get("ChannelState") == RINGING:
        return _rang(channel, time_of(headers))
    if headers.get("ChannelState") == UP:
        return _answered(channel, table, time_of(headers))
    return []


def _dial_state(headers: Headers, table: ChannelTable) -> list[TelephonyEvent]:
    channel = table.get(headers.get("DestUniqueid", ""))
    if channel is None or headers.get("DialStatus") not in SIGNS_OF_LIFE:
        return []
    return _rang(channel, time_of(headers))


def _rang(channel: Channel, at: datetime) -> list[TelephonyEvent]:
    if channel.kind not in CALLED or channel.rang or channel.call_id is None or channel.leg_id is None:
        return []
    channel.rang = True
    return [LegRang(at=at, call_id=channel.call_id, leg_id=channel.leg_id)]


def _answered(channel: Channel, table: ChannelTable, at: datetime) -> list[TelephonyEvent]:
    if channel.up:
        return []
    channel.up = True
    if channel.kind is Kind.RECALLED and channel.call_id is not None:
        table.name_caller(channel, channel.call_id)
    if channel.call_id is None or channel.leg_id is None:
        return []
    if channel.kind is Kind.CALLER:
        return [CallerUp(at=at, call_id=channel.call_id)]
    if channel.kind in CALLED:
        return [LegAnswered(at=at, call_id=channel.call_id, leg_id=channel.leg_id)]
    return []


def _originate_response(headers: Headers, table: ChannelTable) -> list[TelephonyEvent]:
    channel = table.get(headers.get("Uniqueid", ""))
    if channel is None:
        return []
    if headers.get("Response") == "Success":
        return _answered(channel, table, time_of(headers))
    if channel.name is not None:
        return []  # its Hangup tells why, within a millisecond
    table.remove_never_came(channel.uniqueid)  # no channel was ever made: the phone is not registered
    return _leg_ended(channel, Ending.FAILED, at=time_of(headers), by_itself=False)


def _bridge(headers: Headers, table: ChannelTable, event: type[PartyJoined | PartyLeft]) -> list[TelephonyEvent]:
    channel = table.get(headers.get("Uniqueid", ""))
    if channel is None or channel.call_id is None or channel.leg_id is None:
        return []
    if channel.kind not in (Kind.CALLER, *CALLED):
        return []
    if event is PartyJoined:
        channel.joined = True
    talk = headers.get("BridgeUniqueid", "")
    return [event(at=time_of(headers), call_id=channel.call_id, leg_id=channel.leg_id, talk=talk)]


def _hold(headers: Headers, table: ChannelTable, event: type[PartyHeld | PartyResumed]) -> list[TelephonyEvent]:
    channel = table.get(headers.get("Uniqueid", ""))
    if channel is None or channel.call_id is None or channel.leg_id is None:
        return []
    channel.held = event is PartyHeld
    return [event(at=time_of(headers), call_id=channel.call_id, leg_id=channel.leg_id)]


def _asked_to_end(headers: Headers, table: ChannelTable, by: EndedBy) -> list[TelephonyEvent]:
    """Keep who asked first: Asterisk adds a SoftHangupRequest of its own to a HangupRequest."""
    channel = table.get(headers.get("Uniqueid", ""))
    if channel is not None and channel.ended_by is None:
        channel.ended_by = by
    return []


def _hangup(headers: Headers, table: ChannelTable) -> list[TelephonyEvent]:
    channel = table.remove(headers.get("Uniqueid", ""))
    if channel is None:
        return []
    at = time_of(headers)
    by_itself = channel.ended_by is EndedBy.ITSELF
    if channel.kind is Kind.CALLER and channel.call_id is not None:
        return [CallerLeft(at=at, call_id=channel.call_id, by_itself=by_itself)]
    if channel.kind is Kind.SEAT and channel.call_id is None and channel.seat is not None:
        return [LineFreed(at=at, seat=channel.seat, channel=channel.uniqueid)]
    ending = _ending(channel, headers.get("Cause", ""), by_itself=by_itself)
    return _leg_ended(channel, ending, at=at, by_itself=by_itself)


def _ending(channel: Channel, cause: str, *, by_itself: bool) -> Ending:
    if channel.joined:
        return Ending.NORMAL
    if channel.unwanted:
        return Ending.CANCELLED
    if channel.up:  # answered, and no talk came of it: the caller had gone, or the operator put down at once
        return Ending.REFUSED if by_itself else Ending.CANCELLED
    if cause == BUSY:
        return Ending.BUSY
    if cause == REFUSED:
        return Ending.REFUSED
    if cause in NO_ANSWER:
        return Ending.NO_ANSWER if channel.rang else Ending.FAILED
    if cause in CALLED_OFF:
        return Ending.CANCELLED
    return Ending.FAILED


def _leg_ended(channel: Channel, ending: Ending, *, at: datetime, by_itself: bool) -> list[TelephonyEvent]:
    if channel.kind not in CALLED or channel.call_id is None or channel.leg_id is None:
        return []
    return [LegEnded(at=at, call_id=channel.call_id, leg_id=channel.leg_id, ending=ending, by_itself=by_itself)]


def _user_event(headers: Headers, table: ChannelTable) -> list[TelephonyEvent]:
    name, at = headers.get("UserEvent"), time_of(headers)
    if name == "Star":
        return _star(headers, at)
    if name == "Arrived":
        return _arrived(headers, table, at)
    if name in ("Recalling", "RecallOver"):
        return _recall(name, headers, table, at)
    call_id = _caller_of(headers, table)
    if call_id is None:
        return []
    match name:
        case "Voice":
            return [VoiceBegan(at=at, call_id=call_id)]
        case "Waiting":
            return [CallerWaits(at=at, call_id=call_id, since=_since(headers, at))]
        case "Degraded":
            return [CallerInFallback(at=at, call_id=call_id, since=_since(headers, at))]
        case "After":
            return [TalkOver(at=at, call_id=call_id)]
        case "GradeAsked":
            return [GradeAsked(at=at, call_id=call_id)]
        case "GradeGiven" if (grade := grade_of(headers.get("Grade", ""))) is not None:
            return [GradeGiven(at=at, call_id=call_id, grade=grade)]
        case _:
            return []


def _arrived(headers: Headers, table: ChannelTable, at: datetime) -> list[TelephonyEvent]:
    """Take in a caller. The dialplan's word comes a moment after his channel, whose time is t0."""
    uniqueid, case = headers.get("Uniqueid", ""), headers.get("CaseId", "")
    if not uniqueid or not case or table.caller(CallId(case)) is not None:
        return []
    channel = table.get(uniqueid) or table.add(Channel(uniqueid=uniqueid, kind=Kind.OTHER))
    channel.name = headers.get("Channel", channel.name or "")
    channel.caller_number = number_of(headers, asserted=headers.get("Asserted", ""))
    table.name_caller(channel, CallId(case))
    return [
        Arrived(
            at=channel.made or at,
            call_id=CallId(case),
            caller=channel.caller_number,
            recording=headers.get("Recording") or None,
        )
    ]


def _recall(name: str, headers: Headers, table: ChannelTable, at: datetime) -> list[TelephonyEvent]:
    """Take the attempt from the seat's channel that dials, never from the words of the event."""
    seat_leg = table.get(headers.get("Uniqueid", ""))
    if seat_leg is None or seat_leg.calls_back is None or seat_leg.call_id is None:
        return []
    if name == "Recalling":
        recording = headers.get("Recording") or None
        leg_id = LegId(seat_leg.uniqueid)
        return [RecallDialled(at=at, call_id=seat_leg.call_id, leg_id=leg_id, recording=recording)]
    ending = recall_ending(status=headers.get("Status", ""), cause=headers.get("Cause", ""))
    return [RecallOver(at=at, call_id=seat_leg.call_id, ending=ending)]


def recall_ending(*, status: str, cause: str) -> Ending:
    """Say why he was not reached: from the network's cause first, since Dial has one word for many of them."""
    if cause == REFUSED:
        return Ending.REFUSED
    if cause == BUSY or status == "BUSY":
        return Ending.BUSY
    return Ending.NO_ANSWER if status == "NOANSWER" or cause in NO_ANSWER else Ending.FAILED


def grade_of(key: str) -> int | None:
    """Read the grade that a key stands for; None for a key that stands for none."""
    return int(key) if key in GRADE_KEYS else None


def _caller_of(headers: Headers, table: ChannelTable) -> CallId | None:
    channel = table.get(headers.get("Uniqueid", ""))
    return channel.call_id if channel is not None and channel.kind is Kind.CALLER else None


def _since(headers: Headers, at: datetime) -> int:
    since = headers.get("Since", "")
    return int(since) if since.isdecimal() else int(at.timestamp())


def _star(headers: Headers, at: datetime) -> list[TelephonyEvent]:
    """Take the seat from the channel that dialled, never from the words of the event."""
    seat, code = seat_of(headers.get("Channel", "")), headers.get("Code", "")
    if seat is None or code not in STAR_CODES or headers.get("Context") != "seat-in":
        return []
    return [CodeDialled(at=at, seat=seat, code=code)]


def _flow_asked(headers: Headers, table: ChannelTable) -> list[TelephonyEvent]:
    call_id = _caller_of(headers, table)
    return [] if call_id is None else [FlowAsked(at=time_of(headers), call_id=call_id)]


def _presence(headers: Headers, table: ChannelTable) -> list[TelephonyEvent]:
    if (changed := change_of_presence(headers, table)) is None:
        return []
    seat, registered = changed
    return [PhoneSeen(at=time_of(headers), seat=seat, registered=registered)]


Handler = Callable[[Headers, ChannelTable], list[TelephonyEvent]]

HANDLERS: Mapping[str, Handler] = {
    "Newchannel": _new_channel,
    "Newstate": _new_state,
    "DialState": _dial_state,
    "OriginateResponse": _originate_response,
    "BridgeEnter": lambda headers, table: _bridge(headers, table, PartyJoined),
    "BridgeLeave": lambda headers, table: _bridge(headers, table, PartyLeft),
    "Hold": lambda headers, table: _hold(headers, table, PartyHeld),
    "Unhold": lambda headers, table: _hold(headers, table, PartyResumed),
    "HangupRequest": lambda headers, table: _asked_to_end(headers, table, EndedBy.ITSELF),
    "SoftHangupRequest": lambda headers, table: _asked_to_end(headers, table, EndedBy.US),
    "Hangup": _hangup,
    "UserEvent": _user_event,
    "AsyncAGIStart": _flow_asked,
    "ContactStatus": _presence,
    "DeviceStateChange": _presence,
}
