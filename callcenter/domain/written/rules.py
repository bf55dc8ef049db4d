"""The rules by which what was said is written as people write it in a ticket.

They follow GB/T 15835-2011 (numerals in publications): Arabic for numbers that number, measure or date something (4.1),
Chinese for approximate numbers, the lunar calendar, and words in which a numeral is only a sign (4.2). Where that
standard leaves the choice, a ticket's habits decide: up to ten of something that is merely counted stay 三个人, more
are 12个人; ordinals stay 第三; fractions stay 三分之一, but 百分之三十 is 30%.
"""

import re
from collections.abc import Callable
from itertools import pairwise

from callcenter.domain.written.numerals import ARABIC, DIGITS, Number, digits, number, shown
from callcenter.domain.written.words import (
    ALSO_COUNTS,
    COUNTED,
    END,
    HOUR_SAID,
    IN_AN_ADDRESS,
    KEPT,
    MEASURED,
    NO_HOUR_BEFORE,
    NO_HOUR_BEHIND,
    NOT_A_BIT_BEHIND,
    NUMBERED,
    NUMERAL,
    ONE_BEGINS_A_WORD,
    ONE_MEASURED,
    PLATE,
    VAGUE_TWO,
)

_RUN = re.compile(f"[{NUMERAL}]+")
_SAID = re.compile("[零〇幺一二两三四五六七八九十百千万亿]")
_OF_HUNDRED = re.compile(rf"([百千])分之([{NUMERAL}]+)(?:点([零〇一二三四五六七八九]+))?")
_WITH_POINT = re.compile(rf"([{NUMERAL}]+)点([零〇幺一二三四五六七八九]+)([万亿]?)(?![{NUMERAL}])")
_ADDRESS_ON_A_NET = re.compile(
    "[零〇幺一二三四五六七八九]{1,3}(?:点[零〇幺一二三四五六七八九]{1,3}){3}(?![点零〇幺一二两三四五六七八九十百])"
)
_MINUTES = re.compile(rf"(过?)([{NUMERAL}]+)(分?)(?![钟之贝钱])")
_AMONG_TENS = re.compile(rf"([到至、杠和或与跟])([{NUMERAL}]+)")
_IN_A_HOUSE = re.compile("[号栋幢室楼房路门层]|单元|弄")
_DIGIT = "[一二三四五六七八九]"
_TENTHS = re.compile(
    rf"([块米])({_DIGIT})(?:([毛角])(?:({_DIGIT})(?![{NUMERAL}]))?|(?=[每钱的高宽长左])|{END.pattern}|(一)(?=[个平斤月年天吨米度方]))"
)
_GENERATION = re.compile("[零五六七八九]零后")
_MONTH_BEFORE = re.compile(rf"(?:^|[^个])[{NUMERAL}]+月$")

_LEAST_OF_DIGITS = 3  # digits spoken one by one: fewer are too often about so many (三四)
_FEW = 10  # up to here what is merely counted stays in Chinese
_TEENS = 19
_MYRIAD = 10_000
_HOURS, _MINUTES_OF_HOUR, _MONTHS, _DAYS = 24, 59, 12, 31

_Found = tuple[str, int]
"""What to write, and where the text goes on."""


def written(text: str) -> str:
    """Write the numbers, dates and amounts of spoken words as people write them.

    Digits spoken one by one become Arabic from three on (幺三九幺零八六五二七四 is 13910865274), and so do numbers of
    houses, plates, dates, hours, money and measures. 号, 块, 点半 and every other word stay as said. What cannot be
    read as exactly one number (三四百, 几十, 万一) stays, and so does what is Arabic already. Doing it twice changes
    nothing more; signs outside the numbers are never lost, added or moved.
    """
    while (after := _once(text)) != text:  # ends: each change leaves fewer Chinese numerals
        text = after
    return text


