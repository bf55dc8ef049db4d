"""Saying a request again with the proof that was asked for (RFC 3261, section 22)."""

from dataclasses import replace

from scripts.phones.digest import Credentials, answer
from scripts.phones.sip import Header, Request, Response


def proof_for(request: Request, response: Response, credentials: Credentials | None) -> Header | None:
    """Give the header that answers a challenge; None when there is none, or when our proof was already refused."""
    if credentials is None:
        return None
    match response.status:
        case 401:
            asks, proves = "www-authenticate", "Authorization"
        case 407:
            asks, proves = "proxy-authenticate", "Proxy-Authorization"
        case _:
            return None
    if request.get(proves) is not None:
        return None
    value = answer(response.all_of(asks), credentials=credentials, method=request.method, uri=request.uri)
    return None if value is None else (proves, value)


def said_again(request: Request, proof: Header, *, cseq: int, via: Header) -> Request:
    """Give the same request as a new one: its own number and branch, and the proof."""
    kept = [header for header in request.headers if header[0].lower() not in {"via", "cseq"}]
    return replace(request, headers=(via, *kept, ("CSeq", f"{cseq} {request.method}"), proof))
