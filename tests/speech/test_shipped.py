"""The sounds that are shipped: one for every prompt of the catalogue, short enough, of one level, and of one voice."""

import hashlib
import itertools
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from callcenter.domain.prompts import CATALOGUE, GREETING, position_said
from callcenter.speech.sound import LEVEL_DB, level_db, read_telephone

ROOT = Path(__file__).resolve().parents[2]
PROMPTS = ROOT / "ivr_flows" / "prompts"
MUSIC = ROOT / "ivr_flows" / "music" / "quiet.wav"
MOST_BYTES = 2_000_000
LONGEST_SECONDS = 5.0  # a caller in the waiting loop is not looked after while he hears one
PACKET = 160  # samples of 20 ms, what a phone is sent at a time
NO_VOICE = 8  # the smallest sample of A-law
NO_SYLLABLES = "，。、"
SAID_AS = {"14": "十四", "30": "三十", "20": "二十"}


def sound(name: str) -> Sequence[int]:
    return read_telephone(PROMPTS / f"{name}.wav")


def seconds(name: str) -> float:
    return len(sound(name)) / 8000


def syllables(text: str) -> int:
    for digits, said in SAID_AS.items():
        text = text.replace(digits, said)
    return sum(sign not in NO_SYLLABLES for sign in text)


def test_the_list_tells_every_sound_and_its_words() -> None:
    lines = (PROMPTS / "MANIFEST.tsv").read_text(encoding="utf-8").splitlines()
    listed = {name: (text, length, sha) for name, text, length, sha in (line.split("\t") for line in lines[1:])}

    assert lines[0].split("\t") == ["name", "text", "seconds", "sha256"]
    assert {name: text for name, (text, _, _) in listed.items()} == CATALOGUE
    assert {path.stem for path in PROMPTS.glob("*.wav")} == set(CATALOGUE)
    for name, (_, length, sha) in listed.items():
        assert hashlib.sha256((PROMPTS / f"{name}.wav").read_bytes()).hexdigest() == sha, name
        assert float(length) == pytest.approx(seconds(name), abs=0.01), name


def test_all_of_it_is_small() -> None:
    assert sum(path.stat().st_size for path in PROMPTS.iterdir()) < MOST_BYTES
    assert MUSIC.stat().st_size < MOST_BYTES / 2


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_sound_is_as_long_as_its_words_and_neither_loud_nor_faint(name: str) -> None:
    samples = sound(name)
    rate = syllables(CATALOGUE[name]) / (len(samples) / 8000)

    assert 1.2 <= rate <= 5.5
    assert max(map(abs, samples)) < 32000
    assert level_db(samples) == pytest.approx(LEVEL_DB, abs=1.0)


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_sound_begins_and_ends_with_its_words(name: str) -> None:
    samples = sound(name)
    threshold = max(map(abs, samples)) / 50
    loud = [at for at, value in enumerate(samples) if abs(value) > threshold]
    assert loud[0] / 8000 < 0.15
    assert (len(samples) - loud[-1]) / 8000 < 0.15


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_first_packet_that_a_caller_is_sent_holds_voice(name: str) -> None:
    samples = sound(name)
    assert max(map(abs, samples[:PACKET])) > max(map(abs, samples)) / 100
    assert sum(abs(value) > NO_VOICE for value in samples[:PACKET]) > PACKET / 4


def test_what_a_caller_in_the_line_hears_is_short() -> None:
    lengths = {name: seconds(name) for name in CATALOGUE}
    said = itertools.product([*range(130), 777, 1999], [None, *range(1, 62)])

    longest = max(sum(lengths[str(prompt.name)] for prompt in position_said(*place)) for place in said)

    assert longest < LONGEST_SECONDS
    assert lengths[str(GREETING.name)] < LONGEST_SECONDS


def test_the_music_has_no_seam_and_stays_in_the_background() -> None:
    music = read_telephone(MUSIC)
    seam = abs(music[0] - music[-1])
    usual = sorted(abs(one - other) for one, other in itertools.pairwise(music))

    assert 40 <= len(music) / 8000 <= 60
    assert seam <= usual[int(0.99 * len(usual))]
    for at in range(0, len(music), 8000 * 3):
        assert level_db(music[at : at + 8000 * 3]) == pytest.approx(-25.0, abs=2.0)


def test_the_script_makes_the_music_byte_for_byte(tmp_path: Path) -> None:
    script = ROOT / "scripts" / "make_music.py"
    subprocess.run([sys.executable, script, "--to", tmp_path / "quiet.wav"], check=True, timeout=50)
    assert (tmp_path / "quiet.wav").read_bytes() == MUSIC.read_bytes()
