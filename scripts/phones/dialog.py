"""What both sides of a call agree on: Call-ID, tags, the order of requests and their way (RFC 3261, section 12)."""

import secrets
from dataclasses import dataclass, field

from scripts.phones.datagrams import Address
from scripts.phones.sip import Header, Message, Request, Response, address_of, read_party, split_list


@dataclass(slots=True, kw_only=True)
class Dialog:
    """One side's view; `local` and `remote` are From and To values without tags."""

    call_id: str
    local: str
    remote: str
    contact: str
    target: str
    """The request URI of the next request: the other side's Contact once it is known."""
    next_hop: Address
    local_tag: str = field(default_factory=lambda: secrets.token_hex(6))
    remote_tag: str | None = None
    sent: int = 0
    """The CSeq of our last request."""
    received: int = -1
    """The CSeq of their last request."""
    routes: tuple[str, ...] = ()

    @classmethod
    def of_invite(cls, invite: Request, *, source: Address, contact: str) -> "Dialog":
        """Begin the dialog of an INVITE that came in; raises MalformedSipError."""
        dialog = cls(
            call_id=invite.call_id,
            local=invite.need("to"),
            remote=invite.need("from").partition(";tag=")[0],
            contact=contact,
            target=_contact_of(invite) or read_party(invite.need("from")).uri,
            next_hop=source,
            remote_tag=invite.from_tag,
            received=invite.cseq,
            routes=tuple(split_list(invite.all_of("record-route"))),
        )
        dialog.next_hop = dialog.routes_to()
        return dialog

    def learn(self, response: Response) -> None:
        """Take the other side's tag, address and route from a 1xx or 2xx to our INVITE."""
        self.remote_tag = response.to_tag or self.remote_tag
        contact = _contact_of(response)
        if contact is not None:
            self.target = contact
        if response.is_success:
            self.routes = tuple(reversed(split_list(response.all_of("record-route"))))
            self.next_hop = self.routes_to()

    def routes_to(self) -> Address:
        """Give where a request goes now."""
        towards = read_party(self.routes[0]).uri if self.routes else self.target
        return address_of(towards) if towards.lower().startswith("sip:") else self.next_hop

    def request(
        self, method: str, *, via: Header, cseq: int | None = None, headers: tuple[Header, ...] = (), body: bytes = b""
    ) -> Request:
        """Make the next request; `cseq` only for ACK and CANCEL, which have the number of their INVITE."""
        if cseq is None:
            self.sent += 1
        remote = self.remote + (f";tag={self.remote_tag}" if self.remote_tag else "")
        return Request(
            method=method,
            uri=self.target,
            headers=(
                via,
                ("Max-Forwards", "70"),
                *(("Route", route) for route in self.routes),
                ("From", f"{self.local};tag={self.local_tag}"),
                ("To", remote),
                ("Call-ID", self.call_id),
                ("CSeq", f"{self.sent if cseq is None else cseq} {method}"),
                ("Contact", f"<{self.contact}>"),
                *headers,
            ),
            body=body,
        )

    def answer(
        self, request: Request, status: int, reason: str, *, headers: tuple[Header, ...] = (), body: bytes = b""
    ) -> Response:
        """Make a response to one of their requests."""
        return response_to(
            request, status, reason, tag=self.local_tag, headers=(("Contact", f"<{self.contact}>"), *headers), body=body
        )

    def holds(self, request: Request) -> bool:
        """Tell whether a request belongs here: Call-ID and both tags."""
        return (request.call_id, request.to_tag, request.from_tag) == (self.call_id, self.local_tag, self.remote_tag)


def response_to(
    request: Request,
    status: int,
    reason: str,
    *,
    tag: str,
    headers: tuple[Header, ...] = (),
    body: bytes = b"",
) -> Response:
    """Make a response to any request, in a dialog or not."""
    to = request.need("to")
    if request.to_tag is None and status > 100:  # noqa: PLR2004 - 100 has no tag
        to += f";tag={tag}"
    return Response(
        status=status,
        reason=reason,
        headers=(
            *(("Via", value) for value in request.all_of("via")),
            *(("Record-Route", value) for value in request.all_of("record-route")),
            ("From", request.need("from")),
            ("To", to),
            ("Call-ID", request.call_id),
            ("CSeq", request.need("cseq")),
            *headers,
        ),
        body=body,
    )


def _contact_of(message: Message) -> str | None:
    contacts = split_list(message.all_of("contact"))
    return read_party(contacts[0]).uri if contacts else None
