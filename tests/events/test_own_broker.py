"""The Mosquitto that a home starts for itself, and a broker that is reached over TLS."""

import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from callcenter.domain.errors import UnavailableError
from callcenter.events.broker import BrokerAwayError, connected
from callcenter.events.mosquitto import AT_ONCE, OwnMosquitto, own_address
from callcenter.events.topics import Message
from tests.support.mosquitto import a_broker, free_port, listening, needs_mosquitto

pytestmark = needs_mosquitto
WILL = Message(topic="will", payload=b"gone")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A home: not one of pytest's folders, which the broker's unprivileged user may not enter."""
    with tempfile.TemporaryDirectory(prefix="callcenter-test-") as made:
        Path(made).chmod(0o711)
        yield Path(made)


async def test_it_listens_on_loopback_for_those_who_know_the_login(folder: Path) -> None:
    port = free_port()
    own = OwnMosquitto(folder / "mosquitto", folder, port)
    try:
        await own.start()
        address = own_address(folder / "mosquitto", port)
        async with (
            listening(address) as listener,
            connected(address, client_id="c", will=WILL, ca_file=None) as connection,
        ):
            await connection.send([Message(topic="t", payload=b"heard")])
            await listener.until_last("t", "heard")
            assert connection.at_once == AT_ONCE
        for stranger in (replace(address, user=None, password=None), replace(address, password="guessed")):
            with pytest.raises(BrokerAwayError, match="the login is refused"):
                async with connected(stranger, client_id="c", will=WILL, ca_file=None):
                    pass
    finally:
        await own.stop(3)

    assert await own.wait() == 0
    assert own.pid is None
    assert address.host == "127.0.0.1"


async def test_the_login_is_made_once_and_readable_by_its_owner_alone(folder: Path) -> None:
    first, again = own_address(folder / "m", 1), own_address(folder / "m", 2)

    assert first.password == again.password
    assert len(first.password or "") >= 32
    assert stat.S_IMODE((folder / "m/login").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "m").stat().st_mode) == 0o700


async def test_after_its_start_only_a_hash_of_the_password_lies_beside_it(folder: Path) -> None:
    own = OwnMosquitto(folder / "m", folder, port := free_port())
    try:
        await own.start()
        assert own.pid is not None
        owner = (Path("/proc") / str(own.pid)).stat().st_uid
    finally:
        await own.stop(3)

    password = own_address(folder / "m", port).password
    assert password
    assert password not in (folder / "m/passwords").read_text()
    assert stat.S_IMODE((folder / "m/passwords").stat().st_mode) == 0o600
    assert owner != 0


async def test_a_broker_that_cannot_start_says_why(folder: Path) -> None:
    port = free_port()
    first, second = (OwnMosquitto(folder / name, folder, port) for name in ("a", "b"))
    try:
        await first.start()
        (folder / "b").mkdir()
        (folder / "b/login").touch(0o600)
        with pytest.raises(UnavailableError, match="is empty; remove it to get a new login"):
            await second.start()
    finally:
        await first.stop(3)
        await second.stop(3)


async def test_without_mosquitto_it_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)

    with pytest.raises(UnavailableError, match="mosquitto is not installed; start with scripts/run --mqtt-own-port"):
        await OwnMosquitto(folder / "m", folder, 1).start()


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """An authority of the tests' own, and a certificate of it for 127.0.0.1."""

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=tmp_path, check=True, capture_output=True)

    request = ("req", "-newkey", "rsa:2048", "-nodes", "-subj")
    openssl(*request, "/CN=tests", "-x509", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem")
    (tmp_path / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl(*request, "/CN=broker", "-keyout", "broker.key", "-out", "broker.csr")
    signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names", "-days", "2")
    openssl("x509", "-req", "-in", "broker.csr", *signing, "-out", "broker.pem")
    return tmp_path


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # paho lets go of a socket it distrusts
async def test_a_broker_behind_tls_is_trusted_only_with_its_authority(certificates: Path) -> None:
    keys = [f"{name} {certificates / file}" for name, file in (("certfile", "broker.pem"), ("keyfile", "broker.key"))]
    async with a_broker(certificates, *keys, tls=True) as broker:
        async with connected(broker.address, client_id="c", will=WILL, ca_file=certificates / "ca.pem") as connection:
            await connection.send([Message(topic="t", payload=b"heard")])
        with pytest.raises(BrokerAwayError, match=r"its certificate is not trusted .*; set mqtt_ca_file"):
            async with connected(broker.address, client_id="c", will=WILL, ca_file=None):
                pass
        with pytest.raises(BrokerAwayError, match="No such file"):
            async with connected(broker.address, client_id="c", will=WILL, ca_file=certificates / "none.pem"):
                pass
