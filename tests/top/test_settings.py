import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.addresses import Endpoint, PortRange, parse_endpoint, parse_port_range
from callcenter.setting_fields import DIAL_OUT
from callcenter.settings import Settings
from callcenter.settings_page import settings_page
from callcenter.settings_sources import Loaded, SettingsError, load_settings

TWO_PORTS = "write two ports with - between, 20 or more ports apart, such as 10000-10999"


def load(home: Path, *assignments: str, environment: Mapping[str, str] | None = None, **flags: str) -> Loaded:
    return load_settings(flags={"home": str(home), **flags}, assignments=assignments, environment=environment or {})


def mistakes(home: Path, *assignments: str, environment: Mapping[str, str] | None = None, **flags: Any) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        load(home, *assignments, environment=environment, **flags)
    return [line.replace(f"{home}/", "") for line in refused.value.lines]


def write(home: Path, text: str) -> None:
    (home / "callcenter.toml").write_text(text, encoding="utf-8")


def test_without_anything_set_the_hotline_listens_on_this_machine_only(tmp_path: Path) -> None:
    settings = load(tmp_path).settings

    assert (settings.hotline, str(settings.http), str(settings.sip)) == ("12345", "127.0.0.1:8080", "127.0.0.1:5060")
    assert (str(settings.rtp), settings.ami, str(settings.trunk)) == ("10000-10999", 5038, "127.0.0.1:5080")
    assert settings.http.is_loopback
    assert settings.sip.is_loopback
    assert settings.database == f"sqlite+aiosqlite:///{tmp_path}/callcenter.sqlite3"
    assert settings.retention_days is None


def test_the_file_yields_to_the_environment_and_that_to_flags(tmp_path: Path) -> None:
    write(tmp_path, 'flow = "night"\nring_seconds = 11\n\nmiss_limit = 4\n')

    loaded = load(
        tmp_path, environment={"CALLCENTER_FLOW": "menu", "CALLCENTER_MISS_LIMIT": "5", "PATH": "/bin"}, flow="direct"
    )

    assert (loaded.settings.flow, loaded.settings.miss_limit, loaded.settings.ring_seconds) == ("direct", 5, 11)
    assert loaded.origins["flow"] == "flag --flow"
    assert loaded.origins["miss_limit"] == "environment variable CALLCENTER_MISS_LIMIT"
    assert loaded.origins["ring_seconds"] == f"{tmp_path}/callcenter.toml:2"
    assert loaded.origins["hotline"] == "default"


def test_every_mistake_of_every_source_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    write(tmp_path, "# mine\nring_secs = 10\n\nwrap_up_seconds = -1\n[http]\nport = 1\n")

    told = mistakes(
        tmp_path,
        "arival=ring",
        "arrival=pick up",
        "nonsense",
        environment={"CALLCENTER_TRUNC": "x", "CALLCENTER_AMI": "many"},
        rtp="2000-x",
    )

    assert told == [
        "environment variable CALLCENTER_TRUNC: there is no such setting; write CALLCENTER_TRUNK",
        "flag --set: there is no setting 'arival'; write arrival",
        "flag --set: 'nonsense' has no =; write --set NAME=VALUE",
        "callcenter.toml:2: there is no setting 'ring_secs'; write ring_seconds",
        "callcenter.toml:5: http is {'port': 1}; write an IP address and a port, such as 127.0.0.1:8080",
        f"flag --rtp: rtp is '2000-x', with a port outside 1 to 65535; {TWO_PORTS}",
        "environment variable CALLCENTER_AMI: ami is 'many'; write a port from 1 to 65535",
        "flag --set arrival: arrival is 'pick up'; write answer or ring",
        "callcenter.toml:4: wrap_up_seconds is -1; write 0 to 3600",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("hotline = 12345\n", "callcenter.toml:1: hotline is 12345; write 3 to 15 digits"),
        (
            "a = 1\nhotline = \n",
            'callcenter.toml:2: this is not TOML: Invalid value; write lines such as hotline = "12345"',
        ),
        ("home = '/srv'", "callcenter.toml:1: home cannot be set in the home itself; use --home or CALLCENTER_HOME"),
        (
            "zzz = 1",
            "callcenter.toml:1: there is no setting 'zzz'; take it out; `callcenter settings show` names all settings",
        ),
        ("time_zone = 'Asia/Pekin'", "is 'Asia/Pekin', no time zone that is known here; write a name such as"),
        ("dial_out = '['", "dial_out is '[', not a pattern (unterminated character set); write a regular expression"),
        ("area_code = '22'", "area_code is '22', no area code; write an area code with its 0, such as 022, or nothing"),
        ("ring_seconds = 4.9", "ring_seconds is 4.9; write 5 to 120"),
        ("ring_seconds = nan", "ring_seconds is nan; write 5 to 120"),
        ("retention_days = 0", "retention_days is 0; write 1 to 36500, or nothing"),
        ("trunk = 'bad host:5060'", "trunk is 'bad host:5060', not a host name; write a host and a port"),
    ],
)
def test_a_wrong_file_is_told_by_line_with_what_to_write_instead(tmp_path: Path, text: str, told: str) -> None:
    write(tmp_path, text)

    (line,) = mistakes(tmp_path)

    assert told in line


