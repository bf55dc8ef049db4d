"""What a process listens on, from the kernel's own tables."""

import socket
import struct
from pathlib import Path

_TCP_LISTEN = "0A"
_SIDES = {"tcp": 4, "udp": 4, "tcp6": 16, "udp6": 16}

Listening = tuple[str, str, int]
"""Protocol, address, port."""


def listening(pid: int) -> set[Listening]:
    """Give every socket on which this process takes in what others send."""
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(entry.readlink())
        except FileNotFoundError:  # closed while we looked
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found: set[Listening] = set()
    for table, size in _SIDES.items():
        for line in Path(f"/proc/{pid}/net/{table}").read_text("ascii").splitlines()[1:]:
            columns = line.split()
            if columns[9] not in inodes or (table.startswith("tcp") and columns[3] != _TCP_LISTEN):
                continue
            address, port = columns[1].split(":")
            found.add((table.removesuffix("6"), _address(address, size), int(port, 16)))
    return found


def _address(text: str, size: int) -> str:
    words = [struct.pack("=I", int(text[at : at + 8], 16)) for at in range(0, size * 2, 8)]
    return socket.inet_ntop(socket.AF_INET if size == _SIDES["tcp"] else socket.AF_INET6, b"".join(words))
