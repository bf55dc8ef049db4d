"""Citizens who give up, and the phones at home where they are called back."""

from typing import Any

from scripts.hotline_client import Json, ProblemError
from scripts.phones.phone import Reaction, rings
from tests.support.hotline import CITIZEN, Citizen, Hotline, Seat, Unit


async def gives_up(
    hotline: Hotline, *, number: str | None = None, from_: str | None = None, wait: float = 0.6
) -> Citizen:
    """Let a citizen ask for a person, wait so many seconds by the hotline's clock, and hang up."""
    citizen = await hotline.caller_dials(number, from_=from_)
    await citizen.until("call.queued", within=10)

    async def queue() -> Json:
        found: Json = (await hotline.api.get("queues"))["items"][0]
        return found

    await hotline.until_true(queue, lambda found: found["longest_wait"] >= wait, within=5, what=f"waited {wait} s")
    over = await citizen.hangs_up()
    assert over["outcome"] == "abandoned_queue"
    return citizen


async def recall_of(hotline: Hotline, number: str, *, within: float = 5, **wanted: Any) -> Json:
    """Wait until the newest recall of this number is so; gives it."""
    expected = {"state": "open"} | wanted

    async def read() -> Json:
        found = (await hotline.api.get(f"recalls?caller={number}"))["items"]
        return found[0] if found else {}

    def fits(recall: Json) -> bool:
        return all(recall.get(key) == value for key, value in expected.items())

    return await hotline.until_true(read, fits, within=within, what=f"recall {expected}")


async def last_attempt(hotline: Hotline, number: str, outcome: str, *, within: float) -> Json:
    """Wait until the last attempt of this number has ended so; gives the recall."""

    async def read() -> Json:
        found: Json = (await hotline.api.get(f"recalls?caller={number}"))["items"][0]
        return found

    def fits(recall: Json) -> bool:
        return bool(recall["attempts"]) and recall["attempts"][-1]["outcome"] == outcome

    return await hotline.until_true(read, fits, within=within, what=f"attempt {outcome}")


async def at_home(hotline: Hotline, *, reaction: Reaction = rings) -> Unit:
    """Switch on the phone at home: whatever number is dialled at the trunk rings it."""
    return await hotline.unit("water", tone=CITIZEN, reaction=reaction)


async def calls_back_when_he_may(hotline: Hotline, recall: Json, seat: Seat) -> Json:
    """Click again and again until the last attempt is long enough ago; gives the attempt."""

    async def click() -> Json:
        try:
            return await calls_back(hotline, recall, seat)
        except ProblemError as problem:
            if "less than" in str(problem):
                return {}
            raise

    return await hotline.until_true(click, bool, within=5, what="another attempt")


async def calls_back(hotline: Hotline, recall: Json, seat: Seat, **more: object) -> Json:
    """Click on “call back” at this seat; gives the attempt. Raises ProblemError."""
    return await hotline.api.post(f"recalls/{recall['id']}/dial", {"seat": seat.extension, **more})
