"""Every prompt has its sound before a caller waits for it."""

import asyncio
import itertools
import os
import re
from pathlib import Path

import pytest

from callcenter.domain.errors import UnavailableError
from callcenter.domain.ids import CallId
from callcenter.domain.prompts import GREETING, PIECES, Prompt, position_said
from callcenter.domain.wishes import Announce
from callcenter.speech.child import ChildFailed
from callcenter.speech.prompts import FILES_LENGTH, Prompts
from callcenter.speech.sound import read_telephone, write_telephone
from callcenter.speech.voice import Voice
from tests.speech.test_sound import loudness, tone, write_wav
from tests.speech.test_voice import needs_espeak

SHIPPED = Path(__file__).resolve().parents[2] / "ivr_flows" / "prompts"
WELCOME = Prompt("city_welcome", "您好，本次通话将会录音。")
BYE = Prompt(None, "感谢来电，再见。")


class CountingVoice(Voice):
    """Speaks a tone of a text's own instead of its words, one text at a time, and counts."""

    __slots__ = ()
    spoken: list[str] = []  # noqa: RUF012 - emptied for each test
    at_once = 0

    async def speak(self, text: str, *, to: Path) -> None:
        cls = type(self)
        cls.spoken.append(text)
        cls.at_once += 1
        assert cls.at_once == 1
        await asyncio.sleep(0)
        write_telephone(to, tone(hertz_of(text), 8000))
        cls.at_once -= 1


def hertz_of(text: str) -> float:
    return 500 + 100 * (len(text) % 20)


@pytest.fixture
def voice() -> CountingVoice:
    CountingVoice.spoken, CountingVoice.at_once = [], 0
    return CountingVoice()


def sound_of(prompts: Prompts, prompt: Prompt) -> Path:
    return Path(prompts.file_of(prompt) + ".wav")


async def test_each_text_is_spoken_once_whoever_asks_and_however_often(tmp_path: Path, voice: CountingVoice) -> None:
    prompts = Prompts([], tmp_path / "cache", voice)

    await asyncio.gather(*(prompts.prepare({WELCOME, BYE, Prompt("other_name", BYE.text)}) for _ in range(5)))
    await Prompts([], tmp_path / "cache", voice).prepare({WELCOME, BYE})

    assert sorted(voice.spoken) == sorted([WELCOME.text, BYE.text])
    for prompt in (WELCOME, BYE):
        assert loudness(read_telephone(sound_of(prompts, prompt)), hertz_of(prompt.text), 8000) > 9000


async def test_another_voice_or_rate_is_another_sound(tmp_path: Path, voice: CountingVoice) -> None:
    files = set()
    for other in (voice, CountingVoice(rate=200), CountingVoice(name="cmn-latn-other")):
        prompts = Prompts([], tmp_path / "cache", other)
        await prompts.prepare({BYE})
        files.add(prompts.file_of(BYE))

    assert len(files) == len(voice.spoken) == 3


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:0],
        lambda content: content[:20],
        lambda content: content[:-100],
        lambda content: bytes(len(content)),
        lambda content: content[:44] + bytes(len(content) - 44),
    ],
    ids=["empty", "no header left", "cut short", "zeros", "silence"],
)
async def test_a_damaged_sound_is_made_again(tmp_path: Path, voice: CountingVoice, damage) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    prompts = Prompts([], tmp_path / "cache", voice)
    await prompts.prepare({BYE})
    path = sound_of(prompts, BYE)
    whole = path.read_bytes()
    path.write_bytes(damage(whole))

    await prompts.prepare({BYE})

    assert path.read_bytes() == whole
    assert len(voice.spoken) == 2


