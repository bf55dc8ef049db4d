"""The alarms that a new controller finds in the journal."""

from datetime import timedelta

from callcenter.domain.facts import AlarmCleared, AlarmRaised
from callcenter.storage.alarms import Alarms
from callcenter.storage.journal import Journal
from callcenter.storage.store import Store
from tests.support.stores import NOON, Database, Teller, new_call_id, whole_call, writing


async def test_what_was_raised_and_not_cleared_still_stands(db: Database) -> None:
    minute = timedelta(minutes=1)
    async with writing(Journal(db.url, db.folder)) as journal:
        Teller(journal).tell(
            AlarmRaised(at=NOON, name="disk_low", detail="900 MB"),
            AlarmRaised(at=NOON, name="longest_wait", detail="61 s"),
            AlarmCleared(at=NOON + minute, name="disk_low"),
            *whole_call(new_call_id()),
            AlarmRaised(at=NOON + 2 * minute, name="disk_low", detail="800 MB"),
            AlarmCleared(at=NOON + 3 * minute, name="longest_wait"),
            AlarmRaised(at=NOON + 4 * minute, name="asterisk", detail="not reached"),
        )
    store = Store(db.url)

    standing = await Alarms(store).standing()

    await store.close()
    assert [(alarm.name, alarm.detail, alarm.since) for alarm in standing] == [
        ("disk_low", "800 MB", NOON + 2 * minute),
        ("asterisk", "not reached", NOON + 4 * minute),
    ]
