"""What is said in the demonstration, and how it is told: in Chinese and English, with the seconds since it began."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from scripts.hotline_client import Json

_PEOPLE = {"citizen": ("市民", "Citizen"), "operator": ("话务员", "Operator"), "unit": ("承办单位", "Unit")}


class NotSoError(Exception):
    """A step of the story did not happen; says which, in Chinese and English."""

    def __init__(self, chinese: str, english: str) -> None:
        super().__init__(f"{chinese} / {english}")


@dataclass(frozen=True, slots=True)
class Words:
    """What one of the three says."""

    file: str
    chinese: str
    english: str

    @property
    def speaker(self) -> str:
        """Whose words they are: `citizen`, `operator` or `unit`."""
        return self.file.partition("-")[0]


BEFORE = (
    Words("citizen-1", "物业公司把西门给锁死了", "The property company has locked the west gate for good."),
    Words("operator-1", "请您说一下具体的地址和楼号。", "Please tell me the exact address and the building."),
    Words("citizen-3", "潍坊路小游园", "By the little park on Weifang Road."),
    Words(
        "operator-4", "请您稍等，我请主管部门一起来听。", "One moment, I ask the office in charge to listen with us."
    ),
)
"""Citizen and operator, before anybody is brought in."""
WHILE_IT_RINGS = Words("citizen-2", "大家出小区很不方便", "It is hard for all of us to get out of the estate.")
ALONE = (
    Words(
        "operator-5",
        "您好，有市民反映，小区西门被锁住了。",
        "Hello, a citizen says that the west gate of an estate is locked.",
    ),
    Words("unit-1", "好的，请把市民接进来。", "All right, please bring the citizen in."),
)
"""Operator and unit, while the citizen hears music."""
TOGETHER = Words(
    "unit-2", "您好，我们五个工作日之内给您答复。", "Hello, you will have our answer within five working days."
)
AFTER = (
    Words("operator-2", "好的，您反映的情况我已经记录下来了。", "All right, I have written down what you told me."),
    Words("operator-3", "感谢您的来电，祝您生活愉快，再见。", "Thank you for calling. Good-bye."),
)
TALK = (*BEFORE, WHILE_IT_RINGS, *ALONE, TOGETHER, *AFTER)

TICKET: Json = {
    "kind": "complaint",
    "category": "物业管理",
    "address": "潍坊路小游园",
    "matter": "市民反映：物业公司将小区西门锁闭，居民出入不便。",
    "wanted": "请核实情况并恢复西门通行。",
}


def person(side: str) -> tuple[str, str]:
    """Give a speaker in Chinese and English; sides of utterances too."""
    return _PEOPLE[{"caller": "citizen", "seat": "operator"}.get(side, side)]


@dataclass(slots=True)
class Spoken:
    """Words that were said and heard; wall-clock seconds, to find them in the recording."""

    words: Words
    sound: Sequence[int] = field(repr=False)
    """8 kHz samples."""
    began: float
    ended: float


@dataclass(slots=True)
class Story:
    """Tells what happens, with the seconds since it began."""

    began: float = field(default_factory=time.monotonic)

    def tell(self, chinese: str, english: str) -> None:
        """Print one step in both languages."""
        print(f"{time.monotonic() - self.began:6.1f} s  {chinese}\n          {english}", flush=True)

    def note(self, line: str) -> None:
        """Print one line of what the hotline heard, between the steps."""
        print(f"{time.monotonic() - self.began:6.1f} s    ┊ {line}", flush=True)
