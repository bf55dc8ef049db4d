"""What is written for an Asterisk, and what is refused."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.asterisk.plan import TEMPLATES, Plan, SeatPhone, check
from callcenter.asterisk.provision import Ground, provision, render
from callcenter.asterisk.translate import HANDLERS
from callcenter.domain.errors import InvalidInputError
from tests.asterisk.conftest import SECRET

GROUND = Ground(modules=Path("/usr/lib/asterisk/modules"), data=Path("/usr/share/asterisk"))
PLAN = Plan(
    home=Path("/srv/hotline"),
    recordings=Path("/srv/hotline/recordings"),
    log=Path("/srv/hotline/log"),
    greeting=Path("/srv/hotline/prompts/greeting.wav"),
    sip_host="127.0.0.1",
    sip_port=5060,
    trunk_host="127.0.0.1",
    trunk_port=5080,
    rtp_from=10000,
    rtp_to=10999,
    ami_port=5038,
    ami_secret=SECRET,
    hotline="12345",
    seats=[SeatPhone("8001", f"{SECRET}-1"), SeatPhone("8002", f"{SECRET}-2")],
)


def in_folder(folder: Path) -> Plan:
    return replace(PLAN, home=folder, recordings=folder / "rec", log=folder / "log", greeting=folder / "prompts/g.wav")


def lines(plan: Plan, name: str) -> list[str]:
    return [line.strip() for line in render(plan, GROUND)[name].splitlines()]


def test_every_place_is_filled_and_every_file_that_asterisk_asks_for_is_there() -> None:
    files = render(PLAN, GROUND)

    assert not [name for name, text in files.items() if "{{" in text or "}}" in text]
    assert {"asterisk.conf", "extensions.conf", "manager.conf", "modules.conf", "pjsip.conf", "queues.conf"} <= set(
        files
    )
    assert "seat.conf" not in files


def test_asterisk_sends_what_is_understood_and_nothing_besides() -> None:
    sent = {line.partition("name(")[2].partition(")")[0] for line in lines(PLAN, "manager.conf") if "name(" in line}
    of_the_link = {"FullyBooted", "Shutdown", "SuccessfulAuth"}
    of_flows_and_pauses = {"AsyncAGIExec", "AsyncAGIEnd", "MixMonitorMute"}

    assert sent == HANDLERS.keys() | of_the_link | of_flows_and_pauses


def test_what_asterisk_is_never_given() -> None:
    loaded = {line.partition("=")[2].strip() for line in lines(PLAN, "modules.conf") if line.startswith("load")}
    rights = [line for line in lines(PLAN, "manager.conf") if line.startswith(("read", "write ", "bindaddr", "permit"))]

    assert "bridge_softmix.so" in loaded
    assert not {name for name in loaded if name.startswith("bridge_")} - {"bridge_softmix.so"}
    assert not loaded & {f"{name}.so" for name in ("app_system", "app_exec", "func_shell", "func_env", "func_curl")}
    assert "res_pjsip_endpoint_identifier_anonymous.so" not in loaded
    assert rights == [
        "bindaddr = 127.0.0.1",
        "permit = 127.0.0.1/255.255.255.255",
        "read = call,agent,agi,user,system,security",
        "write = call,agent,agi,originate,reporting",
    ]
    assert "enabled = no" in lines(PLAN, "http.conf")


def test_each_seat_has_its_password_and_its_place_in_the_fallback() -> None:
    text = render(PLAN, GROUND)["pjsip.conf"]

    for seat in PLAN.seats:
        assert f"[{seat.extension}](seat-auth)\nusername = {seat.extension}\npassword = {seat.secret}\n" in text
        assert f"member => PJSIP/{seat.extension}" in lines(PLAN, "queues.conf")
    assert text.count("password = ") == len(PLAN.seats)


def test_on_loopback_a_call_for_the_hotline_is_the_trunks_whoever_sends_it() -> None:
    text = lines(PLAN, "pjsip.conf")

    assert "endpoint_identifier_order = request_uri,username,ip" in text
    assert "identify_by = request_uri" in text
    assert r"match_request_uri = /^(sip|tel):[+]?12345(@|\;|$)/" in text
    assert not [line for line in text if line.startswith("match =")]


@pytest.mark.parametrize("host", ["192.0.2.10", "0.0.0.0"])
def test_on_a_lan_the_trunk_is_one_address_and_nothing_else(host: str) -> None:
    text = lines(replace(PLAN, sip_host=host, public_address="192.0.2.10", trunk_host="192.0.2.99"), "pjsip.conf")

    assert "endpoint_identifier_order = ip,username" in text
    assert "identify_by = ip" in text
    assert "match = 192.0.2.99" in text
    assert not [line for line in text if line.startswith("match_request_uri")]
    assert "media_address = 192.0.2.10" in text
    assert not [line for line in text if line.startswith("external_")]


def test_behind_an_address_translator_phones_are_told_the_public_address() -> None:
    text = lines(replace(PLAN, sip_host="192.0.2.10", public_address="203.0.113.5"), "pjsip.conf")

    assert "external_signaling_address = 203.0.113.5" in text
    assert "external_media_address = 203.0.113.5" in text
    assert "media_address = 192.0.2.10" in text


def test_an_ipv6_address_stands_in_brackets_where_a_port_follows() -> None:
    text = lines(replace(PLAN, sip_host="::1", trunk_host="::1"), "pjsip.conf")

    assert {"bind = [::1]:5060", "contact = sip:[::1]:5080", "media_address = ::1"} <= set(text)


def test_a_recording_is_named_before_it_begins_and_lies_where_it_is_told() -> None:
    text = render(PLAN, GROUND)["extensions.conf"]

    assert "RECORDINGS = /srv/hotline/recordings/incoming\n" in text
    assert "GREETING = /srv/hotline/prompts/greeting\n" in text
    assert text.index("UserEvent(Arrived") < text.index("MixMonitor(${RECORDING},D)") < text.index("AGI(agi:async)")


ANY_TEXT = st.text(st.characters(codec="utf-8"))
BAD_TEXT = st.builds("{}{}{}".format, ANY_TEXT, st.sampled_from(";\r\n\0[]{}=\\ "), ANY_TEXT)


@given(bad=BAD_TEXT)
@pytest.mark.parametrize(
    "field", ["hotline", "node", "arrival", "ami_secret", "sip_host", "trunk_host", "public_address"]
)
def test_no_value_that_means_something_to_asterisk_is_written(field: str, bad: str) -> None:
    with pytest.raises(InvalidInputError):
        check(replace(PLAN, **{field: bad}))  # type: ignore[arg-type]


@given(extension=BAD_TEXT, secret=BAD_TEXT)
def test_no_seat_is_written_that_could_be_more_than_a_seat(extension: str, secret: str) -> None:
    for seat in (SeatPhone(extension, SECRET), SeatPhone("8001", secret)):
        with pytest.raises(InvalidInputError):
            check(replace(PLAN, seats=[seat]))


def test_a_refused_password_is_not_said_aloud() -> None:
    with pytest.raises(InvalidInputError) as refused:
        check(replace(PLAN, seats=[SeatPhone("8001", "swordfish; swordfish")]))

    assert "swordfish" not in str(refused.value)


@given(name=st.text(st.sampled_from(";\r\n\"$&,|(){}[]\\'=<>"), min_size=1))
def test_no_path_is_written_that_means_something_to_asterisk(name: str) -> None:
    with pytest.raises(InvalidInputError):
        check(replace(PLAN, home=Path(f"/srv/a{name}b")))


@given(home=st.from_regex(r"/[a-z一-龥0-9_. -]{0,20}[a-z一-龥0-9_.-]", fullmatch=True))
def test_a_home_may_have_spaces_and_chinese_in_its_name(home: str) -> None:
    if "/ " in home:
        return

    check(replace(PLAN, home=Path(home)))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"home": Path("var")}, "absolute"),
        ({"home": Path("/srv") / ("x" * 90)}, "shorter path"),
        ({"sip_host": "0.0.0.0"}, "public address"),
        ({"sip_host": "hotline.example"}, "IP address"),
        ({"sip_port": 0}, "SIP port"),
        ({"ami_port": 70000}, "AMI port"),
        ({"rtp_from": 10000, "rtp_to": 10010}, "10000-10010"),
        ({"rtp_from": 5000, "rtp_to": 6000}, "among the RTP ports"),
        ({"seats": [SeatPhone("8001", SECRET), SeatPhone("8001", SECRET)]}, "same number"),
        ({"seats": [SeatPhone("12345", SECRET)]}, "hotline's own number"),
        ({"seats": [SeatPhone("8001", "short")]}, "password of seat 8001"),
        ({"ami_secret": "short"}, "AMI secret"),
    ],
)
def test_what_is_refused_is_named(changes: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        check(replace(PLAN, **changes))  # type: ignore[arg-type]


def test_nothing_is_written_when_something_is_refused(tmp_path: Path) -> None:
    plan = replace(in_folder(tmp_path / "home"), node="a;b")

    with pytest.raises(InvalidInputError):
        provision(plan, GROUND)

    assert not plan.home.exists()


def test_only_its_owner_reads_the_configuration_and_what_it_writes(tmp_path: Path) -> None:
    plan = in_folder(tmp_path / "home")

    provision(plan, GROUND)

    assert {stat.S_IMODE(file.stat().st_mode) for file in plan.etc.iterdir()} == {0o600}
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (plan.etc, *plan.writable)} == {0o700}


def test_a_second_time_changes_nothing_and_another_plan_leaves_nothing_of_the_first(tmp_path: Path) -> None:
    plan = in_folder(tmp_path / "home")
    first = provision(plan, GROUND)
    (plan.etc / "left_over.conf").write_text("[general]\n")

    assert provision(plan, GROUND) == first
    assert provision(replace(plan, seats=PLAN.seats[:1]), GROUND) != first
    assert not (plan.etc / "left_over.conf").exists()
    assert "8002" not in (plan.etc / "pjsip.conf").read_text()


def test_the_music_is_copied_and_an_older_piece_goes(tmp_path: Path) -> None:
    music = tmp_path / "music"
    music.mkdir()
    (music / "quiet.wav").write_bytes(b"RIFF")
    plan = replace(in_folder(tmp_path / "home"), music=music)
    provision(plan, GROUND)
    (music / "quiet.wav").rename(music / "other.wav")

    provision(plan, GROUND)

    assert [piece.name for piece in plan.moh.iterdir()] == ["other.wav"]


def test_a_place_that_nobody_fills_is_a_mistake_with_a_name(tmp_path: Path) -> None:
    templates = tmp_path / "templates"
    templates.mkdir()
    for name in ("seat.conf", "rtp.conf"):
        (templates / name).write_text((TEMPLATES / name).read_text())
    (templates / "rtp.conf").write_text("x = {{nothing}}\n")

    with pytest.raises(InvalidInputError, match=r"rtp\.conf has a place for 'nothing'"):
        render(replace(PLAN, templates=templates), GROUND)