def _once(text: str) -> str:
    parts: list[str] = []
    at = 0
    while at < len(text):
        if kept := KEPT.match(text, at):
            parts.append(kept[0])
            at = kept.end()
        elif plate := PLATE.match(text, at):
            parts.append(plate[1] + "".join(DIGITS.get(sign, sign) for sign in plate[2]))
            at = plate.end()
        elif run := _RUN.match(text, at):
            end = _end_of_number(text, at, run.end())
            replaced, at = _of_run(text, at, end)
            parts.append(replaced)
            if at == end < run.end():  # the first sign of the next word; behind Arabic it must not look like more of it
                parts.append(text[end])
                at += 1
        else:
            parts.append(text[at])
            at += 1
    return "".join(parts)


def _of_run(text: str, at: int, end: int) -> _Found:
    """Write one stretch of numerals, with what belongs to it, by the first rule that knows it."""
    if _SAID.search(text, at, end):
        for rule in _RULES:
            if found := rule(text, at, end):
                return found
    return text[at:end], end


def _end_of_number(text: str, at: int, end: int) -> int:
    """Leave the next word its first sign: 三零二一直漏水, 三零二十分吵."""
    run, behind = text[at:end], text[end : end + 1]
    if len(run) < 2 or number(run) is not None:  # noqa: PLR2004 - the number and the sign behind it
        return end
    shorter = (run[-1] == "一" and behind in ONE_BEGINS_A_WORD) or (run[-1] == "十" and behind in {"分", "足", "全"})
    counted = behind in {"个", "位", "次"} and len(run) > _LEAST_OF_DIGITS
    return end - 1 if behind and (shorter or counted) else end


def _percent(text: str, at: int, end: int) -> _Found | None:
    if not (found := _OF_HUNDRED.match(text, at)) or found.end(1) != end:
        return None
    sign = "%" if found[1] == "百" else "‰"
    if found[2] == "百":
        return "100" + sign, found.end()
    whole = number(found[2])
    if whole is None or text[found.end() : found.end() + 1] in {"几", "点"}:
        return found[0], found.end()
    part = "." + (digits(found[3]) or "") if found[3] else ""
    return f"{whole.value}{part}{sign}", found.end()


def _fraction(text: str, at: int, end: int) -> _Found | None:
    """Leave 三分之一 and 万分之五 in words."""
    if not text.startswith("分之", end):
        return None
    below = _RUN.match(text, end + 2)
    return (text[at : below.end()], below.end()) if below else (text[at:end], end)


def _address_on_a_net(text: str, at: int, _end: int) -> _Found | None:
    found = _ADDRESS_ON_A_NET.match(text, at)
    return (".".join(digits(part) or "" for part in found[0].split("点")), found.end()) if found else None


def _hour(text: str, at: int, end: int) -> _Found | None:
    """The hour, and the minutes if they are said: 三点半, 三点十五分, 八点零五."""
    sign = text[end : end + 1]
    hour = number(text[at:end])
    if sign not in {"点", "时"} or hour is None or hour.value > _HOURS:
        return None
    behind, before = text[end + 1 :], text[:at]
    named = bool(HOUR_SAID.search(before))
    if minutes := _minutes(behind, named=named, hour=hour.value):
        return f"{hour.value}{sign}{minutes[0]}", end + 1 + minutes[1]
    if sign == "时":
        is_hour = named or hour.value not in (1, 4)  # 一时, 四时
        return (f"{hour.value}时", end + 1) if is_hour and behind[:1] not in set("候间代常刻有而不光髦差机") else None
    if not named and _WITH_POINT.match(text, at) and not _is_hour_behind_hour(text, at):
        return None
    if re.match("[钟整半]|[一三]刻", behind):
        return f"{hour.value}点", end + 1
    if hour.value == 1 and NOT_A_BIT_BEHIND.match(behind):
        return None
    if hour.value == 1 and not named and not re.match(rf"[到至][{NUMERAL}]+点", behind):
        return None
    if not named and (NO_HOUR_BEFORE.search(before) or NO_HOUR_BEHIND.match(behind)):
        return None
    return f"{hour.value}点", end + 1


