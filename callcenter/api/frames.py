"""WebSocket frames, so that an event is written out once for all who watch (RFC 6455 §5.2)."""

import struct

_WHOLE_TEXT = 0x81  # the final fragment, and the only one, of a text
_SHORT, _LONG = 126, 0x10000
_TWO_BYTES, _EIGHT_BYTES = 126, 127


def text_frame(text: str) -> bytes:
    """Give a text as one message of a server: not masked, not compressed."""
    payload = text.encode()
    size = len(payload)
    if size < _SHORT:
        head = struct.pack("!BB", _WHOLE_TEXT, size)
    elif size < _LONG:
        head = struct.pack("!BBH", _WHOLE_TEXT, _TWO_BYTES, size)
    else:
        head = struct.pack("!BBQ", _WHOLE_TEXT, _EIGHT_BYTES, size)
    return head + payload
