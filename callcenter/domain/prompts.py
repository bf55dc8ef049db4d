"""What the hotline says to callers: one prompt, and numbers composed of prompts."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prompt:
    """One thing a caller hears: the sound of this name if there is one, else the text, spoken."""

    name: str | None
    text: str


CATALOGUE: Mapping[str, str] = {
    "welcome": "您好，政务服务热线，本次通话将会录音。",
}
"""The words of every prompt that is shipped as a sound, by its name."""

_DIGITS = "零幺二三四五六七八九"


def digits_said(number: str) -> list[Prompt]:
    """Give a number as it is said on the telephone, digit by digit; other signs are left out."""
    return [Prompt(f"digit_{digit}", _DIGITS[int(digit)]) for digit in number if digit in "0123456789"]


def ticket_number_said(number: str) -> list[Prompt]:
    """Give a ticket's number as it is read back."""
    return digits_said(number)
