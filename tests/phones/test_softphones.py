"""A real softphone (baresip) and a strict phone call each other."""

from typing import Any

import pytest
from baresip import Event, Runtime, StackEvent

from scripts.phones.phone import Phone, answers
from scripts.phones.sound import SENT_AMPLITUDE, Sound
from scripts.phones.tones import tone
from scripts.phones.waiting import NotInTimeError, eventually
from scripts.softphones import SoftPhone, SoftPhoneError, SoftPhones
from tests.support.registrar import Registrar

pytestmark = pytest.mark.slow

SOFT, STRICT = 440, 660


async def test_a_softphone_calls_speaks_hears_presses_keys_and_holds() -> None:
    async with (
        Phone("strict", sound=Sound.tone(STRICT)) as strict,
        SoftPhones.at(f"127.0.0.1:{strict.address[1]}") as phones,
    ):
        soft = await phones.add(number="13800138000")
        call = await soft.calls("12345")
        taken = await strict.called(within=3)
        assert (taken.caller.uri.partition("@")[0], taken.dialled) == ("sip:13800138000", "12345")
        await taken.answer()
        await call.answered(within=3)

        await call.hears_sound(within=3)
        began, ended = await call.speaks(tone(SOFT, amplitude=SENT_AMPLITUDE, seconds=1.5))
        spoken = (began + 0.5, ended - 0.3)
        assert taken.heard.arrived.tones({SOFT, STRICT}, between=spoken) == {SOFT}
        assert call.amplitude(STRICT, spoken) == pytest.approx(SENT_AMPLITUDE, rel=0.1)
        assert not taken.heard.deaf_to(SOFT, between=spoken)

        await call.presses("15#")
        assert await taken.hears_keys("15#", within=3) == "15#"
        taken.presses("9")
        await eventually(lambda: call.keys == "9", within=3, what="the key did not arrive")
        await call.hold()
        await call.resume()
        await call.hears_sound(within=3)

        await call.hang_up()
        assert (await taken.ended(within=3)).how == "BYE"
        await call.ended(within=3)


async def test_an_answer_in_the_moment_of_dialling_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hotline answers within milliseconds: on a busy machine before baresip-python has made its call."""
    async with (
        Phone("strict", sound=Sound.tone(STRICT), reaction=answers) as strict,
        SoftPhones.at(f"127.0.0.1:{strict.address[1]}") as phones,
    ):
        soft = await phones.add(number="13800138000")
        inner = Runtime.cmd

        async def late(runtime: Runtime, command: int, **given: Any) -> Any:
            """Give the reply to the dialling when the answer has come."""
            reply = await inner(runtime, command, **given)
            if "sip:12345@" in str(given.get("args")):
                await strict.called(within=3)
                await eventually(lambda: bool(established), within=3, what="no answer came")
            return reply

        established: list[StackEvent] = []
        phones._runtime.subscribe(
            lambda event: established.append(event) if event.event is Event.CALL_ESTABLISHED else None
        )
        monkeypatch.setattr(Runtime, "cmd", late)

        call = await soft.calls("12345")

        await call.answered(within=0.5)
        await call.hears_sound(within=3)
        await call.hang_up()
        await call.ended(within=3)


async def test_a_softphone_is_called_and_sees_the_end() -> None:
    async with Phone("strict", sound=Sound.tone(STRICT)) as strict, SoftPhones.at("127.0.0.1:9") as phones:
        soft = await phones.add(number="8001")
        call = await strict.calls(await _where(soft), number="12345")
        taken = await soft.called(within=3)
        await call.rings(within=3)

        await taken.answer()
        await taken.hears_sound(within=3)
        await call.hang_up()
        await taken.ended(within=3)

        with pytest.raises(NotInTimeError):
            await soft.called(within=0.2)


async def test_softphones_register_prove_who_they_are_and_sign_off() -> None:
    async with Registrar({"8001": "right"}, realm="asterisk") as registrar:
        async with SoftPhones.at(registrar.address) as phones:
            await (await phones.add(number="8001", password="right")).register()
            assert list(registrar.where) == ["8001"]
            with pytest.raises(SoftPhoneError, match="403"):
                await (await phones.add(number="8001", password="wrong")).register()
        assert registrar.where == {}


async def _where(soft: SoftPhone) -> str:
    """Learn a softphone's address by being called by it once."""
    async with Phone("listener") as listener:
        host, port = listener.address
        soft.host = f"{host}:{port}"
        call = await soft.calls("1")
        taken = await listener.called(within=3)
        taken.refuse(486)
        await call.ended(within=3)
        return taken.dialog.target
