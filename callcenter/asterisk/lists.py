"""After an absence of ours: what exists in Asterisk at this moment, from its own lists."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from callcenter.asterisk.ami import Headers
from callcenter.asterisk.channels import TRUNK, Channel, ChannelTable, Kind, endpoint_of, seat_of
from callcenter.asterisk.link import AmiLink
from callcenter.asterisk.presence import PHONE_AWAY
from callcenter.asterisk.translate import RINGING, UP, number_of, time_of
from callcenter.domain.calls import LegKind
from callcenter.domain.errors import UnavailableError
from callcenter.domain.ids import CallId, LegId, RecallId
from callcenter.domain.telephony import CallFound, LegFound, LinkRestored, Place, RecallFound

VARIABLES = "CASEID,QSINCE,RECORDING,SEAT,ASSERTED,TARGET,UNITID,UNITNUMBER,RECALL,RECALLED"
UNSET = frozenset({"", "(null)"})
LIST_SECONDS = 10.0  # a list of some hundred channels takes milliseconds; more is a sick Asterisk
MUSIC_NAME = "Local/s@music-"


async def found(link: AmiLink, table: ChannelTable) -> LinkRestored:
    """Rebuild the table from what exists and say it.

    Its time is Asterisk's own, taken before the lists: events older than it are in them already.

    Raises:
        UnavailableError: Asterisk did not answer.

    """
    ping = await link.act("Ping")
    status = await link.act("Status", as_list=True, limit=LIST_SECONDS, Variables=VARIABLES)
    devices = await link.act("DeviceStateList", as_list=True, limit=LIST_SECONDS)
    if not (status.success and devices.success):
        raise UnavailableError("Asterisk refused to list its channels; see the rights in manager.conf")
    at = time_of(ping.headers)
    ours = {channel.uniqueid: channel for channel in table}
    table.clear()
    entries = tuple(sorted(status.entries, key=_sequence))
    for entry in entries:
        table.add(_channel(entry, ours))
    for device in devices.entries:
        _phone(device, table)
    return LinkRestored(
        at=at,
        calls=tuple(_call(entry, entries, at=at) for entry in entries if _is_caller(entry)),
        seats_registered=frozenset(seat for seat, phone in table.phones.items() if phone.registered),
        recalls=tuple(_recall(entry, entries) for entry in entries if _calls_back(entry)),
    )


def _sequence(entry: Headers) -> tuple[int, int]:
    """Sort channels as they were made: the list comes in no order, and callers of one second have a place each."""
    epoch, _, number = entry.get("Uniqueid", "").rpartition("-")[2].partition(".")
    return (int(epoch), int(number)) if epoch.isdecimal() and number.isdecimal() else (0, 0)


def _variable(entry: Headers, name: str) -> str | None:
    value = entry.get(f"Variable({name})", "")
    return None if value in UNSET else value


def _number(entry: Headers) -> str | None:
    if _is_recalled(entry):
        return _variable(entry, "RECALLED")
    return number_of(entry, asserted=_variable(entry, "ASSERTED") or "")


def _is_caller(entry: Headers) -> bool:
    """Tell the caller from a unit we dialled: both are the trunk's, and in one talk with him it takes his account code.

    Only his own channel was given a place to record to. Whom we called back is a caller as soon as he has answered.
    """
    if _is_recalled(entry):
        return entry.get("ChannelState") == UP
    case = _variable(entry, "CASEID")
    is_his = case is not None and entry.get("AccountCode") == case and _variable(entry, "RECORDING") is not None
    return is_his and endpoint_of(entry.get("Channel", "")) == TRUNK


def _is_recalled(entry: Headers) -> bool:
    """Tell a citizen whom a seat called back, or is calling back."""
    return endpoint_of(entry.get("Channel", "")) == TRUNK and _variable(entry, "RECALL") is not None


def _calls_back(entry: Headers) -> bool:
    """Tell a seat that rings in order to call a citizen back, or has picked up and hears his phone ring."""
    is_seats = seat_of(entry.get("Channel", "")) is not None and _variable(entry, "RECALL") is not None
    return is_seats and (entry.get("ChannelState") != UP or entry.get("Context") == "recall")


def _is_unit(entry: Headers) -> bool:
    """Tell a unit we dialled: the trunk's, with the call's id, and not the caller."""
    if _is_recalled(entry):
        return False
    is_trunks = endpoint_of(entry.get("Channel", "")) == TRUNK
    return is_trunks and _variable(entry, "CASEID") is not None and not _is_caller(entry)


def _channel(entry: Headers, ours: Mapping[str, Channel]) -> Channel:
    uniqueid, name = entry.get("Uniqueid", ""), entry.get("Channel", "")
    before = ours.get(uniqueid)
    channel = Channel(
        uniqueid=uniqueid,
        kind=Kind.OTHER,
        name=name,
        linkedid=entry.get("Linkedid"),
        up=entry.get("ChannelState") == UP,
        rang=entry.get("ChannelState") == RINGING,
        joined=bool(entry.get("BridgeID")),
    )
    if before is not None:
        channel.unwanted, channel.ended_by, channel.made = before.unwanted, before.ended_by, before.made
        channel.joined, channel.rang = channel.joined or before.joined, channel.rang or before.rang
    case = _variable(entry, "CASEID")
    if _is_caller(entry):
        channel.kind, channel.caller_number = Kind.CALLER, _number(entry)
        channel.call_id, channel.leg_id = CallId(case or ""), LegId(case or "")
    elif _is_recalled(entry):
        channel.kind, channel.call_id = Kind.RECALLED, None if case is None else CallId(case)
    elif _is_unit(entry):
        channel.kind, channel.call_id, channel.leg_id = Kind.UNIT, CallId(case or ""), LegId(uniqueid)
        channel.private = _variable(entry, "TARGET") is not None
    elif (seat := seat_of(name)) is not None:
        channel.kind, channel.seat = Kind.SEAT, seat
        if case is not None:
            channel.call_id, channel.leg_id = CallId(case), LegId(uniqueid)
        recall = _variable(entry, "RECALL")
        channel.calls_back = None if recall is None else RecallId(recall)
    elif before is not None:
        channel.kind, channel.call_id = before.kind, before.call_id
        channel.seat = _variable(entry, "SEAT") if before.kind is Kind.MUSIC else None
    elif name.startswith(MUSIC_NAME):
        channel.kind, channel.unwanted = Kind.MUSIC, True
        channel.seat = _variable(entry, "SEAT")
    return channel


def _phone(device: Headers, table: ChannelTable) -> None:
    technology, _, seat = device.get("Device", "").partition("/")
    if technology == "PJSIP" and seat and seat != TRUNK:
        table.phone(seat).set(registered=device.get("State") not in PHONE_AWAY)


def _call(entry: Headers, entries: tuple[Headers, ...], *, at: datetime) -> CallFound:
    call_id = CallId(_variable(entry, "CASEID") or "")
    since = _variable(entry, "QSINCE")
    return CallFound(
        call_id=call_id,
        caller=_number(entry),
        arrived=_made(entry, at=at),
        answered=entry.get("ChannelState") == UP,
        since=int(since) if since is not None and since.isdecimal() else None,
        place=_place(entry),
        talk=entry.get("BridgeID") or None,
        legs=tuple(_leg(other) for other in entries if _is_leg_of(other, call_id)),
        recording=_variable(entry, "RECORDING"),
        recall=RecallId(_variable(entry, "RECALL") or "") if _is_recalled(entry) else None,
    )


def _recall(entry: Headers, entries: tuple[Headers, ...]) -> RecallFound:
    case = CallId(_variable(entry, "CASEID") or "")
    dialled = any(_is_recalled(other) and _variable(other, "CASEID") == case for other in entries)
    return RecallFound(
        call_id=case,
        recall_id=RecallId(_variable(entry, "RECALL") or ""),
        seat=seat_of(entry.get("Channel", "")) or "",
        leg_id=LegId(entry.get("Uniqueid", "")),
        number=_variable(entry, "RECALLED") or "",
        answered=entry.get("ChannelState") == UP,
        dialled=dialled,
        recording=_variable(entry, "RECORDING"),
    )


def _is_leg_of(entry: Headers, call_id: CallId) -> bool:
    is_called = seat_of(entry.get("Channel", "")) is not None or _is_unit(entry)
    return is_called and _variable(entry, "CASEID") == call_id


def _leg(entry: Headers) -> LegFound:
    unit = _is_unit(entry)
    return LegFound(
        leg_id=LegId(entry.get("Uniqueid", "")),
        seat=None if unit else seat_of(entry.get("Channel", "")),
        answered=entry.get("ChannelState") == UP,
        talk=entry.get("BridgeID") or None,
        kind=LegKind.UNIT if unit else LegKind.SEAT,
        private=unit and _variable(entry, "TARGET") is not None,
        party=_variable(entry, "UNITID") if unit else None,
        number=_variable(entry, "UNITNUMBER") if unit else None,
    )


def _made(entry: Headers, *, at: datetime) -> datetime:
    """Reckon when the channel was made: its Uniqueid is `node-epoch.n`."""
    epoch = entry.get("Uniqueid", "").rpartition("-")[2].partition(".")[0]
    if epoch.isdecimal():
        return min(at, datetime.fromtimestamp(int(epoch), UTC))
    seconds = entry.get("Seconds", "")
    return at - timedelta(seconds=int(seconds) if seconds.isdecimal() else 0)


def _place(entry: Headers) -> Place:
    """Say where the caller stands, from his bridge first: the dialplan step he was taken from stays written."""
    if entry.get("BridgeID"):
        return Place.TALK
    if entry.get("Application") == "AGI":
        return Place.FLOW
    match entry.get("Context"):
        case "waiting":
            return Place.WAITING
        case "degraded":
            return Place.FALLBACK
        case "park":
            return Place.PARKED
        case "after-survey":
            return Place.SURVEY
        case _:
            return Place.OTHER