async def test_a_recorded_sound_wins_over_the_voice_and_the_first_folder_over_the_next(
    tmp_path: Path, voice: CountingVoice
) -> None:
    ours, shipped = tmp_path / "ours", tmp_path / "shipped"
    for folder, hertz in ((ours, 600), (shipped, 1600)):
        folder.mkdir()
        write_telephone(folder / "city_welcome.wav", tone(hertz, 8000))
    write_telephone(shipped / "goodbye.wav", tone(1600, 8000))
    prompts = Prompts([ours, shipped], tmp_path / "cache", voice)
    goodbye = Prompt("goodbye", "")

    await prompts.prepare({WELCOME, goodbye})

    assert voice.spoken == []
    assert sound_of(prompts, WELCOME).read_bytes() == (ours / "city_welcome.wav").read_bytes()
    assert sound_of(prompts, goodbye).read_bytes() == (shipped / "goodbye.wav").read_bytes()


async def test_a_recorded_sound_that_was_changed_is_taken_anew_and_the_old_one_left_to_its_calls(
    tmp_path: Path, voice: CountingVoice
) -> None:
    recorded = tmp_path / "city_welcome.wav"
    write_telephone(recorded, tone(600, 8000))
    prompts = Prompts([tmp_path], tmp_path / "cache", voice)
    await prompts.prepare({WELCOME})
    old = sound_of(prompts, WELCOME)

    write_telephone(recorded, tone(900, 8000))
    await prompts.prepare({WELCOME})

    assert sound_of(prompts, WELCOME) != old
    assert old.exists()
    assert loudness(read_telephone(sound_of(prompts, WELCOME)), 900, 8000) > 9000


async def test_a_recorded_sound_of_another_kind_is_made_fit_for_the_telephone(
    tmp_path: Path, voice: CountingVoice
) -> None:
    both = b"".join(value.to_bytes(2, "little", signed=True) * 2 for value in tone(700, 44100, peak=8000))
    write_wav(tmp_path / "city_welcome.wav", both, rate=44100, width=2, channels=2)
    prompts = Prompts([tmp_path], tmp_path / "cache", voice)

    await prompts.prepare({WELCOME})

    assert loudness(read_telephone(sound_of(prompts, WELCOME)), 700, 8000) == pytest.approx(8000, rel=0.03)


async def test_all_that_cannot_be_made_is_named_and_the_rest_is_ready(tmp_path: Path, voice: CountingVoice) -> None:
    (tmp_path / "broken.wav").write_bytes(b"RIFF no sound")
    prompts = Prompts([tmp_path], tmp_path / "cache", voice)

    with pytest.raises(UnavailableError) as told:
        await prompts.prepare({Prompt("broken", "坏了"), Prompt("nothing", ""), BYE})

    assert "'broken': the recorded sound cannot be played" in str(told.value)
    assert "'nothing': there is neither a recorded WAV nor a text" in str(told.value)
    assert sound_of(prompts, BYE).exists()
    assert not list((tmp_path / "cache").glob(".making-*"))


async def test_a_name_cannot_lead_out_of_the_folder(tmp_path: Path, voice: CountingVoice) -> None:
    (tmp_path / "prompts").mkdir()
    write_telephone(tmp_path / "secret.wav", tone(600, 8000))
    prompts = Prompts([tmp_path / "prompts"], tmp_path / "cache", voice)

    await prompts.prepare({Prompt("../secret", "您好")})

    assert voice.spoken == ["您好"]


async def test_a_voice_that_fails_leaves_no_sound_and_is_asked_again(tmp_path: Path) -> None:
    class Hoarse(Voice):
        __slots__ = ()

        async def speak(self, text: str, *, to: Path) -> None:
            await asyncio.to_thread(to.write_bytes, text.encode())
            raise ChildFailed("hoarse")

    prompts = Prompts([], tmp_path / "cache", Hoarse())
    with pytest.raises(UnavailableError, match=f"{BYE.text}': hoarse"):
        await prompts.prepare({BYE})

    assert list((tmp_path / "cache").iterdir()) == []
    with pytest.raises(UnavailableError, match="was not prepared"):
        prompts.file_of(BYE)


