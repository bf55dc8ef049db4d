"""Chinese numerals read as numbers, and numbers as a ticket shows them."""

import re
from dataclasses import dataclass

DIGITS = {"零": "0", "〇": "0", "幺": "1"} | {sign: str(digit) for digit, sign in enumerate("零一二三四五六七八九")}
"""Signs that are spoken one by one in a telephone, house or ticket number; 两 is never one of them."""

ARABIC = "0123456789"
NUMERALS = "零〇幺一二两三四五六七八九十百千万亿"
"""All signs a number can be said with."""

_ONES = "零一二三四五六七八九"
_UNITS = {"十": 10, "百": 100, "千": 1000}
_MYRIAD, _HUNDRED_MILLION = 10_000, 100_000_000
_BEYOND = 10_000 * _HUNDRED_MILLION
_SHORTENED = {"千": "百", "百": "十"}  # 三千五 leaves out 百, 一百二 leaves out 十


@dataclass(frozen=True, slots=True)
class Number:
    """One number as it was said."""

    value: int
    shortened: bool = False
    """The last unit was left out: 两万三, 三千五, 一百二."""


def digits(signs: str) -> str | None:
    """Give signs that are all digits (Chinese or Arabic) in Arabic ones, or None."""
    if not signs or any(sign not in DIGITS and sign not in ARABIC for sign in signs):
        return None
    return "".join(DIGITS.get(sign, sign) for sign in signs)


def number(signs: str) -> Number | None:
    """Read a number below 一万亿 that is said by its places, or None where the signs are none.

    Strict: only what `said` would say, with 两 for 二 where it is used so, 一十 for 十, 〇 for 零, and with the
    last unit left out. So 三四百 (about so many), 三七二十一 or 几十 are no numbers.
    """
    if not _twos_stand_right(signs):
        return None
    plain = _without_one_before_ten(signs.replace("两", "二").replace("〇", "零"))
    if _says(_sum(plain), plain):
        return Number(_sum(plain) or 0)
    completed = _completed(plain)
    if completed != plain and _says(_sum(completed), completed):
        return Number(_sum(completed) or 0, shortened=True)
    return None


def said(value: int) -> str:
    """Say a number by its places, as a news reader does: 一千零五十, 一百一十.

    From 0 to below 一万亿; raises ValueError beyond.
    """
    if not 0 <= value < _BEYOND:
        raise ValueError("value must be 0 to below 10**12")
    if value == 0:
        return "零"
    words = ""
    for size, name in ((_HUNDRED_MILLION, "亿"), (_MYRIAD, "万"), (1, "")):
        section = value // size % _MYRIAD
        if not section:
            continue
        if words and (section < 1000 or _skipped(value, size)):  # noqa: PLR2004 - no thousands
            words += "零"
        words += _section(section) + name
    return words.removeprefix("一") if words.startswith("一十") else words


def shown(value: Number) -> str:
    """Show a number as a ticket does: 3500, 15000, 2.3万, 100万, 1.2亿; never with separators."""
    whole = value.value
    if whole >= _HUNDRED_MILLION and whole % _MYRIAD == 0:
        return _decimal(whole, _HUNDRED_MILLION) + "亿"
    if _MYRIAD <= whole < _HUNDRED_MILLION and (whole % _MYRIAD == 0 or (value.shortened and whole % 1000 == 0)):
        return _decimal(whole, _MYRIAD) + "万"
    return str(whole)


def _decimal(whole: int, unit: int) -> str:
    behind = f"{whole % unit:0{len(str(unit)) - 1}d}".rstrip("0")
    return f"{whole // unit}.{behind}" if behind else str(whole // unit)


def _says(value: int | None, plain: str) -> bool:
    """Whether these words are the way to say this number; 零 may be left out before a unit: 一万两百."""
    if value is None or value >= _BEYOND:
        return False
    proper = _without_one_before_ten(said(value))
    if plain == proper:
        return True
    return value < _HUNDRED_MILLION and plain[-1:] not in _ONES and plain == proper.replace("零", "")


def _without_one_before_ten(words: str) -> str:
    return re.sub("(?<![一二三四五六七八九])一十", "十", words)


def _skipped(value: int, size: int) -> bool:
    """Whether the section above this one is empty: 一亿零五千."""
    return size == 1 and value >= _HUNDRED_MILLION and value // _MYRIAD % _MYRIAD == 0


def _section(section: int) -> str:
    """Say 1 to 9999."""
    words, gap = "", False
    for size, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = section // size % 10
        if not digit:
            gap = bool(words)
            continue
        words += ("零" if gap else "") + _ONES[digit] + name
        gap = False
    return words


def _sum(plain: str) -> int | None:
    """Add the places up without judging their order; None where a sign has no place."""
    total = section = digit = 0
    for sign in plain:
        if sign in _ONES:
            if digit:
                return None
            digit = _ONES.index(sign)
        elif sign in _UNITS:
            section += (digit or 1) * _UNITS[sign]
            digit = 0
        elif sign in "万亿":
            section += digit
            size = _MYRIAD if sign == "万" else _HUNDRED_MILLION
            total += section * size
            section = digit = 0
        else:
            return None
    return total + section + digit


def _completed(plain: str) -> str:
    """Put the unit back that was left out: 三千五 is 三千五百, 二万三 is 二万三千, 一亿二 is 一亿二千万."""
    if len(plain) < 3 or plain[-1] not in _ONES[1:]:  # noqa: PLR2004 - digit, unit, digit
        return plain
    match plain[-2]:
        case "千" | "百" as unit:
            return plain + _SHORTENED[unit]
        case "万":
            return plain + "千"
        case "亿":
            return plain + "千万"
        case _:
            return plain


def _twos_stand_right(signs: str) -> bool:
    """两 stands before 百, 千, 万 and 亿 or alone."""
    return signs == "两" or all(
        signs[at + 1 : at + 2] in {"百", "千", "万", "亿"} for at, sign in enumerate(signs) if sign == "两"
    )
