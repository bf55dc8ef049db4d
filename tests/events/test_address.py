import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.events.address import BrokerAddress, parse_broker

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mqtt://broker.example", BrokerAddress(host="broker.example", port=1883)),
        ("mqtts://broker.example/", BrokerAddress(host="broker.example", port=8883, tls=True)),
        ("mqtt://me:p%40ss@10.0.0.5:2000", BrokerAddress(host="10.0.0.5", port=2000, user="me", password="p@ss")),
        ("mqtt://me@[::1]:2000", BrokerAddress(host="::1", port=2000, user="me")),
    ],
)
def test_an_address_says_where_and_who(text: str, expected: BrokerAddress) -> None:
    assert parse_broker(text) == expected


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("http://me:hush@b", "no address that begins with mqtt:// or mqtts://"),
        ("b:1883", "no address that begins with mqtt:// or mqtts://"),
        ("mqtt://", "an address without a host"),
        ("mqtt://me:hush@b:99999", "no address with a port from 1 to 65535"),
        ("mqtt://me:hush@b:0", "no address with a port from 1 to 65535"),
        ("mqtt://me:hush@b:hush", "no address with a port from 1 to 65535"),
        ("mqtt://me:hush@[b", "no address with a port from 1 to 65535"),
        ("mqtt://me:hush@b/topic", "an address with something behind the port"),
        ("mqtt://:hush@b", "an address with a password and no user"),
    ],
)
def test_what_is_wrong_is_said_without_repeating_it(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match="address") as refused:
        parse_broker(text)

    assert str(refused.value) == wrong


@given(user=st.none() | WORDS, password=st.none() | WORDS, tls=st.booleans(), port=st.integers(1, 65535))
def test_what_was_written_is_read_again_whatever_signs_the_login_has(
    *, user: str | None, password: str | None, tls: bool, port: int
) -> None:
    password = password if user else None
    address = BrokerAddress(host="broker", port=port, tls=tls, user=user, password=password)

    assert parse_broker(address.url) == address
    assert "password" not in repr(address)
    assert str(address) == f"broker:{port}"
