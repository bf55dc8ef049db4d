from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from callcenter.domain.units import DutyHours, Unit
from callcenter.roster import RosterError, RosterSeat, load_roster

SEATS = 'seats:\n  - extension: "8001"\n    operator: 王秀兰\n'
UNITS = 'units:\n  - id: water\n    name: 水务局\n    number: "02"\n'


def write(folder: Path, seats: str = SEATS, units: str = UNITS) -> None:
    (folder / "seats.yaml").write_text(seats, encoding="utf-8")
    (folder / "units.yaml").write_text(units, encoding="utf-8")


def told(folder: Path) -> list[str]:
    with pytest.raises(RosterError) as refused:
        load_roster(folder, hotline="12345")
    return [str(mistake).replace(f"{folder}/", "") for mistake in refused.value.mistakes]


def test_the_shipped_rosters_are_right() -> None:
    roster = load_roster(Path(__file__).parents[2] / "agents", hotline="12345")

    assert [seat.extension for seat in roster.seats] == ["8001", "8002", "8003", "8004"]
    assert len({unit.number for unit in roster.units}) == len(roster.units) >= 3
    assert any(unit.duty for unit in roster.units)
    assert any(not unit.duty for unit in roster.units), "the demonstration needs one that answers at any hour"


def test_seats_and_units_are_read_in_their_order(tmp_path: Path) -> None:
    write(
        tmp_path,
        SEATS + '  - {extension: "8000", operator: 李 建国}\n',
        UNITS
        + '  - {id: north, name: 城北, number: "021", parent: water}\n'
        + '  - {id: x, name: X, number: "09", parent: }\n',
    )

    roster = load_roster(tmp_path, hotline="12345")

    assert roster.seats == (
        RosterSeat(extension="8001", operator="王秀兰"),
        RosterSeat(extension="8000", operator="李 建国"),
    )
    assert roster.operators == {"8001": "王秀兰", "8000": "李 建国"}
    assert roster.units[1] == Unit(id="north", name="城北", number="021", parent="water")
    assert roster.units[2].parent is None


def test_ring_and_duty_of_a_unit_are_read(tmp_path: Path) -> None:
    write(
        tmp_path,
        units=UNITS
        + """    ring: 12
    duty:
      - days: mon-fri
        from: "09:00"
        to: 17:30
      - {days: [fri-mon, wed], from: "18:00", to: "24:00"}
      - {days: sun, from: "00:00", to: "00:00"}
""",
    )

    (unit,) = load_roster(tmp_path).units

    assert unit.ring_seconds == 12.0
    assert unit.duty == (
        DutyHours(days=frozenset(range(5)), begins=time(9), ends=time(17, 30)),
        DutyHours(days=frozenset({4, 5, 6, 0, 2}), begins=time(18), ends=time()),
        DutyHours(days=frozenset({6}), begins=time(), ends=time()),
    )


def test_a_unit_without_ring_and_duty_rings_for_half_a_minute_at_any_hour(tmp_path: Path) -> None:
    write(tmp_path)

    (unit,) = load_roster(tmp_path).units

    assert (unit.ring_seconds, unit.duty) == (30.0, ())


def test_a_unit_says_when_it_is_on_duty_again() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    unit = Unit(
        id="water",
        name="水务局",
        number="02",
        duty=(
            DutyHours(days=frozenset(range(5)), begins=time(9), ends=time(12)),
            DutyHours(days=frozenset(range(5)), begins=time(13, 30), ends=time()),
        ),
    )
    tuesday = datetime(2026, 11, 24, tzinfo=zone)
    moments = {
        tuesday: tuesday.replace(hour=9),
        tuesday.replace(hour=12): tuesday.replace(hour=13, minute=30),
        tuesday + timedelta(days=4): tuesday + timedelta(days=6, hours=9),  # Saturday: until Monday
    }

    for moment, again in moments.items():
        assert not unit.is_on_duty(moment)
        assert unit.next_on_duty(moment) == again
        assert unit.is_on_duty(again)
    assert unit.is_on_duty(tuesday.replace(hour=23, minute=59))


