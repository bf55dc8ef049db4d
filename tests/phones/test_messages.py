"""SIP and SDP as strangers write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.phones.digest import Credentials, answer, digest_response, read_digest
from scripts.phones.g711 import PCMA, PCMU
from scripts.phones.sdp import Direction, NoCommonSoundError, Session, read_session
from scripts.phones.sip import (
    MalformedSipError,
    Request,
    Response,
    address_of,
    read_message,
    read_party,
    split_list,
    user_of,
    write_party,
)

INVITE = (
    b"INVITE sip:12345@127.0.0.1 SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1;rport,\r\n SIP/2.0/UDP g\r\n"
    b'f: "a;tag=no" <sip:1@h;x=y>;tag=yes\r\nTo: sip:2@h;tag=t\r\ni: c\r\nCSeq: 7 INVITE\r\nl: 2\r\n\r\nokmore'
)


def test_short_names_folded_lines_and_quoted_semicolons_are_read() -> None:
    message = read_message(INVITE)

    assert isinstance(message, Request)
    assert (message.method, message.uri, message.cseq, message.body) == ("INVITE", "sip:12345@127.0.0.1", 7, b"ok")
    assert (message.branch, message.from_tag, message.to_tag) == ("z9hG4bK1", "yes", "t")


def test_what_is_written_is_read_again() -> None:
    response = Response(
        status=486,
        reason="Busy Here",
        headers=(("Via", "v"), ("From", "f"), ("To", "t"), ("Call-ID", "c"), ("CSeq", "1 INVITE")),
        body=b"\x00\xff",
    )

    assert read_message(response.write()) == response


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        INVITE.replace(b"CSeq: 7 INVITE", b"CSeq: 7 BYE"),
        INVITE.replace(b"i: c\r\n", b""),
        INVITE.replace(b"l: 2", b"l: 99"),
        INVITE.replace(b"l: 2", "l: ²".encode()),
        INVITE.replace(b"SIP/2.0\r\n", b"SIP/3.0\r\n", 1),
        INVITE.replace(b"INVITE sip:12345@127.0.0.1 SIP/2.0", b"SIP/2.0 999 x"),
    ],
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedSipError):
        read_message(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for attempt in (data, INVITE[: len(data)] + data):
        try:
            message = read_message(attempt)
        except MalformedSipError:
            continue
        assert message.call_id


@given(
    st.text(max_size=50).filter(lambda name: "\r" not in name and "\n" not in name),
    st.from_regex(r"[0-9]{1,20}", fullmatch=True),
)
def test_any_name_survives_a_from_header(name: str, number: str) -> None:
    party = read_party(write_party(f"sip:{number}@h", name=name, tag="t"))

    assert (party.name, user_of(party.uri), party.params) == (name, number, {"tag": "t"})


def test_lists_are_split_outside_quotes_and_brackets() -> None:
    assert split_list(['"a,b" <sip:x,y@h>, <sip:z@h>', "sip:q@h"]) == ['"a,b" <sip:x,y@h>', "<sip:z@h>", "sip:q@h"]


def test_addresses_have_a_host_and_a_port() -> None:
    assert address_of("sip:8001@127.0.0.1:5070;transport=udp") == ("127.0.0.1", 5070)
    assert address_of("sip:127.0.0.1") == ("127.0.0.1", 5060)
    assert user_of("tel:+8613800138000;phone-context=x") == "+8613800138000"
    with pytest.raises(MalformedSipError):
        address_of("sip:a@h:99999")


def test_the_example_of_rfc_2617_is_proved() -> None:
    given_ = {
        "username": "Mufasa",
        "realm": "testrealm@host.com",
        "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093",
        "uri": "/dir/index.html",
        "qop": "auth",
        "nc": "00000001",
        "cnonce": "0a4f113b",
    }

    assert digest_response(given_, password="Circle Of Life", method="GET") == "6629fae49393a05397450978507c4ef1"


def test_only_a_challenge_that_can_be_answered_is_answered() -> None:
    me = Credentials("8001", "x")
    known = 'Digest realm="r", nonce="n", algorithm=MD5, qop="auth,auth-int"'

    proof = answer(
        ['Basic realm="r"', 'Digest nonce="n", algorithm=SHA-512', known], credentials=me, method="A", uri="u"
    )

    assert proof is not None
    read = read_digest(proof)
    assert read is not None
    assert (read["username"], read["nonce"], read["qop"], read["algorithm"]) == ("8001", "n", "auth", "MD5")
    assert answer(['Digest nonce="n", qop="auth-int"'], credentials=me, method="A", uri="u") is None


def test_a_session_is_written_and_read_again() -> None:
    session = Session(address=("127.0.0.1", 4000), codecs=(PCMA, PCMU), direction=Direction.SEND, keys=97)

    assert read_session(session.write()) == session


def test_an_answer_takes_the_first_common_codec_and_turns_the_direction() -> None:
    offer = Session(address=("127.0.0.1", 4000), codecs=(PCMU, PCMA), direction=Direction.SEND, keys=96)
    ours = Session(address=("127.0.0.1", 5000), codecs=(PCMA,))

    reply = ours.answer_to(offer)

    assert (reply.codecs, reply.direction, reply.keys, reply.address) == ((PCMA,), Direction.RECEIVE, 96, ours.address)
    with pytest.raises(NoCommonSoundError):
        Session(address=("h", 1), codecs=(PCMA,)).answer_to(Session(address=("h", 1), codecs=(PCMU,)))


@given(st.binary(max_size=200))
def test_any_description_is_read_or_refused(body: bytes) -> None:
    for attempt in (body, b"v=0\nc=IN IP4 h\nm=audio 4 RTP/AVP 8\n" + body):
        try:
            session = read_session(attempt)
        except NoCommonSoundError:
            continue
        assert session.address[1] > 0
