import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from callcenter.addresses import Endpoint
from callcenter.ports import PortTakenError, Wanted, check_ports, trouble_with
from callcenter.settings import Settings
from callcenter.settings_sources import load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A hotline on ports that were free a moment ago."""
    with socket.socket() as http, socket.socket() as ami, socket.socket(type=socket.SOCK_DGRAM) as sip:
        for one in (http, ami, sip):
            one.bind(("127.0.0.1", 0))
        return load_settings(
            flags={
                "home": str(tmp_path),
                "http": f"127.0.0.1:{http.getsockname()[1]}",
                "ami": str(ami.getsockname()[1]),
                "sip": f"127.0.0.1:{sip.getsockname()[1]}",
                "rtp": "21500-21599",
            },
            environment={},
        ).settings


@pytest.fixture
def other_program() -> Iterator[dict[str, socket.socket]]:
    sockets: dict[str, socket.socket] = {}
    yield sockets
    for one in sockets.values():
        one.close()


def test_free_ports_are_no_trouble(settings: Settings) -> None:
    check_ports(settings)


@pytest.mark.parametrize("setting", ["http", "sip", "ami", "rtp"])
def test_a_port_in_use_is_named_with_its_flag(
    settings: Settings, other_program: dict[str, socket.socket], setting: str
) -> None:
    port = {"http": settings.http.port, "sip": settings.sip.port, "ami": settings.ami, "rtp": settings.rtp.last}[
        setting
    ]
    kind, protocol = (socket.SOCK_STREAM, "TCP") if setting in ("http", "ami") else (socket.SOCK_DGRAM, "UDP")
    other_program["it"] = taken = socket.socket(type=kind)
    taken.bind(("127.0.0.1", port))
    if kind is socket.SOCK_STREAM:
        taken.listen()

    with pytest.raises(PortTakenError) as refused:
        check_ports(settings)

    (line,) = refused.value.lines
    assert line == (
        f"port {port} ({protocol}) on 127.0.0.1 is in use by another program; end it, or choose another port with"
        f" --{setting}"
    )
    check_ports(settings, ours=[setting])


def test_an_address_of_another_machine_is_told_by_its_own_flag() -> None:
    trouble = trouble_with(Wanted("sip", Endpoint("192.0.2.77", 5060), socket.SOCK_DGRAM))

    assert trouble == "192.0.2.77 is no address of this machine; set the right one with --sip"
    for_sound = trouble_with(Wanted("rtp", Endpoint("192.0.2.77", 10000), socket.SOCK_DGRAM))
    assert for_sound == trouble, "it is told once for all three ports"


def test_the_ports_of_an_asterisk_of_somebody_else_are_not_ours(
    settings: Settings, other_program: dict[str, socket.socket]
) -> None:
    other_program["it"] = taken = socket.socket()
    taken.bind(("127.0.0.1", settings.ami))
    taken.listen()
    elsewhere = {**settings.as_environment(), "CALLCENTER_ASTERISK": f"127.0.0.1:{settings.ami}"}

    check_ports(load_settings(flags={}, environment={**elsewhere, "CALLCENTER_ASTERISK_SECRET": "s"}).settings)