def _minutes(behind: str, *, named: bool, hour: int) -> tuple[str, int] | None:
    """Give the minutes behind 点 or 时, and how much of the text they are; `named`: the hour is one for sure."""
    found = _MINUTES.match(behind)
    if found is None:
        return None
    past, run, unit = found.groups()
    minutes = number(run.removeprefix("零").removeprefix("〇"))
    if minutes is None or minutes.value > _MINUTES_OF_HOUR or minutes.shortened:
        return None
    in_tens = minutes.value >= _FEW
    led_by_zero = run[0] in "零〇"
    if (
        unit
        and run == "十"
        and not named
        and (hour == 1 or not re.match("[，。到至左之前后]|$", behind[found.end() :]))
    ):
        return None  # 这三点十分重要
    if not unit and not in_tens and not (led_by_zero and hour and (named or not MEASURED.match(behind, found.end()))):
        return None
    shown_minutes = f"0{minutes.value}" if led_by_zero and not in_tens else str(minutes.value)
    return f"{past}{shown_minutes}{unit}", found.end()


def _is_hour_behind_hour(text: str, at: int) -> bool:
    """三点五点: two hours, not three and a half."""
    found = _WITH_POINT.match(text, at)
    return bool(found and text[found.end() : found.end() + 1] == "点")


def _decimal(text: str, at: int, end: int) -> _Found | None:
    found = _WITH_POINT.match(text, at)
    if not found or found.end(1) != end:
        return None
    whole, part = number(found[1]), digits(found[2])
    behind = text[found.end() :]
    if whole is None or part is None or behind[:1] == "点":
        return None
    meant = found[3] or MEASURED.match(behind) or COUNTED.match(behind) or END.match(behind)
    if found[1] == "一" and not meant:
        return None  # 有一点五味杂陈
    return f"{whole.value}.{part}{found[3]}", found.end()


def _tenths(text: str, at: int, end: int) -> _Found | None:
    """三块五, 三块五毛, 一块八一平米, 一米八: the unit stands inside the number."""
    found = _TENTHS.match(text, end)
    whole = number(text[at:end])
    if found is None or not whole or not whole.value:
        return None
    unit, tenths, coin, hundredths, next_word = found.groups()
    return (
        f"{shown(whole)}{unit}{digits(tenths)}{coin or ''}{digits(hundredths or '') or ''}{next_word or ''}",
        found.end(),
    )


def _year(text: str, at: int, end: int) -> _Found | None:
    """二六年, 九八年; but 二三年, 三五年 are about so many, unless a month follows. And 九零后."""
    run = text[at:end]
    year = digits(run)
    if year is None or len(year) != 2:  # noqa: PLR2004 - short years
        return None
    if _GENERATION.match(text, at):
        return year, end
    if not re.match("年(?!级)", text[end:]) or text[:at].endswith("第"):
        return None
    about = int(year[1]) - int(year[0]) == 1 or run == "三五"
    if about and not re.match(rf"年[{NUMERAL}]+月", text[end:]):
        return None
    return year, end


def _spoken_digits(text: str, at: int, end: int) -> _Found | None:
    """Telephone, house, room and ticket numbers, said digit by digit."""
    run = text[at:end]
    plain = digits(run)
    if plain is None:
        return None
    said = sum(sign in DIGITS for sign in run)
    if said < len(run) and said < 2 and run[-1] not in "幺零":  # noqa: PLR2004 - 88一直 is no number
        return None
    of_house = _IN_A_HOUSE.match(text, end)
    if len(run) < _LEAST_OF_DIGITS:
        one_by_one = len(run) > 1 and any(sign in "幺零〇" for sign in run)
        return (plain, end) if one_by_one and of_house and not text[:at].endswith("第") else None
    if _is_a_list(run) and not text.startswith(("室", "路公交"), end):
        return None
    if text.startswith(("月", "个", "年级"), end) and _steps(plain) == {1}:
        return None
    return plain, end


