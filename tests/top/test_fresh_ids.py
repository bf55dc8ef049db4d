"""Fresh ids are random UUIDs, and none comes twice, however many are asked for."""

from uuid import UUID

from callcenter.fresh_ids import FreshIds


def test_each_is_a_random_uuid_of_its_own() -> None:
    new_id, other = FreshIds(), FreshIds()

    given = [new_id() for _ in range(1_000)] + [other() for _ in range(1_000)]

    assert len(set(given)) == 2_000
    assert {(UUID(one).version, UUID(one).variant) for one in given} == {(4, UUID(given[0]).variant)}
    assert all(str(UUID(one)) == one for one in given)
