"""Who may ask: the one token of the hotline, and tokens that open the events once."""

import hmac
import secrets
from datetime import timedelta
from hashlib import sha256

from aiohttp import web

from callcenter.api.problems import HttpError
from callcenter.domain.errors import UnavailableError
from callcenter.domain.views import Json, moment
from callcenter.office.ports import Clock

GOOD_FOR = timedelta(seconds=60)  # a page opens its WebSocket at once
MOST_TOKENS = 10_000  # not used and not yet expired


class SignIn:
    """Lets in who holds the token. Authority is only ever in what a request carries, never in cookies or addresses."""

    def __init__(self, token: str, clock: Clock) -> None:
        if not token:
            raise ValueError("the token must not be empty")
        self._digest = _digest(token)
        self._clock = clock
        self._once: dict[bytes, float] = {}

    def check(self, request: web.Request) -> None:
        """Let a request with the token pass. Raises HttpError (401)."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not given.strip():
            raise _refused("sign in with the header Authorization: Bearer TOKEN")
        if not hmac.compare_digest(_digest(given.strip()), self._digest):
            raise _refused("the token is not right", error=', error="invalid_token"')

    def check_once(self, request: web.Request) -> None:
        """Let a request with the token, or with a one-time token in its query, pass. Raises HttpError (401)."""
        if "Authorization" in request.headers or (given := request.query.get("token")) is None:
            self.check(request)
        elif self._once.pop(_digest(given), -1.0) < self._clock.monotonic():
            raise _refused("the one-time token is used up, expired or not ours", error=', error="invalid_token"')

    def give_once(self) -> Json:
        """Make a token that opens the events once. Raises UnavailableError when too many are out."""
        now = self._clock.monotonic()
        if len(self._once) >= MOST_TOKENS:
            self._once = {digest: until for digest, until in self._once.items() if until >= now}
        if len(self._once) >= MOST_TOKENS:
            raise UnavailableError("too many one-time tokens wait to be used")
        token = secrets.token_urlsafe(32)
        self._once[_digest(token)] = now + GOOD_FOR.total_seconds()
        return {"token": token, "expires": moment(self._clock.now() + GOOD_FOR)}


def _digest(token: str) -> bytes:
    """Compare digests, which are of one length and tell nothing by the time it takes."""
    return sha256(token.encode("utf-8", "surrogateescape")).digest()


def _refused(detail: str, *, error: str = "") -> HttpError:
    return HttpError(401, detail, headers={"WWW-Authenticate": f'Bearer realm="callcenter"{error}'})
