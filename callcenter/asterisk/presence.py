"""Whether a seat's phone is there: from its contacts, from its device state, and by asking it when that helps."""

from callcenter.asterisk.ami import Headers
from callcenter.asterisk.channels import TRUNK, ChannelTable

CONTACT_ANSWERS = {
    "created": True,
    "reachable": True,
    "nonqualified": True,
    "updated": True,
    "unreachable": False,
    "unqualified": True,
    "removed": None,
}
PHONE_AWAY = frozenset({"UNAVAILABLE", "INVALID", "UNKNOWN"})


def change_of_presence(headers: Headers, table: ChannelTable) -> tuple[str, bool] | None:
    """Name the seat whose phone came or went by this event, and say whether it is there; None where nothing changed."""
    match headers.get("Event"):
        case "ContactStatus":
            return _of_contact(headers, table)
        case "DeviceStateChange":
            return _of_device_state(headers, table)
        case _:
            return None


def to_be_asked(headers: Headers, table: ChannelTable) -> str | None:
    """Name the seat whose phone should be asked at once (PJSIPQualify) whether it is there.

    A phone that Asterisk had given up, and that registers anew at its old place, is a contact that exists: nothing is
    told of it but that its password was right, and it would be asked only when its turn comes. An earlier question to
    it may still run out then, so that it is said not to answer: that is better asked twice.
    """
    match headers.get("Event"):
        case "SuccessfulAuth" if headers.get("Service") == "PJSIP":
            seat = headers.get("AccountID", "")
            known = table.phones.get(seat)
            return seat if seat and (known is None or not known.registered) else None
        case "ContactStatus" if headers.get("ContactStatus") == "Unreachable":
            return _seat(headers)
        case _:
            return None


def _of_contact(headers: Headers, table: ChannelTable) -> tuple[str, bool] | None:
    """Take it from its contacts; the device state says UNAVAILABLE for a moment at each re-register."""
    seat, status = _seat(headers), headers.get("ContactStatus", "").lower()
    if seat is None or status not in CONTACT_ANSWERS:
        return None
    phone = table.phone(seat)
    before = phone.registered
    registered = phone.saw(headers.get("URI", ""), answers=CONTACT_ANSWERS[status])
    return None if registered is before else (seat, registered)


def _of_device_state(headers: Headers, table: ChannelTable) -> tuple[str, bool] | None:
    """Take it from its device state for as long as only a list has told of it.

    In a talk the list counts it as there even if it is not; its contacts then have nothing new to say.
    """
    technology, _, seat = headers.get("Device", "").partition("/")
    if technology != "PJSIP" or not seat or seat == TRUNK:
        return None
    phone = table.phone(seat)
    registered = headers.get("State") not in PHONE_AWAY
    if phone.answers or registered is phone.registered:
        return None
    phone.set(registered=registered)
    return seat, registered


def _seat(headers: Headers) -> str | None:
    seat = headers.get("EndpointName") or headers.get("AOR", "")
    return None if not seat or seat == TRUNK else seat
