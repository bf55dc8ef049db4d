"""What strangers send to a SIP port: rubbish, scanners' requests, and messages that test a parser to its edges.

The edges are those that RFC 4475 lists (each named here by its section); the messages are written anew from those
facts, for this hotline's address.
"""

import random
from collections.abc import Iterator

SCANNERS = ("friendly-scanner", "sipvicious", "sipcli/v1.8", "VaxSIPUserAgent/3.1")


def edges(host: str, port: int, number: str) -> dict[str, bytes]:
    """Give messages at the edges of the grammar, valid and not, by their section in RFC 4475."""
    to, here = f"sip:{number}@{host}:{port}", "127.0.0.1:9"

    def message(
        section: str,
        *extra: str,
        method: str = "OPTIONS",
        uri: str = to,
        version: str = "SIP/2.0",
        via: str = f"SIP/2.0/UDP {here};branch=z9hG4bK",
        cseq: str = "",
        from_: str = "<sip:edge@example.invalid>;tag=e",
        target: str = f"<{to}>",
        length: str = "0",
        body: bytes = b"",
    ) -> bytes:
        lines = [
            f"{method} {uri} {version}",
            f"Via: {via}{section}",
            f"From: {from_}",
            f"To: {target}",
            f"Call-ID: {section}@example.invalid",
            f"CSeq: {cseq or f'1 {method}'}",
            "Max-Forwards: 70",
            *extra,
            f"Content-Length: {length}",
        ]
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body

    sdp = b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\n"
    return {
        "3.1.1.1 folded, short and oddly spaced headers": message(
            "31111", "NewFangled:   newfangled value\r\n continued\r\n\t more", "s  :", "UnKnown;param=x :y"
        ),
        "3.1.1.2 every sign a token may hold": message("31112", method="!interesting-Method0123456789_*+`.%indeed'~"),
        "3.1.1.3 an escaped nul in the number": message("31113", uri=f"sip:null-%00-null@{host}:{port}"),
        "3.1.1.4 percent signs that escape nothing": message("31114", uri=f"sip:%5A%6f%@{host}:{port}"),
        "3.1.1.6 a name in bytes beyond ASCII": message(
            "31116", from_='"\u6d4b\u8bd5\u3000\U0001f642" <sip:e@x>;tag=e'
        ),
        "3.1.1.7 very long values": message("31117", f"Subject: {'long ' * 2000}", from_=f"<sip:{'e' * 4000}@x>;tag=e"),
        "3.1.1.8 bytes behind the end": message("31118", body=b"OPTIONS sip:x@y SIP/2.0\r\n\r\n"),
        "3.1.1.12 nuls in a body": message("311112", "Content-Type: text/plain", length="6", body=b"a\0b\0c\0"),
        "3.1.2.1 commas and signs where none may be": message(
            "31211", "Contact: <sip:a@b>, , ;;;,", via=",;;,SIP/2.0/"
        ),
        "3.1.2.2 a length longer than the body": message("31212", length="9999", body=b"short"),
        "3.1.2.3 a negative length": message("31213", length="-999"),
        "3.1.2.4 numbers beyond every limit": message(
            "31214",
            "Expires: 1000000000000000000000",
            cseq="36893488147419103232 OPTIONS",
            length="99999999999999999999",
        ),
        "3.1.2.6 a quote that never ends": message("31216", target=f'"Mr. J. User <{to}>'),
        "3.1.2.7 angle brackets round the address": message("31217", uri=f"<{to}>"),
        "3.1.2.8 spaces in the address": message("31218", uri=f"sip:{number}@{host}:{port}; lr"),
        "3.1.2.9 more spaces in the first line": message("31219", uri=f" {to} "),
        "3.1.2.10 something behind the version": message("312110", version="SIP/2.0  "),
        "3.1.2.16 another version": message(
            "312116", version="SIP/7.0", via="SIP/7.0/UDP c.example.invalid;branch=z9hG4bK"
        ),
        "3.1.2.17 two methods": message("312117", cseq="8 INVITE"),
        "3.1.2.19 an answer that was never asked for": b"SIP/2.0 4294967301 better not break the receiver\r\n\r\n",
        "3.2.1 no branch": message("321", via=f"SIP/2.0/UDP {here};x="),
        "3.3.1 nothing but the first line": f"INVITE {to} SIP/2.0\r\n\r\n".encode(),
        "3.3.2 an unknown scheme": message("332", uri="nobodyKnowsThisScheme:totallyopaquecontent"),
        "3.3.6 a body of an unknown kind": message(
            "336", "Content-Type: application/unknownformat", method="INVITE", length="4", body=b"\x00\x01\xfe\xff"
        ),
        "3.3.8 headers twice that may be there once": message("338", "CSeq: 5 INVITE", "Call-ID: b", "Max-Forwards: 5"),
        "3.3.9 two lengths": message("339", "Content-Length: 13", method="INVITE", length=str(len(sdp)), body=sdp),
        "3.3.11 more hops than a number can hold": message("3311", "Max-Forwards: 300"),
        "3.3.15 nobody's credentials": message(
            "3315", 'Authorization: Digest username="8001", realm="x", nonce="\\"", response="0"', method="REGISTER"
        ),
    }


def junk(host: str, port: int, number: str, *, seed: int) -> Iterator[bytes]:
    """Give what a scanner and a mad sender send, without end; the same for the same seed."""
    chance = random.Random(seed)
    known = list(edges(host, port, number).values())

    def scan(method: str, user: str) -> bytes:
        branch, agent = chance.getrandbits(64), chance.choice(SCANNERS)
        return (
            f"{method} sip:{user}@{host}:{port} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK{branch:x};rport\r\n"
            f"From: <sip:{user}@{host}>;tag={branch:x}\r\nTo: <sip:{user}@{host}>\r\nCall-ID: {branch:x}\r\n"
            f"CSeq: 1 {method}\r\nContact: <sip:{user}@127.0.0.1:9>\r\nMax-Forwards: 70\r\nUser-Agent: {agent}\r\n"
            "Content-Length: 0\r\n\r\n"
        ).encode()

    while True:
        match chance.randrange(6):
            case 0:
                yield chance.randbytes(chance.randrange(1, 1400))
            case 1:
                whole = chance.choice(known)
                yield whole[: chance.randrange(len(whole))]
            case 2:
                yield scan("REGISTER", str(chance.choice((8001, 8002, 100, "admin", chance.randrange(10**6)))))
            case 3:
                yield scan("INVITE", f"00{chance.randrange(10**12)}")
            case 4:
                yield scan(
                    chance.choice(("OPTIONS", "SUBSCRIBE", "MESSAGE", "PUBLISH", "REFER", "BYE", "XYZZY")), "100"
                )
            case _:
                yield chance.choice(known)
