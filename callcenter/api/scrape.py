"""`GET /metrics`, for Prometheus: without a token from this machine itself, with the hotline's token from elsewhere."""

from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

from aiohttp import web

from callcenter.api.sign_in import SignIn

PATH = "/metrics"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PASSED_ON = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
"""A proxy on this machine speaks for somebody else; a token is his then to bring."""


def add_metrics(app: web.Application, written: Callable[[], bytes], sign_in: SignIn) -> None:
    """Serve what `written` gives."""

    async def metrics(request: web.Request) -> web.Response:
        if not _is_of_this_machine(request):
            sign_in.check(request)
        return web.Response(body=written(), headers={"Content-Type": CONTENT_TYPE})

    app.router.add_get(PATH, metrics)


def _is_of_this_machine(request: web.Request) -> bool:
    if any(name in request.headers for name in _PASSED_ON):
        return False
    peer = None if request.transport is None else request.transport.get_extra_info("peername")
    if not peer:
        return False
    address = ip_address(str(peer[0]).partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback
