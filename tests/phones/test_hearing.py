"""What is judged of a received stream: tones, breaks, keys, and what a strict phone would not have played."""

import pytest

from scripts.phones.g711 import PCMA, PCMU
from scripts.phones.hearing import Break, Heard, UnclearError
from scripts.phones.rtp import Packet, read_packet, write_key_press, write_packet
from scripts.phones.sound import Sound
from scripts.phones.tones import amplitude_of, tone


def stream(
    hz: int,
    *,
    seconds: float = 1.0,
    at: float = 100.0,
    timestamp: int = 0,
    ssrc: int = 1,
    sequence: int = 0,
    amplitude: int = 8000,
) -> list[Packet]:
    payloads = Sound(samples=tone(hz, amplitude=amplitude, seconds=seconds)).payloads(PCMA)
    return [
        Packet(
            arrived=at + 0.02 * n,
            ssrc=ssrc,
            sequence=(sequence + n) & 0xFFFF,
            timestamp=(timestamp + 160 * n) & 0xFFFFFFFF,
            marker=False,
            payload_type=8,
            payload=payload,
        )
        for n, payload in enumerate(payloads)
    ]


def test_only_the_tones_that_are_there_are_heard() -> None:
    heard = Heard(packets=stream(440))

    assert heard.arrived.tones({440, 660, 880}, between=(100.1, 100.9)) == {440}
    assert heard.begins(440) == 100.0
    assert heard.begins(660) is None


def test_half_a_tone_is_neither_heard_nor_not() -> None:
    heard = Heard(packets=stream(440, amplitude=2400))

    with pytest.raises(UnclearError):
        heard.hears(440, between=(100.1, 100.9))


def test_an_unbroken_stream_has_no_jump_even_where_its_numbers_wrap() -> None:
    heard = Heard(packets=stream(440, timestamp=0xFFFFFFFF - 800, sequence=0xFFF0))

    assert heard.jumps() == []
    assert heard.strict().amplitude(440, between=(100.2, 100.9)) > 0.9


@pytest.mark.parametrize("start", [0x10000000, 0x8FFF0000])
def test_a_jump_of_the_timestamps_under_one_ssrc_makes_a_strict_phone_deaf(start: int) -> None:
    before = stream(440, timestamp=0xE0000000)
    behind = stream(660, at=101.0, timestamp=start, sequence=50)
    heard = Heard(packets=[*before, *behind])

    assert heard.hears(660, between=(101.1, 101.9))
    assert heard.deaf_to(660, between=(101.1, 101.9))
    assert [jump.kind for jump in heard.jumps()] == [Break.TIMESTAMP]
    assert heard.deafening(since=100.5) == heard.jumps()
    assert heard.deafening(since=101.5) == []


def test_a_new_ssrc_is_heard_only_by_a_phone_that_begins_anew_with_it() -> None:
    packets = [*stream(440, timestamp=0xE0000000), *stream(660, at=101.0, timestamp=5, ssrc=2, sequence=50)]
    heard = Heard(packets=packets)
    window = (101.2, 101.9)

    assert heard.strict(new_ssrc_restarts=True).amplitude(660, between=window) > 0.9
    assert heard.strict().amplitude(660, between=window) < 0.1
    assert heard.deaf_to(660, between=window)


def test_a_hole_is_silence_and_a_pause() -> None:
    packets = [*stream(440, seconds=0.5), *stream(440, seconds=0.5, at=101.0, timestamp=4000, sequence=25)]
    heard = Heard(packets=packets)

    assert heard.arrived.loudness(between=(100.55, 100.95)) == 0
    pause = next(jump for jump in heard.jumps() if jump.kind is Break.PAUSE)
    assert pause.step == pytest.approx(520, abs=1)


def test_a_hole_after_which_the_timestamps_have_gone_on_is_silence_and_no_more() -> None:
    packets = [*stream(440, seconds=0.5), *stream(440, seconds=0.5, at=101.0, timestamp=8000, sequence=25)]
    heard = Heard(packets=packets)

    assert [jump.kind for jump in heard.jumps()] == [Break.TIMESTAMP, Break.PAUSE]
    assert heard.deafening(since=100.0) == []
    assert not heard.deaf_to(440, between=(101.1, 101.4))


def test_each_key_press_counts_once_however_often_it_is_said() -> None:
    packets = []
    for press, (key, timestamp) in enumerate([("1", 160), ("1", 3200), ("#", 6400)]):
        for n in range(9):
            payload = write_key_press(key, duration=160 * (n + 1), is_end=n > 5)
            data = write_packet(
                ssrc=1, sequence=press * 9 + n, timestamp=timestamp, marker=n == 0, payload_type=101, payload=payload
            )
            packet = read_packet(data, arrived=100 + press + n / 50)
            assert packet is not None
            packets.append(packet)

    assert Heard(packets=packets).keys() == "11#"


@pytest.mark.parametrize("codec", [PCMA, PCMU], ids=["A-law", "mu-law"])
def test_a_codec_keeps_every_value_of_its_own_and_is_close_to_all_others(codec: object) -> None:
    used = PCMA if codec is PCMA else PCMU

    assert list(used.decode(used.encode(used.values))) == list(used.values)
    for sample in range(-32768, 32768, 97):
        (back,) = used.decode(used.encode([sample]))
        assert abs(back - sample) <= max(16, abs(sample) // 16)


def test_known_values_of_g711() -> None:
    assert PCMA.values[0xD5] == 8
    assert PCMA.encode([0]) in {b"\xd5", b"\x55"}
    assert PCMU.encode([0]) == b"\xff"
    assert PCMA.values[0xAA] == 32256
    assert PCMU.values[0x80] == 32124


def test_an_amplitude_is_measured_whatever_else_sounds() -> None:
    mixed = [a + b for a, b in zip(tone(440, amplitude=8000), tone(660, amplitude=4000), strict=True)]

    assert amplitude_of(440, mixed) == pytest.approx(8000, rel=0.05)
    assert amplitude_of(660, mixed) == pytest.approx(4000, rel=0.05)
    assert amplitude_of(1100, mixed) < 200


@pytest.mark.parametrize("data", [b"", b"\x80", b"\x00" * 12, b"\xbf" * 12, b"\x90\x00" + b"\xff" * 12])
def test_bytes_that_are_no_rtp_are_none(data: bytes) -> None:
    assert read_packet(data, arrived=0.0) is None
