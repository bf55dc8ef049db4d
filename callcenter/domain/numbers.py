"""Telephone numbers, brought once into the one form that is stored and compared."""

import re
import unicodedata

_ONLY_NUMBER = re.compile(r"\+?[0-9]{2,20}")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE_WITHOUT_AREA = re.compile(r"[2-8][0-9]{6,7}")
_SEPARATORS = re.compile(r"[ \-./()·]")


def normalise(raw: str | None, *, area_code: str = "") -> str | None:
    """Give the number as it is dialled inside mainland China, or None where there is none.

    Mobiles are 11 digits without prefix; landlines begin with `0` and the area code (added from
    `area_code` when the network left it out); foreign numbers begin with `+`; short and internal
    numbers stay as they are. Anonymous, withheld or unreadable identities give None.
    """
    if raw is None:
        return None
    written = unicodedata.normalize("NFKC", raw).lower().removeprefix("tel:").partition(";")[0]
    text = _SEPARATORS.sub("", written)
    if not _ONLY_NUMBER.fullmatch(text):
        return None
    if text.startswith("00"):
        text = "+" + text[2:]
    if text.startswith("+86"):
        return _inside_china(text[3:], area_code)
    if text.startswith("+"):
        return text if len(text) > len("+1234") else None
    return _inside_china(text, area_code)


def _inside_china(digits: str, area_code: str) -> str | None:
    national = digits.removeprefix("0")
    if _MOBILE.fullmatch(national):
        return national
    if digits.startswith("0"):
        return digits if len(digits) > 1 else None
    if len(digits) in (10, 11):
        return "0" + digits  # an area code that lost its 0 behind +86
    if area_code and _LANDLINE_WITHOUT_AREA.fullmatch(digits):
        return area_code + digits
    return digits or None


def masked(number: str | None) -> str:
    """Show only the last four digits, as logs and the demo may."""
    return "anonymous" if number is None else "*" * max(0, len(number) - 4) + number[-4:]
