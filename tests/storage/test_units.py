from callcenter.domain.units import Unit
from callcenter.storage.store import Store
from callcenter.storage.units import Units
from tests.support.stores import Database

PARENT = Unit(id="zjw", name="住建委", number="02200000001")
CHILD = Unit(id="zjw-1", name="住建委一处", number="02200000002", parent="zjw")


async def test_a_unit_that_has_left_the_roster_can_still_be_named(db: Database) -> None:
    store = Store(db.url)
    units = Units(store)
    await units.take_over([PARENT, CHILD])
    renamed = Unit(id="zjw", name="住房和建设委员会", number="02200000001")

    await units.take_over([renamed])

    assert list(await units.active()) == [renamed]
    assert await units.get("zjw-1") == CHILD
    assert await units.get("none") is None
    await store.close()


async def test_a_roster_that_is_known_is_not_written_again(db: Database) -> None:
    store = Store(db.url)
    units = Units(store)
    await units.take_over([PARENT, CHILD])

    async with db.locked():  # nobody could write now
        await units.take_over([CHILD, PARENT])

    assert list(await units.active()) == [PARENT, CHILD]
    await store.close()