def test_a_hotline_may_have_no_units(tmp_path: Path) -> None:
    write(tmp_path, units="units: []\n")

    assert load_roster(tmp_path).units == ()


@pytest.mark.parametrize(
    ("seats", "mistake"),
    [
        (
            "seats:\n  - extension: 8001\n    operator: 王\n",
            "seats.yaml:2: 'extension' cannot be the number 8001; write 3 to 6 digits that do not begin with 0",
        ),
        (
            'seats:\n  - extension: "0801"\n    operator: 王\n',
            "seats.yaml:2: 'extension' cannot be '0801'; write 3 to 6 digits that do not begin with 0",
        ),
        (
            'seats:\n  - extension: "8001"\n    operater: 王\n',
            "seats.yaml:2: 'operator' is missing|seats.yaml:3: 'operater' is not known; write 'operator'",
        ),
        (
            SEATS + '  - extension: "8001"\n    operator: 李\n',
            "seats.yaml:4: '8001' stands in line 2 already; give each its own extension",
        ),
        (
            'seats:\n  - extension: "12345"\n    operator: 李\n',
            "seats.yaml:2: this is the hotline's own number; give the seat another",
        ),
        (
            "seats:\n  - extension: \"8001\"\n    operator: ' 王'\n",
            "seats.yaml:3: 'operator' cannot be ' 王'; write the operator's name, at most 60 characters",
        ),
        ("seats: []\n", "seats.yaml:1: there is no seat; write at least one, as shown in agents/README.md"),
        ("", "seats.yaml:1: the file is empty; write a flow as shown in agents/README.md"),
        ("seats: 8001\n", "seats.yaml:1: 'seats' is no list; begin each entry with '- '"),
        ("- 1\n", "seats.yaml:1: the file must begin with 'seats:'; write it as shown in agents/README.md"),
        ("seats:\n  - 8001\n", "seats.yaml:2: this entry is no mapping; write extension: ... or operator: ..."),
        (
            "seats: &a []\n",
            "seats.yaml:1: anchors and aliases (& and *) are not used here; write the value out in each",
        ),
        ("people: []\n", "seats.yaml:1: 'people' is not known; write 'seats:'|seats.yaml:1: 'seats' is missing"),
        ("seats:\n\t- x\n", "seats.yaml:2: the file cannot be read as YAML: the line is indented with a tab"),
    ],
)
def test_a_mistake_in_the_seats_is_told_by_line(tmp_path: Path, seats: str, mistake: str) -> None:
    write(tmp_path, seats=seats)

    found = told(tmp_path)

    for expected in mistake.split("|"):
        assert any(line.startswith(expected) for line in found), found