async def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path, voice: CountingVoice) -> None:
    left = tmp_path / "cache" / ".making-left"
    left.mkdir(parents=True)
    (left / "sound.wav").write_bytes(b"half")

    await Prompts([], tmp_path / "cache", voice).prepare({BYE})

    assert not left.exists()


async def test_any_user_may_read_the_sounds(tmp_path: Path, voice: CountingVoice) -> None:
    before = os.umask(0o077)
    try:
        prompts = Prompts([], tmp_path / "cache", voice)
        await prompts.prepare({BYE})
    finally:
        os.umask(before)

    assert sound_of(prompts, BYE).stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o755


async def test_a_cache_that_cannot_be_made_is_told(tmp_path: Path, voice: CountingVoice) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UnavailableError, match="folder of prompts cannot be made"):
        await Prompts([], tmp_path / "file" / "cache", voice).prepare({BYE})


@pytest.mark.parametrize("folder", ["a&b", "a,b", "a;b", "a$b", "a|b", "a(b)", 'a"b', "a\nb"])
def test_a_cache_whose_path_asterisk_would_misread_is_refused(
    tmp_path: Path, voice: CountingVoice, folder: str
) -> None:
    with pytest.raises(ValueError, match="must not hold"):
        Prompts([], tmp_path / folder, voice)


async def test_announcements_are_ready_and_fit_into_one_variable(tmp_path: Path, voice: CountingVoice) -> None:
    cache = tmp_path / ("h" * (70 - len(str(tmp_path))) if len(str(tmp_path)) < 69 else "h")
    prompts = Prompts([SHIPPED], cache, voice)

    await prompts.prepare_pieces()

    assert voice.spoken == []
    assert prompts.greeting.read_bytes() == (SHIPPED / "welcome.wav").read_bytes()
    for ahead, minutes in itertools.product((0, 1, 2, 12, 99), (None, 1, 47, 500)):
        announce = Announce(call_id=CallId("1"), ahead=ahead, wait_minutes=minutes)
        files = prompts.say_files(announce).split("&")
        assert len("&".join(files)) <= FILES_LENGTH
        assert files == [prompts.file_of(prompt) for prompt in position_said(ahead, minutes)]
        assert all(re.fullmatch(r"/[\w./-]+", file) and len(read_telephone(Path(f"{file}.wav"))) for file in files)


async def test_an_announcement_too_long_for_asterisk_is_refused(tmp_path: Path, voice: CountingVoice) -> None:
    prompts = Prompts([SHIPPED], tmp_path / ("h" * 200), voice)
    await prompts.prepare_pieces()

    with pytest.raises(UnavailableError, match="shorter home folder"):
        prompts.say_files(Announce(call_id=CallId("1"), ahead=99, wait_minutes=47))


@needs_espeak
async def test_two_texts_at_once_come_out_as_one_by_one(tmp_path: Path) -> None:
    texts = [WELCOME, BYE]
    together = Prompts([], tmp_path / "together", Voice())
    await asyncio.gather(*(together.prepare({prompt}) for prompt in texts))
    for prompt in texts:
        alone = Prompts([], tmp_path / "alone", Voice())
        await alone.prepare({prompt})
        assert sound_of(together, prompt).read_bytes() == sound_of(alone, prompt).read_bytes()

    assert sound_of(together, WELCOME).read_bytes() != sound_of(together, BYE).read_bytes()


@needs_espeak
async def test_a_wrong_voice_is_told_with_the_prompt_and_the_nearest_voice(tmp_path: Path) -> None:
    prompts = Prompts([], tmp_path / "cache", Voice(name="cmn-latin-pinyin"))
    with pytest.raises(UnavailableError, match=f"{BYE.text}.*nearest is 'cmn-latn-pinyin'"):
        await prompts.prepare({BYE})


def test_the_greeting_is_no_piece() -> None:
    assert GREETING not in PIECES