def test_a_file_that_is_not_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "callcenter.toml").write_bytes(b"flow = '\xb2\xe2'")

    assert mistakes(tmp_path) == ["callcenter.toml: this is not UTF-8 text; save the file as UTF-8"]


def test_a_file_saved_by_a_windows_editor_is_read(tmp_path: Path) -> None:
    (tmp_path / "callcenter.toml").write_bytes(b"\xef\xbb\xbfflow = 'menu'\r\nmiss_limit = 2\r\n")

    loaded = load(tmp_path)

    assert (loaded.settings.flow, loaded.settings.miss_limit) == ("menu", 2)
    assert loaded.origins["miss_limit"].endswith("callcenter.toml:2")


@pytest.mark.parametrize(
    ("flags", "assignments", "told"),
    [
        ({"sip": "0.0.0.0:5060"}, (), "sip is every address of this machine, and phones must be told one of them"),
        ({"sip": "[::1]:5060"}, (), "sip is an IPv6 address"),
        ({"sip": "127.0.0.1:10500"}, (), "rtp is a range that holds the port of sip, 10500"),
        ({"http": "127.0.0.1:5038"}, (), "ami is the port of http too"),
        ({"http": ":8080"}, (), "http is ':8080', without a host"),
        ({"http": "8080"}, (), "http is '8080', without a port"),
        ({"http": "::1:8080"}, (), "http is '::1:8080', an IPv6 address without brackets"),
        ({"http": "example.org:8080"}, (), "http is 'example.org:8080', not an IP address"),
        ({"rtp": "20-60"}, (), "rtp is '20-60', a range that begins below 1024, where only root may listen"),
        ({"rtp": "3000-2000"}, (), "rtp is '3000-2000', a range that ends before it begins"),
        ({"rtp": "3000-3010"}, (), "rtp is '3000-3010', a range of fewer than 20 ports"),
        ({"flow": "Menu"}, (), "flow is 'Menu', no name of a flow; write the `name` of a flow in flows_folder"),
        ({}, ("agents_folder=",), "agents_folder is '', empty; write a folder"),
        ({"trunk": "127.0.0.1:5060"}, (), "trunk is the hotline's own SIP address"),
        ({"public_address": "0.0.0.0"}, (), "public_address is '0.0.0.0', every address of this machine"),
        ({"public_address": "192.0.2.1"}, (), "public_address is an address that nobody answers on"),
        ({}, ("asterisk=10.0.0.1:5038", "asterisk_secret=x"), "asterisk is an address outside this machine"),
        ({}, ("asterisk=127.0.0.1:5038",), "without its secret; set asterisk_secret as well"),
        ({}, ("asterisk=autos",), "asterisk is without a port"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(
    tmp_path: Path, flags: dict[str, Any], assignments: tuple[str, ...], told: str
) -> None:
    (line,) = mistakes(tmp_path, *assignments, **flags)

    assert told in line


def test_every_address_is_listened_on_only_when_written_so(tmp_path: Path) -> None:
    settings = load(tmp_path, http="[::]:8080", sip="0.0.0.0:5060", public_address="192.168.1.10").settings

    assert settings.http.is_any
    assert str(settings.http) == "[::]:8080"
    assert str(settings.http_reached) == "[::1]:8080"
    assert str(settings.sip_reached) == "192.168.1.10:5060"


def test_a_lan_address_is_its_own_public_address(tmp_path: Path) -> None:
    settings = load(tmp_path, sip="192.168.1.10:5060").settings

    assert settings.media_address == "192.168.1.10"


def test_secrets_are_neither_shown_nor_repeated_in_errors(tmp_path: Path) -> None:
    good = "postgresql://hotline:p%40ss@db.example/hotline"
    loaded = load(tmp_path, "asterisk_secret=s3cret", environment={"CALLCENTER_DATABASE_URL": good})

    shown = {name: value for name, value, _ in loaded.rows()}
    (refused,) = mistakes(tmp_path, environment={"CALLCENTER_DATABASE_URL": "mysql://root:hush@db/x"})

    assert shown["database_url"] == "postgresql://hotline:***@db.example/hotline"
    assert shown["asterisk_secret"] == "***"
    assert loaded.settings.database == good
    assert "hush" not in refused
    assert "hush" not in repr(refused)
    assert "s3cret" not in repr(loaded)


def test_a_child_set_by_the_environment_is_set_the_same(tmp_path: Path) -> None:
    write(tmp_path, "ring_seconds = 9\nretention_days = 90\nflows_folder = 'flows'\n")
    first = load(
        tmp_path,
        "asterisk=127.0.0.1:5039",
        "asterisk_secret=a b;c",
        "area_code=",
        sip="0.0.0.0:5070",
        public_address="10.1.2.3",
        http="[::1]:8081",
    ).settings

    child = load_settings(flags={}, environment=first.as_environment()).settings

    assert child == first
    assert child.flows_folder == tmp_path / "flows"


PATHS = ("flows_folder", "agents_folder", "webhooks_file", "mqtt_ca_file")


def test_every_path_in_the_file_is_seen_from_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    write(home, 'mqtt_url = "mqtts://b"\n' + "".join(f'{name} = "mine/{name}"\n' for name in PATHS))

    settings = load(home).settings

    assert {name: getattr(settings, name) for name in PATHS} == {name: home / "mine" / name for name in PATHS}


def test_every_path_of_the_command_is_seen_from_where_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    settings = load(tmp_path / "home", "mqtt_url=mqtts://b", *(f"{name}=mine/{name}" for name in PATHS)).settings

    assert {name: getattr(settings, name) for name in PATHS} == {name: tmp_path / "mine" / name for name in PATHS}


def test_the_folder_of_a_user_that_is_not_there_is_an_ordinary_name(tmp_path: Path) -> None:
    settings = load(tmp_path, environment={"CALLCENTER_WEBHOOKS_FILE": "~nobody-of-that-name/hooks.toml"}).settings

    assert settings.webhooks_file == Path.cwd() / "~nobody-of-that-name/hooks.toml"


def test_variables_of_the_tests_are_no_settings(tmp_path: Path) -> None:
    assert load(tmp_path, environment={"CALLCENTER_TEST_POSTGRES": "x"}).settings.flow == "direct"


def test_the_usual_home_lies_beside_the_flows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    settings = load_settings(flags={}, environment={}).settings

    assert settings.home == settings.flows_folder.parent / "var"
    assert load_settings(flags={"home": "here"}, environment={}).settings.home == tmp_path / "here"


@pytest.mark.parametrize("number", ["13800138000", "02223456789", "01012345678", "12345", "110", "96110", "23456789"])
def test_numbers_of_this_country_may_be_dialled(number: str) -> None:
    assert re.fullmatch(DIAL_OUT, number)


@pytest.mark.parametrize(
    "number", ["0018005550100", "+8613800138000", "008613800138000", "", "*1", "138001380001", "1"]
)
def test_numbers_abroad_and_star_codes_may_not(number: str) -> None:
    assert not re.fullmatch(DIAL_OUT, number)


@given(st.ip_addresses(), st.integers(1, 65535))
def test_an_endpoint_reads_back_as_it_is_written(address: object, port: int) -> None:
    endpoint = Endpoint(str(address), port)

    assert parse_endpoint(str(endpoint)) == endpoint


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading_of_addresses(text: str) -> None:
    for parse in (parse_endpoint, parse_port_range):
        try:
            read: Endpoint | PortRange = parse(text)
        except ValueError:
            continue
        assert parse(str(read)) == read


@given(
    st.dictionaries(
        st.sampled_from(sorted(set(Settings.model_fields) - {"home"})),
        st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=20),
        max_size=4,
    )
)
def test_no_values_break_the_loading(values: dict[str, str]) -> None:
    environment = {f"CALLCENTER_{name.upper()}": value for name, value in values.items()}
    try:
        loaded = load_settings(flags={"home": "/nowhere/at/all"}, environment=environment)
    except SettingsError as refused:
        assert all(line.split(": ", 1)[0].startswith("environment variable") for line in refused.lines)  # noqa: PT017 - either end is right
    else:
        again = load_settings(flags={}, environment=loaded.settings.as_environment()).settings
        assert again == loaded.settings


def test_the_page_of_settings_is_up_to_date() -> None:
    page = Path(__file__).parents[2] / "docs/settings.md"

    assert page.read_text(encoding="utf-8") == settings_page(), (
        "run python -m callcenter.settings_page > docs/settings.md"
    )
    assert all(f"`{name}`" in settings_page() for name in Settings.model_fields)
    assert os.fspath(page.parents[1]) not in settings_page()
