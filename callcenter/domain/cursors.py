"""Where the next page of a list begins, as an opaque text."""

import base64
import binascii
import json
from datetime import UTC, datetime, timedelta

from callcenter.domain.errors import Fault, InvalidInputError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def cursor_after(time: datetime, item_id: str) -> str:
    """Name the place after this item of a list that is in order of this time."""
    text = json.dumps([(time - _EPOCH) // timedelta(microseconds=1), item_id])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(cursor: str) -> tuple[datetime, str]:
    """Read a cursor: the last item that was given.

    Raises:
        InvalidInputError: it is none of ours.

    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        time, item_id = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        place = _EPOCH + timedelta(microseconds=int(time)), str(item_id)
    except (binascii.Error, ValueError, TypeError, OverflowError) as error:
        raise _foreign() from error
    if not place[1].isprintable():  # lone surrogates and NUL: nothing that a database can be asked for
        raise _foreign()
    return place


def _foreign() -> InvalidInputError:
    fault = Fault("/cursor", "must be the `next` of an earlier answer")
    return InvalidInputError("the cursor is none of this list", [fault])
