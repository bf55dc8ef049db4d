"""What a whole folder of flows is told: where its ways lead, and what its callers hear."""

from pathlib import Path

from callcenter.ivr.check import check_flows
from callcenter.ivr.mistakes import Mistake, listed, nearest
from tests.support.flow_files import WHOLE, spoilt, told, with_node

FLOWS = Path(__file__).parents[2] / "ivr_flows"


def test_the_shipped_flows_have_no_mistake() -> None:
    assert check_flows(FLOWS, queues={"hotline"}) == []


def test_a_whole_flow_has_no_mistake(tmp_path: Path) -> None:
    assert told(tmp_path, WHOLE) == []


def test_a_mistake_names_its_file_as_it_was_given(tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").write_text(WHOLE.replace("next: choose", "next: chose"), encoding="utf-8")

    assert check_flows(tmp_path) == [
        Mistake(str(tmp_path / "flow.yaml"), 6, "node 'welcome': there is no node 'chose'", "write 'choose'")
    ]


# Ways


def test_a_missing_next_node_is_told_with_the_nearest(tmp_path: Path) -> None:
    assert spoilt(tmp_path, "after_retries: bye", "after_retries: byee") == [
        "flow.yaml:7: node 'choose': there is no node 'byee'; write 'bye'"
    ]


def test_a_missing_next_node_like_none_is_told_with_all(tmp_path: Path) -> None:
    assert spoilt(tmp_path, "{1: person}", "{1: person, 2: xyz}") == [
        (
            "flow.yaml:7: node 'choose': there is no node 'xyz'; "
            "write one of bye, choose, person or welcome, or add the node"
        )
    ]


def test_a_start_that_is_no_node_is_told(tmp_path: Path) -> None:
    assert spoilt(tmp_path, "start: welcome", "start: wellcome") == [
        "flow.yaml:3: there is no node 'wellcome'; write 'welcome'"
    ]


def test_an_operator_who_is_no_queue_is_told(tmp_path: Path) -> None:
    assert spoilt(tmp_path, "operator: person", "operator: bye") == [
        "flow.yaml:4: node 'bye' is of kind hang_up, not queue; write 'operator: person'"
    ]


def test_an_unreachable_node_is_told(tmp_path: Path) -> None:
    assert told(tmp_path, WHOLE + "  island: {kind: hang_up}\n") == [
        "flow.yaml:10: nothing leads to node 'island'; lead a key or a 'next' to 'island', or take it out"
    ]


def test_a_dead_end_is_told(tmp_path: Path) -> None:
    assert with_node(tmp_path, "kind: say, prompts: 请稍候") == [
        (
            "flow.yaml:10: node 'more': it is a dead end: 'next' is missing; "
            "write 'next: NODE', or make it a queue or hang_up node"
        )
    ]


def test_a_loop_without_a_key_is_told_once(tmp_path: Path) -> None:
    assert with_node(
        tmp_path, "kind: say, prompts: 请稍候, next: again}\n  again: {kind: say, prompts: 稍候, next: more"
    ) == [
        (
            "flow.yaml:10: more -> again -> more goes round for ever when no key is pressed; "
            "lead one of these nodes to a queue, a hang_up or a menu outside the round"
        )
    ]


def test_a_menu_that_silence_leads_back_to_itself_is_a_loop(tmp_path: Path) -> None:
    assert spoilt(
        tmp_path, "after_retries: bye", "after_retries: choose}\n  more: {kind: say, prompts: 好, next: bye"
    ) == [
        (
            "flow.yaml:7: choose -> choose goes round for ever when no key is pressed; "
            "lead one of these nodes to a queue, a hang_up or a menu outside the round"
        ),
        "flow.yaml:8: nothing leads to node 'more'; lead a key or a 'next' to 'more', or take it out",
        "flow.yaml:9: nothing leads to node 'bye'; lead a key or a 'next' to 'bye', or take it out",
    ]


def test_a_loop_that_needs_a_key_is_no_mistake(tmp_path: Path) -> None:
    assert spoilt(tmp_path, "{1: person}", "{1: person, 2: choose}") == []


def test_a_queue_that_the_hotline_does_not_have_is_told(tmp_path: Path) -> None:
    assert spoilt(tmp_path, "queue: hotline", "queue: hotlines") == [
        "flow.yaml:9: there is no queue 'hotlines'; write 'hotline'"
    ]


def test_a_flow_named_otherwise_than_its_file_is_told(tmp_path: Path) -> None:
    assert spoilt(tmp_path, "name: flow", "name: menu") == [
        "flow.yaml:1: the flow is named 'menu' in a file named 'flow'; write 'name: flow'"
    ]


# Words


def test_a_prompt_without_text_or_sound_is_told(tmp_path: Path) -> None:
    assert spoilt(tmp_path, "prompts: 再见", "prompts: {name: goodbye_sound}") == [
        (
            "flow.yaml:8: prompt 'goodbye_sound' has neither text nor sound; "
            "write 'text: ...' beside it, or record prompts/goodbye_sound.wav"
        )
    ]


def test_a_prompt_with_a_recorded_sound_needs_no_text(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "goodbye_sound.wav").touch()

    assert spoilt(tmp_path, "prompts: 再见", "prompts: {name: goodbye_sound}") == []


def test_an_empty_prompt_is_told(tmp_path: Path) -> None:
    assert spoilt(tmp_path, "prompts: 再见", "prompts: ['']") == [
        (
            "flow.yaml:8: node 'bye', prompts: a prompt has neither text nor sound; "
            "write 'text: 您好', or 'name: ...' of a WAV in prompts/"
        )
    ]


def test_one_prompt_with_two_texts_is_told(tmp_path: Path) -> None:
    text = WHOLE.replace("prompts: 通话将会录音", "prompts: {name: words, text: 通话将会录音}")

    assert told(tmp_path, text.replace("prompts: 再见", "prompts: {name: words, text: 再见}")) == [
        (
            f"flow.yaml:8: prompt 'words' has other words in line 6 of {tmp_path}/flow.yaml; "
            "write the same words, or give this prompt a name of its own"
        )
    ]


def test_a_shipped_prompt_with_other_words_is_told_since_its_shipped_sound_would_play(tmp_path: Path) -> None:
    assert spoilt(tmp_path, "prompts: 通话将会录音", "prompts: {name: welcome, text: 本市热线，通话将会录音}") == [
        (
            "flow.yaml:6: prompt 'welcome' has other words in the catalogue of prompts; "
            "write the same words, or give this prompt a name of its own"
        )
    ]


def test_a_key_that_is_named_but_leads_nowhere_is_told(tmp_path: Path) -> None:
    assert spoilt(tmp_path, "咨询请按1", "咨询请按1，投诉请按5，返回请按星号键，人工请按0") == [
        (
            "flow.yaml:7: node 'choose': the words name key *, which leads nowhere; "
            "add '*' to the keys, or name one of 0 or 1"
        ),
        (
            "flow.yaml:7: node 'choose': the words name key 5, which leads nowhere; "
            "add '5' to the keys, or name one of 0 or 1"
        ),
    ]


def test_a_greeting_that_does_not_tell_of_the_recording_is_told(tmp_path: Path) -> None:
    assert spoilt(tmp_path, "通话将会录音", "您好") == [
        (
            "flow.yaml:7: a caller comes to node 'choose' without having been told that the call is recorded; "
            "lead 'start' to a say node whose text has the word 录音, and that node to 'choose'"
        )
    ]


def test_a_recording_told_in_words_that_can_be_cut_short_is_not_told(tmp_path: Path) -> None:
    text = WHOLE.replace("start: welcome", "start: choose").replace("咨询请按1", "通话将会录音，咨询请按1")

    assert "told that the call is recorded" in told(tmp_path, text.replace("{1: person}", "{1: welcome}"))[0]


def test_a_greeting_in_another_language_can_declare_that_it_tells_of_the_recording(tmp_path: Path) -> None:
    assert spoilt(tmp_path, "prompts: 通话将会录音", "prompts: This call is recorded., tells_recording: true") == []


def test_words_too_long_before_a_key_or_a_person_are_told(tmp_path: Path) -> None:
    assert spoilt(tmp_path, "prompts: 通话将会录音", f"prompts: 通话将会录音{'很长的问候语' * 20}") == [
        (
            "flow.yaml:6: from 'welcome' to 'welcome' the caller hears about 28 s that he cannot cut short; "
            "shorten the words to 20 s, or put them into a menu or info node"
        )
    ]


def test_a_long_text_at_whose_end_nothing_is_asked_is_told(tmp_path: Path) -> None:
    text = f"  guide: {{kind: info, prompts: {'很长的指南' * 20}, next: person}}\n"

    assert told(tmp_path, WHOLE.replace("{1: person}", "{1: guide}") + text) == [
        (
            "flow.yaml:10: from 'guide' to 'guide' the caller hears about 22 s that he cannot cut short; "
            "shorten the words to 20 s, or put them into a menu or info node"
        )
    ]
    assert (
        told(tmp_path, WHOLE.replace("{1: person}", "{1: guide}") + text.replace("next", "ask: 重听请按1, next")) == []
    )


def test_long_words_that_a_key_cuts_short_are_no_mistake(tmp_path: Path) -> None:
    assert spoilt(tmp_path, "咨询请按1", f"咨询请按1{'很长的说明' * 30}") == []


def test_words_are_listed_for_reading() -> None:
    assert [listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == ["", "a", "a or b", "a, b or c"]


def test_nothing_is_suggested_that_comes_not_close() -> None:
    assert nearest("persn", ["person", "bye"]) == "person"
    assert nearest("xyz", ["person", "bye"]) is None
