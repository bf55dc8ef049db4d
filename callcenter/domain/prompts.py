"""What the hotline says to callers: one prompt, and numbers and announcements composed of prompts.

The names are those of sounds in `ivr_flows/prompts/`, so nothing is spoken by machine while a caller waits.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prompt:
    """One thing a caller hears: the sound of this name if there is one, else the text, spoken."""

    name: str | None
    text: str


LARGEST_NUMBER = 9999
"""The largest number that can be said by pieces."""
LONGEST_WAIT_MINUTES = 60
"""A longer wait is told as `more than an hour`: nothing known holds so far ahead."""

EXACT_MINUTES = 10
"""A longer wait is told in tens of minutes."""
MOST_WITH_WAIT = 99
"""Behind more callers no wait is told."""

_DIGITS = "零幺二三四五六七八九"
_ONES = "零一二三四五六七八九"

_OF_FLOWS = {
    "welcome": "您好，政务服务热线，本次通话将会录音。",
    "main_menu": "咨询请按1，投诉举报请按2，查询工单进度请按3，常用信息请按4，人工服务请按0。",
    "key_invalid": "按键无效，请重新选择。",
    "key_missing": "没有收到您的按键。",
    "ticket_number_ask": "请输入14位工单编号，按井号键结束。转人工请按0。",
    "ticket_number_invalid": "工单编号应为14位数字。",
    "ticket_lead": "您查询的工单，编号",
    "ticket_drafted": "已登记，工作人员正在核实整理。",
    "ticket_filed": "已受理，正在办理中。",
    "after_progress": "查询其他工单请按1，人工服务请按0，结束请挂机。",
    "ticket_unknown": "没有查到这个工单。重新输入请按1，人工服务请按0。",
    "ticket_not_yours": "为保护个人信息，只能用登记的电话号码查询。重新输入请按1，人工服务请按0。",
    "progress_unavailable": "暂时无法查询。人工服务请按0，结束请挂机。",
    "information": "办事指南和网上办理，请访问本地政务服务网或手机客户端。紧急情况，请拨打幺幺零、幺幺九或幺二零。",
    "information_ask": "重听请按1，返回请按9，人工服务请按0。",
    "connecting": "正在为您转接人工服务。",
    "goodbye": "感谢来电，再见。",
    "night_hours": "人工服务时间为每天8点30分至20点30分。",
    "night_elsewhere": "非紧急事项，可通过政务服务网或手机客户端提交。紧急情况，请拨打幺幺零、幺幺九或幺二零。",
    "night_duty": "需要值班人员，请按0。",
}
_OF_THE_LINE = {
    "position_next": "您是下一位，请稍候。",
    "position_lead": "您前面有",
    "position_end": "位，请稍候。",
    "position_wait": "位，约需等待",
    "position_wait_end": "分钟。",
    "position_wait_long": "位，约需等待一小时以上。",
}
_OF_THE_SURVEY = {
    "survey_ask": "请评价本次服务：非常满意按5，满意按4，基本满意按3，不满意按2，非常不满意按1。",
}
_DIGIT_PIECES = {f"digit_{digit}": said for digit, said in enumerate(_DIGITS)}
_NUMBER_PIECES = {
    **{f"number_{one}": said for one, said in enumerate(_ONES)},
    "number_2_counted": "两",
    "number_10": "十",
    "number_10_behind": "一十",  # 一百一十, but 十 alone
    **{f"number_{ten}0": f"{_ONES[ten]}十" for ten in range(2, 10)},
    **{f"number_{hundred}00": f"{_ONES[hundred] if hundred != 2 else '两'}百" for hundred in range(1, 10)},  # noqa: PLR2004 - two
    **{f"number_{thousand}000": f"{_ONES[thousand] if thousand != 2 else '两'}千" for thousand in range(1, 10)},  # noqa: PLR2004 - two
}

CATALOGUE: Mapping[str, str] = {**_OF_FLOWS, **_OF_THE_LINE, **_OF_THE_SURVEY, **_DIGIT_PIECES, **_NUMBER_PIECES}
"""The words of every prompt that is shipped as a sound, by its name."""


def shipped(name: str) -> Prompt:
    """Give the shipped prompt of this name. Raises KeyError."""
    return Prompt(name, CATALOGUE[name])


GREETING = shipped("welcome")
"""The first words of a hotline whose controller cannot say others."""
SURVEY_ASK, SURVEY_END = shipped("survey_ask"), shipped("goodbye")
"""What a caller hears who is asked for a grade: the question, and the last words."""
PIECES = frozenset(shipped(name) for name in (*_OF_THE_LINE, *_DIGIT_PIECES, *_NUMBER_PIECES))
"""Everything that announcements, numbers and ticket numbers are composed of."""


def digits_said(number: str) -> list[Prompt]:
    """Give a number as it is said on the telephone, digit by digit; other signs are left out."""
    return [shipped(f"digit_{digit}") for digit in number if digit in "0123456789"]


def ticket_number_said(number: str) -> list[Prompt]:
    """Give a ticket's number as it is read back."""
    return digits_said(number)


def number_said(number: int) -> list[Prompt]:
    """Give how many there are of something, as it is said before what is counted: 两, 十二, 一百零五.

    From 0 to LARGEST_NUMBER; raises ValueError beyond.
    """
    if not 0 <= number <= LARGEST_NUMBER:
        raise ValueError(f"number must be 0 to {LARGEST_NUMBER}")
    if number == 2:  # noqa: PLR2004 - two alone is 两
        return [shipped("number_2_counted")]
    said: list[Prompt] = []
    skipped = False
    for place in (1000, 100, 10, 1):
        value = number // place % 10 * place
        if not value:
            skipped = bool(said)
            continue
        if skipped:
            said.append(shipped("number_0"))
            skipped = False
        said.append(shipped("number_10_behind" if value == 10 and said else f"number_{value}"))  # noqa: PLR2004 - ten
    return said or [shipped("number_0")]


def position_said(ahead: int, wait_minutes: int | None) -> list[Prompt]:
    """Give a waiting caller's place: how many are before him, and the expected wait where one is known.

    Kept under 5 s, since he is not handed to Asterisk's own queue while he hears it: so more than 10 minutes are told
    in tens, upwards, and no wait at all behind more than 99 callers. More callers than LARGEST_NUMBER are
    told as so many.
    """
    if ahead <= 0:
        return [shipped("position_next")]
    place = [shipped("position_lead"), *number_said(min(ahead, LARGEST_NUMBER))]
    if wait_minutes is None or ahead > MOST_WITH_WAIT:
        return [*place, shipped("position_end")]
    if wait_minutes > LONGEST_WAIT_MINUTES:
        return [*place, shipped("position_wait_long")]
    minutes = max(1, wait_minutes) if wait_minutes <= EXACT_MINUTES else -(-wait_minutes // 10) * 10
    return [*place, shipped("position_wait"), *number_said(minutes), shipped("position_wait_end")]