def _is_a_list(run: str) -> bool:
    """一二三 and 一三五 are as often 一、二、三; longer ones are numbers."""
    return len(run) == _LEAST_OF_DIGITS and "幺" not in run and _steps(digits(run) or "") in ({1}, {2})


def _steps(plain: str) -> set[int]:
    return {int(after) - int(before) for before, after in pairwise(plain)}


def _numbers(text: str, at: int, end: int) -> _Found | None:
    """One number by its places, or several that belong to one word: 三到五天, 三和四号楼, 三杠二零一."""
    if re.search("[第初几数]$", text[:at]):
        return None
    runs, joints = [text[at:end]], [""]
    while more := _AMONG_TENS.match(text, end):
        runs.append(more[2])
        joints.append(more[1])
        end = more.end()
    while True:
        values = [number(run) if len(runs) == 1 else _among_others(run) for run in runs]
        if None not in values and _is_number(text, at, end, [value for value in values if value], joints[1:]):
            return "".join(joint + _shown(run) for joint, run in zip(joints, runs, strict=True)), end
        if len(runs) == 1:
            return None
        end -= len(joints.pop()) + len(runs.pop())


def _among_others(run: str) -> Number | None:
    """Read one of several: beside another number digits are meant, 一零二到一零五室."""
    plain = digits(run) if len(run) > 1 else None
    return number(run) if plain is None else Number(int(plain))


def _shown(run: str) -> str:
    plain = digits(run) if len(run) > 1 or run in ARABIC else None
    value = number(run)
    return plain if plain is not None else shown(value) if value is not None else run


def _is_number(text: str, at: int, end: int, values: list[Number], joints: list[str]) -> bool:
    """Whether what stands around tells that a number is meant."""
    before, behind = text[:at], text[end:]
    if behind.startswith(("几", "数", "好几", "分之")):
        return False
    if re.match("[多余来]万", behind) and any(value.value >= _MYRIAD for value in values):
        return False  # 二亿三千多万
    if "杠" in joints:
        return True
    numbered = NUMBERED.match(behind)
    if any(joint not in "到至" for joint in joints) and not numbered:
        return False
    return any(_is_meant(run, value, before, behind) for run, value in zip(_runs(text[at:end]), values, strict=True))


def _runs(text: str) -> list[str]:
    return _RUN.findall(text)


def _is_meant(run: str, value: Number, before: str, behind: str) -> bool:
    size = value.value
    if size == 0:
        return False
    if NUMBERED.match(behind) and run != "两" and _numbers_a_house(size, run, before, behind):
        return True
    if _is_date(size, run, before, behind):
        return True
    if behind.startswith("度") and before.endswith("零下"):
        return True
    if size == 1:
        return bool(ONE_MEASURED.match(behind))
    if run == "两" and VAGUE_TWO.search(before):
        return False
    if MEASURED.match(behind):
        return True
    return size > _TEENS or (size > _FEW and bool(COUNTED.match(behind)))


def _numbers_a_house(size: int, run: str, before: str, behind: str) -> bool:
    counts = ALSO_COUNTS.match(behind)
    if counts is None or size > 1:
        return True
    return bool(IN_AN_ADDRESS.search(before) or re.match(f"[{NUMERAL}]|单元", behind[counts.end() :])) and run == "一"


def _is_date(size: int, run: str, before: str, behind: str) -> bool:
    if run == "两":
        return False
    if size <= _MONTHS and re.match("月(?![饼季嫂亮台票结租薪供])", behind) and not re.search("[个每半]$", before):
        return True
    if size > _DAYS or not _MONTH_BEFORE.search(before):
        return False
    return behind.startswith(("号", "日")) or size > _FEW or bool(END.match(behind))


_RULES: tuple[Callable[[str, int, int], _Found | None], ...] = (
    _percent,
    _fraction,
    _address_on_a_net,
    _hour,
    _decimal,
    _tenths,
    _year,
    _spoken_digits,
    _numbers,
)
