"""Telling a server where a phone is to be found, for as long as the phone lives (RFC 3261, section 10)."""

import asyncio
import contextlib
import secrets
from dataclasses import dataclass, field

from scripts.phones.datagrams import Address
from scripts.phones.digest import Credentials
from scripts.phones.proof import proof_for, said_again
from scripts.phones.sip import Request, Response, read_party, split_list
from scripts.phones.transactions import NoResponseError, Transactions


class NotRegisteredError(AssertionError):
    """The server would not register the phone, or never answered; `status` is None when it never answered."""

    def __init__(self, message: str, *, status: int | None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True, kw_only=True)
class Registration:
    """One phone at one server."""

    name: str
    transactions: Transactions
    server: Address
    credentials: Credentials
    contact: str
    expires: int
    """Seconds; what the server makes of it afterwards."""
    statuses: list[int] = field(default_factory=list)
    """Every final status of the server, oldest first."""
    _call_id: str = field(default_factory=lambda: secrets.token_hex(12))
    _tag: str = field(default_factory=lambda: secrets.token_hex(6))
    _sent: int = 0

    async def register(self) -> None:
        """Register, or do so again; raises NotRegisteredError."""
        response = await self._ask(self.expires)
        ours = [read_party(value) for value in split_list(response.all_of("contact"))]
        granted = next((party.params.get("expires") for party in ours if party.uri == self.contact), None)
        granted = granted or response.get("expires")
        if granted is not None and granted.isdigit():
            self.expires = int(granted)

    async def unregister(self) -> None:
        """Take it back; raises NotRegisteredError."""
        await self._ask(0)

    async def keep(self) -> None:
        """Register again whenever half of the time has passed; runs until cancelled."""
        while True:
            await asyncio.sleep(max(1.0, self.expires / 2))
            # A server that is away for a while is asked again; whoever cares looks at the statuses.
            with contextlib.suppress(NotRegisteredError):
                await self.register()

    async def _ask(self, expires: int) -> Response:
        host, port = self.server
        address = f"<sip:{self.credentials.user}@{host}:{port}>"
        self._sent += 1
        request = Request(
            method="REGISTER",
            uri=f"sip:{host}:{port}",
            headers=(
                self.transactions.new_via(),
                ("Max-Forwards", "70"),
                ("From", f"{address};tag={self._tag}"),
                ("To", address),
                ("Call-ID", self._call_id),
                ("CSeq", f"{self._sent} REGISTER"),
                ("Contact", f"<{self.contact}>"),
                ("Expires", str(expires)),
            ),
        )
        try:
            response = (await self.transactions.ask(request, self.server)).response
            if (proof := proof_for(request, response, self.credentials)) is not None:
                self._sent += 1
                again = said_again(request, proof, cseq=self._sent, via=self.transactions.new_via())
                response = (await self.transactions.ask(again, self.server)).response
        except NoResponseError:
            raise NotRegisteredError(f"{self.name}: the server did not answer", status=None) from None
        self.statuses.append(response.status)
        if not response.is_success:
            raise NotRegisteredError(f"{self.name}: REGISTER was answered {response.status}", status=response.status)
        return response
