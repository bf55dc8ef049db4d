"""A tiny SIP registrar on loopback that asks for a digest and believes nothing else."""

import asyncio
import secrets
from collections.abc import Coroutine
from typing import Self

from scripts.phones.dialog import response_to
from scripts.phones.digest import digest_response, read_digest
from scripts.phones.sip import Header, Request, read_party
from scripts.phones.transactions import Taken, Transactions


class Registrar:
    """Keeps who is where; `async with` opens it on a free port."""

    def __init__(
        self,
        passwords: dict[str, str],
        *,
        algorithm: str = "MD5",
        realm: str = 'test, "quoted"',
        grants: int | None = None,
    ) -> None:
        self.passwords = passwords
        self.where: dict[str, str] = {}
        """The Contact of each user."""
        self.asked: list[Request] = []
        self.grants = grants
        """Seconds granted, whatever was asked for; None grants what was asked."""
        self._algorithm = algorithm
        self._realm = realm.replace('"', '\\"')
        self._nonces: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._transactions = Transactions(spawn=self._spawn, when_requested=self._take)

    async def __aenter__(self) -> Self:
        self._transactions.open("127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._transactions.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def address(self) -> str:
        """HOST:PORT."""
        host, port = self._transactions.address
        return f"{host}:{port}"

    def _take(self, taken: Taken) -> None:
        request = taken.request
        self.asked.append(request)
        proof = read_digest(request.get("authorization") or "")
        if proof is None:
            nonce = secrets.token_hex(8)
            self._nonces.add(nonce)
            challenge = f'Digest realm="{self._realm}", nonce="{nonce}", qop="auth", algorithm={self._algorithm}'
            self._respond(taken, 401, "Unauthorized", ("WWW-Authenticate", challenge))
        elif not self._believes(proof, request):
            self._respond(taken, 403, "Forbidden")
        elif (asked := _asked_seconds(request)) == "0":
            self.where.pop(proof["username"], None)
            self._respond(taken, 200, "OK")
        else:
            uri = read_party(request.need("contact")).uri
            self.where[proof["username"]] = uri
            self._respond(taken, 200, "OK", ("Contact", f"<{uri}>;expires={self.grants or asked}"))

    def _believes(self, proof: dict[str, str], request: Request) -> bool:
        password = self.passwords.get(proof["username"])
        if password is None or proof["nonce"] not in self._nonces or proof["uri"] != request.uri:
            return False
        return proof["response"] == digest_response(proof, password=password, method=request.method)

    def _respond(self, taken: Taken, status: int, reason: str, *headers: Header) -> None:
        tag = secrets.token_hex(4)
        self._transactions.respond(taken, response_to(taken.request, status, reason, tag=tag, headers=headers))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _asked_seconds(request: Request) -> str:
    """Give for how long: phones say it with the Contact or in a header of its own."""
    return read_party(request.need("contact")).params.get("expires") or request.get("expires") or "3600"
