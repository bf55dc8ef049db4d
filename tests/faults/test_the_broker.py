"""The MQTT broker is away while calls go on: nobody waits for it, and it hears of everything when it is back."""

from pathlib import Path

from tests.faults.busy_hour import busy_hour, until_health
from tests.faults.results import TellResult
from tests.support.hotline import Hotline
from tests.support.mosquitto import a_broker, listening, needs_mosquitto
from tests.support.office_fakes import eventually
from tests.support.strained_hotline import StrainedHotline

BACK = 40.0  # seconds; it is tried again every thirty at most


@needs_mosquitto
async def test_the_broker_is_away_and_comes_back(
    strained: Hotline, strained_hotline: StrainedHotline, tmp_path: Path, tell_result: TellResult
) -> None:
    async with a_broker(tmp_path, port=strained_hotline.broker_port) as broker:
        await until_health(strained, "events", "ok", within=BACK)
        hour = await busy_hour(strained)

        await broker.kill()
        rang = await hour.goes_on()
        arrived = await hour.one_more()
        noticed, _ = await until_health(strained, "events", "degraded", "down", within=10)
        talked = hour.waiting.id

        await broker.start()
        async with listening(broker.address) as listener:
            back, _ = await until_health(strained, "events", "ok", within=BACK)
            await eventually(
                lambda: any(talked in seen.text and "call.talking" in seen.text for seen in listener.seen), within=15
            )
            await hour.is_over(arrived)
    tell_result(
        fault="the MQTT broker is killed and started again",
        what="a talk, one waiting, one arriving",
        figures={
            "on /health after": f"{noticed:.1f} s",
            "told of all that happened": f"{back:.1f} s after it is back",
            "a free seat rang after": f"{rang:.0f} ms",
        },
    )
