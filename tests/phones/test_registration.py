"""A phone tells a server where it is, and proves who it is."""

import pytest

from scripts.phones.digest import Credentials
from scripts.phones.phone import Phone
from scripts.phones.registration import NotRegisteredError
from scripts.phones.waiting import eventually
from tests.support.registrar import Registrar

SEAT = Credentials(user="8001", password='pass "word"; \\')


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
async def test_a_phone_registers_with_a_digest_and_takes_it_back(algorithm: str) -> None:
    async with Registrar({"8001": SEAT.password}, algorithm=algorithm) as registrar, Phone("seat") as seat:
        await seat.register(registrar.address, SEAT)
        assert registrar.where == {"8001": f"sip:8001@127.0.0.1:{seat.address[1]}"}

        await seat.unregister()
        assert registrar.where == {}


async def test_a_wrong_password_is_said_and_not_tried_again() -> None:
    async with Registrar({"8001": "another"}) as registrar, Phone("seat") as seat:
        with pytest.raises(NotRegisteredError, match="403") as caught:
            await seat.register(registrar.address, SEAT)

        assert caught.value.status == 403
        assert len(registrar.asked) == 2


async def test_a_registration_is_renewed_before_it_runs_out() -> None:
    async with Registrar({"8001": SEAT.password}, grants=2) as registrar, Phone("seat") as seat:
        await seat.register(registrar.address, SEAT, expires=600)
        registrar.where.clear()

        await eventually(lambda: registrar.where or None, within=3, what="was not renewed")


async def test_a_phone_switched_off_is_no_longer_registered() -> None:
    async with Registrar({"8001": SEAT.password}) as registrar:
        async with Phone("seat") as seat:
            await seat.register(registrar.address, SEAT)
        assert registrar.where == {}


async def test_a_dead_phone_stays_registered() -> None:
    async with Registrar({"8001": SEAT.password}) as registrar:
        async with Phone("seat") as seat:
            await seat.register(registrar.address, SEAT)
            seat.dies()
        assert list(registrar.where) == ["8001"]
