"""Makes an engine's text one as it is told: no spaces between Chinese words, no loops, nothing of its own prompt."""

import re

_MOST_REPEATS = 4  # people say 好好好; an engine that is caught in a loop goes on
_MOST_DIGITS = 8  # the same digit, as in a telephone number
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_BETWEEN_HAN = re.compile(rf"(?<=[{_HAN}，。？！、；：])\s+|\s+(?=[{_HAN}，。？！、；：])")
_LOOP = re.compile(r"(.{1,8}?)\1{4,}", re.DOTALL)
_DIGITS = re.compile(r"[0-9〇零一二三四五六七八九幺两]")
_NOT_SPOKEN = re.compile(r"\[unk\]|<unk>|<[a-z|_]+>", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_LEAST_LEAK = 2
_INVENTED = re.compile(r"字幕|谢谢观看|谢谢收看|点赞.{0,6}订阅|明镜与点点|amara\.org", re.IGNORECASE)
"""What Whisper learnt from films without speech; nobody says it to a hotline."""


def told(text: str) -> str:
    """Give it without what nobody spoke, spaces only where two words need one, and no loops."""
    spoken = _NOT_SPOKEN.sub(" ", text)
    return _without_loops(_BETWEEN_HAN.sub("", " ".join(spoken.split())))


def is_invented(text: str, prompt: str) -> bool:
    """Whether it is a piece of the prompt, or one of the sentences that an engine writes of silence."""
    words, asked = letters(text), letters(prompt)
    return not words or (len(words) >= _LEAST_LEAK and words in asked) or _INVENTED.search(text) is not None


def letters(text: str) -> str:
    """Give its letters, signs and digits alone."""
    return "".join(_WORD.findall(text))


def _without_loops(text: str) -> str:
    def shortened(match: re.Match[str]) -> str:
        piece, whole = match.group(1), match.group()
        most = _MOST_DIGITS if _DIGITS.fullmatch(piece) else _MOST_REPEATS
        return piece * min(len(whole) // len(piece), most)

    return _LOOP.sub(shortened, text)