@pytest.mark.parametrize(
    ("units", "mistake"),
    [
        (UNITS.replace('"02"', "02"), "units.yaml:4: 'number' cannot be the number 2; write the digits to dial"),
        (UNITS.replace('"02"', '"8001"'), "units.yaml:4: this is a seat's number; write the unit's own"),
        (UNITS.replace('"02"', '"12345"'), "units.yaml:4: this is the hotline's own number; write the unit's own"),
        (UNITS + "    parent: watr\n", "units.yaml:5: there is no unit 'watr'; write 'water'"),
        (
            UNITS + "    parent: water\n",
            "units.yaml:5: 'water' stands above itself; take one 'parent' of the circle out",
        ),
        (
            UNITS + "    parent: b\n  - {id: b, name: b, number: '03', parent: c}\n"
            "  - {id: c, name: c, number: '04', parent: b}\n",
            "units.yaml:6: 'b' stands above itself",
        ),
        (
            UNITS + "  - {id: water, name: b, number: '02'}\n",
            "units.yaml:5: '02' stands in line 4 already; give each its own number",
        ),
        (UNITS + "    ring: 4\n", "units.yaml:5: 'ring' cannot be the number 4; write whole seconds from 5 to 120"),
        (UNITS + "    ring: 30.5\n", "units.yaml:5: 'ring' cannot be the number 30.5; write whole seconds"),
        (UNITS + "    ring: yes\n", "units.yaml:5: 'ring' cannot be 'yes'; write whole seconds"),
        (UNITS + "    ring: true\n", "units.yaml:5: 'ring' cannot be true; write whole seconds"),
        (UNITS + "    duty: []\n", "units.yaml:5: 'duty' cannot be a list; write the hours, or take 'duty' out"),
        (UNITS + "    duty: mon-fri\n", "units.yaml:5: 'duty' cannot be 'mon-fri'; write a list"),
        (UNITS + "    duty:\n      - mon-fri\n", "units.yaml:6: this stretch of duty is no mapping; write {days: "),
        (
            UNITS + "    duty:\n      - days: mon-fri\n        form: '09:00'\n        to: '12:00'\n",
            "units.yaml:7: 'form' is not known; write days: mon-fri, from: ",
        ),
        (UNITS + "    duty:\n      - {days: mon-fri, to: '12:00'}\n", "units.yaml:6: 'from' is missing; write days: "),
        (
            UNITS
            + "    duty:\n      - days: [mon,\n               workday]\n        from: '09:00'\n        to: '12:00'\n",
            "units.yaml:7: 'days' cannot be 'workday'; write one of mon, tue,",
        ),
        (
            UNITS + "    duty:\n      - {days: [], from: '09:00', to: '12:00'}\n",
            "units.yaml:6: 'days' is empty; write days, such as mon-fri",
        ),
        (
            UNITS + "    duty:\n      - {days: 1, from: '09:00', to: '12:00'}\n",
            "units.yaml:6: 'days' cannot be the number 1; write one of",
        ),
        (
            UNITS + "    duty:\n      - days: sat\n        from: '9:00'\n        to: '12:00'\n",
            "units.yaml:7: 'from' cannot be '9:00'; write hours and minutes, such as \"09:00\"",
        ),
        (
            UNITS + "    duty:\n      - days: sat\n        from: '24:00'\n        to: '12:00'\n",
            "units.yaml:7: 'from' cannot be '24:00'; write hours and minutes",
        ),
        (
            UNITS + "    duty:\n      - days: sat\n        from: '22:00'\n        to: '06:00'\n",
            "units.yaml:8: duty would end at 06:00, before it begins; write two stretches for a night",
        ),
        ("units:\n  - id: Water\n    name: x\n    number: '02'\n", "units.yaml:2: 'id' cannot be 'Water'; write small"),
        ("units:\n  - id: true\n    name: [x]\n    number: {}\n", "units.yaml:2: 'id' cannot be true; write small"),
    ],
)
def test_a_mistake_in_the_units_is_told_by_line(tmp_path: Path, units: str, mistake: str) -> None:
    write(tmp_path, units=units)

    assert any(line.startswith(mistake) for line in told(tmp_path)), told(tmp_path)


def test_every_mistake_of_both_files_is_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, seats=SEATS.replace('"8001"', "x"), units=UNITS.replace("water", "1"))
    (tmp_path / "more.yml").write_text("")

    found = told(tmp_path)

    assert [line.split(":")[0] for line in found] == ["more.yml", "seats.yaml", "units.yaml"]
    assert found[0] == "more.yml:1: this file is not read; write seats.yaml and units.yaml only"


def test_missing_files_are_told(tmp_path: Path) -> None:
    assert told(tmp_path) == [
        "seats.yaml:1: there is no such file; make it as shown in agents/README.md",
        "units.yaml:1: there is no such file; make it as shown in agents/README.md",
    ]


def test_a_file_that_is_no_roster_is_not_read_whole(tmp_path: Path) -> None:
    write(tmp_path, seats="#" * (4 * 1024 * 1024 + 1))

    assert told(tmp_path) == ["seats.yaml:1: the file has more than 4096 kB; keep only the roster in it"]
