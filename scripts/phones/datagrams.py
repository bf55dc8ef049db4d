"""UDP sockets on loopback that tell when the kernel took each packet in, however late the program reads it."""

import socket
import struct
import time
from dataclasses import dataclass

Address = tuple[str, int]
"""Host and port."""

_SO_TIMESTAMPNS = 35  # Linux, asm-generic/socket.h; Python has no name for it
_TIMESPEC = struct.Struct("@qq")
_LARGEST = 65535
_RECEIVE_BUFFER = 1 << 20  # seconds of sound, should a test keep the processor busy


@dataclass(frozen=True, slots=True)
class Datagram:
    """One packet; `arrived` is on the monotonic clock, in seconds."""

    data: bytes
    source: Address
    arrived: float


def open_socket(host: str, port: int = 0) -> socket.socket:
    """Open a non-blocking socket; port 0 takes a free one."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.settimeout(0)
    opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    try:
        opened.bind((host, port))
    except OSError:
        opened.close()
        raise
    return opened


def receive(opened: socket.socket) -> Datagram | None:
    """Take one packet; None when there is none, or when the far port was found closed."""
    try:
        data, ancillary, _, source = opened.recvmsg(_LARGEST, socket.CMSG_SPACE(_TIMESPEC.size))
    except (BlockingIOError, ConnectionRefusedError):
        return None
    arrived = time.monotonic()
    for level, kind, value in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
            seconds, nanoseconds = _TIMESPEC.unpack(value)
            arrived -= max(0.0, time.time() - seconds - nanoseconds / 1e9)
    return Datagram(data=data, source=(source[0], source[1]), arrived=arrived)
