"""What the writer of a flow is told of single values and of YAML itself, in these very words."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.ivr.check import check_flows
from callcenter.ivr.mistakes import Mistake
from tests.support.flow_files import WHOLE, spoilt, told, with_node

FLOWS = Path(__file__).parents[2] / "ivr_flows"


# Menus and digits


def test_a_menu_without_a_time_out_is_told(tmp_path: Path) -> None:
    assert spoilt(tmp_path, "first_digit_seconds: 5, ", "") == [
        (
            "flow.yaml:7: node 'choose': it has no time-out: 'first_digit_seconds' is missing; "
            "write 'first_digit_seconds: 5'"
        )
    ]


def test_an_ambiguous_key_is_told(tmp_path: Path) -> None:
    assert spoilt(tmp_path, "{1: person}", "{1: person, '1': bye}") == [
        "flow.yaml:7: '1' is written twice, first in line 7; keep one of them"
    ]


def test_a_key_for_hearing_again_that_is_also_the_operators_is_told(tmp_path: Path) -> None:
    assert with_node(tmp_path, "kind: info, prompts: 指南, ask: 重听, again_key: '0', next: bye") == [
        "flow.yaml:10: node 'more': key 0 would mean both the operator and hearing it again; write 'again_key: \"1\"'"
    ]


def test_a_key_that_no_telephone_has_is_told(tmp_path: Path) -> None:
    assert spoilt(tmp_path, "{1: person}", "{12: person, 1: person}") == [
        "flow.yaml:7: node 'choose', keys, 12: '12' is no key of a telephone; write one of '0' to '9', '*' or '#'"
    ]


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (
            "kind: collect, prompts: 编号, first_digit_seconds: 5, max_digits: 4",
            "nothing follows the digits; write 'next: NODE', or 'lookup: ticket_progress' with its exits",
        ),
        (
            "kind: collect, prompts: 编号, first_digit_seconds: 5, min_digits: 5, max_digits: 4, next: bye",
            "min_digits 5 is more than max_digits 4; write a smaller min_digits",
        ),
        (
            "kind: collect, prompts: 编号, first_digit_seconds: 5, max_digits: 4, lookup: ticket_progress",
            "the lookup has no exits; write 'exits: {found: NODE, unknown: NODE, not_yours: NODE}'",
        ),
        (
            "kind: collect, prompts: 编号, first_digit_seconds: 5, max_digits: 4, lookup: ticket_progress, next: bye",
            "a lookup goes on by its exits, not by 'next'; take 'next' out",
        ),
        (
            "kind: collect, prompts: 编号, first_digit_seconds: 5, max_digits: 4, next: bye, number_lead: 编号",
            "exits, answers and number_lead belong to a lookup; write 'lookup: ticket_progress' or take them out",
        ),
        (
            (
                "kind: collect, prompts: 编号, first_digit_seconds: 5, max_digits: 4, lookup: ticket_progress, "
                "answers: {drafted: 已登记}, exits: {found: bye, unknown: bye, not_yours: bye}"
            ),
            "nothing is said of tickets that are filed; write 'answers: {filed: 已登记}'",
        ),
        (
            "kind: collect, prompts: 编号, first_digit_seconds: 5, max_digits: 40, next: bye",
            "'max_digits' is 40; write 20 or less",
        ),
        (
            "kind: collect, prompts: 编号, first_digit_seconds: 5, max_digits: 4, terminator: x, next: bye",
            "'terminator' cannot be 'x'; write '#', '*' or 'none'",
        ),
    ],
)
def test_digits_that_cannot_be_collected_are_told(tmp_path: Path, node: str, message: str) -> None:
    assert with_node(tmp_path, node) == [f"flow.yaml:10: node 'more': {message}"]


# Hours


def test_hours_of_a_day_must_be_a_list(tmp_path: Path) -> None:
    assert with_node(tmp_path, "kind: hours, weekly: {monday: '08:00-12:00'}, open: person, closed: bye") == [
        "flow.yaml:10: node 'more', weekly: 'monday' must be a list, not '08:00-12:00'; see ivr_flows/README.md"
    ]


@pytest.mark.parametrize(
    ("hours", "message"),
    [
        (
            "weekly: {monday: ['22:00-06:00']}",
            (
                ", weekly, monday: '22:00-06:00' closes before it opens; "
                "write '22:00-24:00' here and '00:00-06:00' on the next day"
            ),
        ),
        (
            "weekly: {monday: ['8:30-12:00']}",
            (
                ", weekly, monday: '8:30-12:00' is no stretch of a day; "
                "write it as '08:30-12:00', with 24:00 as the latest"
            ),
        ),
        ("weekly: {monday: [], sunnday: []}", ", weekly: 'sunnday' is not known; write 'sunday'"),
        (
            "weekly: {monday: []}, holidays: [2026-02-30]",
            ", holidays: '2026-02-30' is no day; write it as 2026-10-01",
        ),
        (
            "weekly: {monday: []}, make_up_workdays: {2026-10-10: fri}",
            ", make_up_workdays: '2026-10-10' cannot be 'fri'; write 'friday'",
        ),
        (
            "weekly: {monday: []}, holidays: [2026-10-10], make_up_workdays: {2026-10-10: friday}",
            ": 2026-10-10 is both a holiday and a make-up workday; keep one of them",
        ),
    ],
)
def test_hours_that_cannot_be_are_told(tmp_path: Path, hours: str, message: str) -> None:
    assert with_node(tmp_path, f"kind: hours, {hours}, open: person, closed: bye") == [
        f"flow.yaml:10: node 'more'{message}"
    ]


def test_a_calendar_that_is_not_there_is_told_with_the_nearest(tmp_path: Path) -> None:
    node = "kind: hours, calendar: china_2025, weekly: {monday: []}, open: person, closed: bye"

    assert with_node(tmp_path, node, china_2026="description: 放假安排\n") == [
        "flow.yaml:10: there is no calendar 'china_2025'; write 'china_2026'"
    ]


def test_a_mistake_in_a_calendar_is_told_in_its_own_file(tmp_path: Path) -> None:
    node = "kind: hours, calendar: china, weekly: {monday: []}, open: person, closed: bye"

    assert with_node(tmp_path, node, china="description: 放假安排\nholiday:\n- 2026-10-01\n") == [
        "calendars/china.yaml:2: 'holiday' is not known; write 'holidays'"
    ]


# Names and values


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("kind: menu", "kind: menue", "7: node 'choose': there is no kind 'menue'; write 'kind: menu'"),
        (
            "kind: menu, ",
            "",
            (
                "7: node 'choose': it has no 'kind'; "
                "write 'kind: ...' with one of say, menu, collect, hours, queue, info or hang_up"
            ),
        ),
        (
            "first_digit_seconds: 5",
            "first_digit_seconds: 5, bargein: true",
            "7: node 'choose': 'bargein' is not known; write 'barge_in'",
        ),
        (
            "{kind: queue, ",
            "{kind: queue, colour: red, ",
            "9: node 'person': 'colour' is not known; take it out; known here are kind or queue",
        ),
        ("description", "descripton", "2: 'descripton' is not known; write 'description'"),
        (
            "first_digit_seconds: 5",
            "first_digit_seconds: soon",
            "7: node 'choose': 'first_digit_seconds' must be a number, not 'soon'; write 'first_digit_seconds: 5'",
        ),
        (
            "first_digit_seconds: 5",
            "first_digit_seconds: 0",
            "7: node 'choose': 'first_digit_seconds' is 0; write 1 or more",
        ),
        (
            "first_digit_seconds: 5",
            "first_digit_seconds: 5, barge_in: yes",
            "7: node 'choose': 'barge_in' must be true or false, not 'yes'; write 'barge_in: true'",
        ),
        (
            "prompts: 再见",
            "prompts: {text: 12345}",
            "8: node 'bye', prompts: 'text' must be words, not 12345; put it in quotes: '12345'",
        ),
        (
            "prompts: 再见",
            "prompts: 7",
            "8: node 'bye': 'prompts' must be a list, not 7; write 'prompts: [感谢来电，再见。]'",
        ),
        ("{1: person}", "{}", "7: node 'choose': 'keys' is empty; write 'keys: {'1': NODE}'"),
        (
            "prompts: 再见",
            "prompts: {name: Good Bye, text: 再见}",
            (
                "8: node 'bye', prompts, name: 'Good Bye' is no name; "
                "write small letters, digits and _ only, beginning with a letter"
            ),
        ),
    ],
)
def test_a_wrong_name_or_value_is_told_with_the_right_one(tmp_path: Path, right: str, wrong: str, message: str) -> None:
    expected = [f"flow.yaml:{message}"]
    if right == "description":
        expected.insert(0, "flow.yaml:1: 'description' is missing; write 'description: ...'")

    assert spoilt(tmp_path, right, wrong) == expected


# YAML itself


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1: the file is empty; write a flow as shown in ivr_flows/README.md"),
        ("- 1\n", "1: the file must hold a mapping of names to values, not a list; see ivr_flows/README.md"),
        (
            "name: [flow\nstart: x\n",
            (
                "2: the file cannot be read as YAML: expected ',' or ']', but got ':'; "
                "check the indent, the quotes and the colons of this line and the one before it"
            ),
        ),
        (
            "nodes:\n\tm: 1\n",
            "2: the file cannot be read as YAML: the line is indented with a tab; indent with two spaces for each step",
        ),
        (
            "keys:\n  *: person\n",
            (
                "2: the file cannot be read as YAML: a * without quotes means something else in YAML; "
                "write the key in quotes: '*'"
            ),
        ),
        (
            "name: flow\ntext: 'abc\nstart: 1\n",
            (
                "2: the file cannot be read as YAML: a quote is opened here and never closed; "
                "close it, or write the text without quotes"
            ),
        ),
        (
            "name: flow: x\n",
            "1: the file cannot be read as YAML: there is a second colon in this line; put the text in quotes",
        ),
        (
            WHOLE + "---\n" + WHOLE,
            (
                "10: the file cannot be read as YAML: the file holds a second document after ---; "
                "keep one flow in one file"
            ),
        ),
        ("%YAML 1.1\n---\na: on\n", "1: directives such as %YAML are not used in flows; take the line out"),
        ("a: 1\nb: \x07\n", "2: there is a character that YAML does not allow; take the invisible character out"),
        (b"name: flow\ntext: \xff\n", "2: this is not UTF-8 text; save the file as UTF-8"),
        ("[" * 5000, "1: the file is nested too deep to be read; use the nesting shown in ivr_flows/README.md"),
        ("#" * 300_000, "1: the file has more than 256 kB; write a smaller flow"),
        (
            WHOLE.replace("description: 测试", "description: 请按 #键"),
            (
                "2: '#键' is hidden: a # behind a blank begins a comment; "
                "put the whole text in quotes, or write a blank behind the # of a comment"
            ),
        ),
        (
            WHOLE.replace("{kind: queue, queue: hotline}", "!mine {kind: queue, queue: hotline}"),
            "9: the mark !mine is not used in flows; take it out",
        ),
    ],
)
def test_what_is_not_yaml_is_told_with_its_line(tmp_path: Path, text: str | bytes, message: str) -> None:
    assert told(tmp_path, text) == [f"flow.yaml:{message}"]


def test_a_chinese_colon_is_told(tmp_path: Path) -> None:
    assert spoilt(tmp_path, "operator: person", "operator：person")[0] == (
        "flow.yaml:4: a Chinese colon stands behind 'operator'; write 'operator: '"
    )


def test_a_byte_order_mark_of_an_editor_is_no_mistake(tmp_path: Path) -> None:
    assert told(tmp_path, WHOLE.encode("utf-8-sig")) == []


def test_an_anchor_is_told_once(tmp_path: Path) -> None:
    assert spoilt(tmp_path, "{1: person}", "&keys {1: person}") == [
        "flow.yaml:7: anchors and aliases (& and *) are not used in flows; write the value out in each place"
    ]


def test_a_file_with_another_ending_is_told(tmp_path: Path) -> None:
    (tmp_path / "menu.yml").write_text(WHOLE, encoding="utf-8")

    assert told(tmp_path, WHOLE) == ["menu.yml:1: files ending in .yml are not read; rename it to menu.yaml"]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert check_flows(tmp_path / "flows") == [
        Mistake(str(tmp_path / "flows"), 1, "there is no such folder", "name the folder that holds the flows")
    ]


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "dir.yaml").mkdir()

    assert [str(mistake) for mistake in check_flows(tmp_path)] == [
        f"{tmp_path}/dir.yaml:1: the file cannot be read (Is a directory); check its owner and its rights"
    ]


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("name: x: y\n", encoding="utf-8")
    text = (
        WHOLE.replace("next: choose", "next: chooose")
        .replace("first_digit_seconds: 5, ", "")
        .replace("{1: person}", "{1: persn, 1: bye}")
        .replace("queue: hotline", "queue: hotlin")
    )

    assert told(tmp_path, text + "  island: {kind: say, prompts: 您好}\n") == [
        "flow.yaml:6: node 'welcome': there is no node 'chooose'; write 'choose'",
        "flow.yaml:7: '1' is written twice, first in line 7; keep one of them",
        (
            "flow.yaml:7: node 'choose': it has no time-out: 'first_digit_seconds' is missing; "
            "write 'first_digit_seconds: 5'"
        ),
        "flow.yaml:7: node 'choose': there is no node 'persn'; write 'person'",
        "flow.yaml:9: there is no queue 'hotlin'; write 'hotline'",
        (
            "flow.yaml:10: node 'island': it is a dead end: 'next' is missing; "
            "write 'next: NODE', or make it a queue or hang_up node"
        ),
        "flow.yaml:10: nothing leads to node 'island'; lead a key or a 'next' to 'island', or take it out",
        "other.yaml:1: the file cannot be read as YAML: there is a second colon in this line; put the text in quotes",
    ]


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_no_spoilt_file_breaks_the_check(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    text = (FLOWS / data.draw(st.sampled_from(["direct.yaml", "menu.yaml", "night.yaml"]))).read_text(encoding="utf-8")
    for _ in range(data.draw(st.integers(1, 4))):
        begin = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(begin, min(len(text), begin + 30)))
        text = (
            text[:begin] + data.draw(st.text(alphabet="ab1：: \n-{}[]'\"#*&!?|>%@`\t，录音", max_size=6)) + text[end:]
        )
    folder = tmp_path_factory.mktemp("flows")
    (folder / "flow.yaml").write_text(text, encoding="utf-8")

    for mistake in check_flows(folder, queues={"hotline"}):
        assert 1 <= mistake.line <= text.count("\n") + 2
        assert mistake.wrong
        assert mistake.instead
