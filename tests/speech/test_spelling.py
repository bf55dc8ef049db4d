"""What becomes of an engine's text before it is told."""

import pytest

from callcenter.speech.spelling import is_invented, told

PROMPT = "以下是普通话的句子。"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("你好 世界", "你好世界"),
        ("  我 要 投诉  ", "我要投诉"),
        ("打 110 电话", "打110电话"),
        ("open the door", "open the door"),
        ("올해 과 막", "올해 과 막"),
        ("请说 [unk] 地址", "请说地址"),
        ("<unk>", ""),
        ("", ""),
        ("余余余余余余余余余余余余", "余余余余"),
        ("我知道我知道我知道我知道我知道我知道", "我知道我知道我知道我知道"),
        ("好好好好", "好好好好"),
        ("电话是88888888", "电话是88888888"),
        ("八八八八八八八八八八八八", "八八八八八八八八"),
    ],
)
def test_spaces_and_loops_go_and_the_words_stay(text: str, expected: str) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    "text", ["普通话的句子", "以下是普通话的句子。", "以下", "。", "", "字幕由志愿者提供", "请点赞订阅"]
)
def test_pieces_of_the_prompt_and_what_films_teach_are_taken_for_invented(text: str) -> None:
    assert is_invented(text, PROMPT)


@pytest.mark.parametrize("text", ["是的", "好", "我说普通话", "的", "点赞"])
def test_what_people_say_is_not(text: str) -> None:
    assert not is_invented(text, PROMPT)
