"""How a broker is set, and that its password is never shown."""

from pathlib import Path

import pytest

from callcenter.ports import wanted_ports
from callcenter.settings_sources import Loaded, SettingsError, load_settings


def load(home: Path, **assignments: str) -> Loaded:
    written = [f"{name}={value}" for name, value in assignments.items()]
    return load_settings(flags={"home": str(home)}, assignments=written, environment={})


def mistakes(home: Path, **assignments: str) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        load(home, **assignments)
    return [line.removeprefix("flag --set ").partition(": ")[2] for line in refused.value.lines]


def test_without_anything_set_there_is_no_broker_and_none_is_started(tmp_path: Path) -> None:
    settings = load(tmp_path).settings

    assert settings.mqtt_broker is None
    assert settings.mqtt_own_port is None
    assert "mqtt_own_port" not in [wanted.setting for wanted in wanted_ports(settings)]


def test_the_password_is_read_and_never_shown(tmp_path: Path) -> None:
    loaded = load(tmp_path, mqtt_url="mqtts://hotline:hu%40sh@broker.example:8884")
    broker = loaded.settings.mqtt_broker
    shown = {name: value for name, value, _ in loaded.rows()}

    assert broker is not None
    assert (broker.host, broker.port, broker.tls, broker.password) == ("broker.example", 8884, True, "hu@sh")
    assert shown["mqtt_url"] == "mqtts://hotline:***@broker.example:8884"
    assert not [text for text in (repr(loaded), repr(broker), str(shown)) if "sh@" in text or "hu%" in text]


def test_the_controller_is_set_the_same_as_its_supervisor(tmp_path: Path) -> None:
    settings = load(tmp_path, mqtt_url="mqtt://me:hush@b", mqtt_own_port="").settings

    again = load_settings(flags={}, environment=settings.as_environment()).settings

    assert again.mqtt_broker == settings.mqtt_broker


def test_a_broker_that_cannot_be_is_refused_without_repeating_its_password(tmp_path: Path) -> None:
    write = "write mqtt://USER:PASSWORD@HOST:PORT or mqtts://… for TLS"

    assert mistakes(tmp_path, mqtt_url="me:hush@broker") == [
        f"mqtt_url is no address that begins with mqtt:// or mqtts://; {write}"
    ]


@pytest.mark.parametrize(
    ("assignments", "told"),
    [
        (
            {"mqtt_url": "mqtt://b", "mqtt_own_port": "1883"},
            "mqtt_own_port is set, and so is mqtt_url; set one of them",
        ),
        ({"mqtt_own_port": "5038"}, "mqtt_own_port is the port of http or ami too; write another port"),
        ({"mqtt_own_port": "0"}, "mqtt_own_port is '0'; write a port from 1 to 65535, or nothing"),
        (
            {"mqtt_url": "mqtt://b", "mqtt_ca_file": "ca.pem"},
            "mqtt_ca_file is set, and no broker is reached over TLS; write mqtts:// in mqtt_url",
        ),
    ],
)
def test_settings_that_do_not_fit_together_are_told(tmp_path: Path, assignments: dict[str, str], told: str) -> None:
    assert mistakes(tmp_path, **assignments) == [told]


def test_a_certificate_named_in_the_file_is_seen_from_the_home(tmp_path: Path) -> None:
    (tmp_path / "callcenter.toml").write_text('mqtt_url = "mqtts://b"\nmqtt_ca_file = "ca.pem"\n')

    assert load(tmp_path).settings.mqtt_ca_file == tmp_path / "ca.pem"


def test_the_port_of_an_own_broker_is_looked_at_before_the_start(tmp_path: Path) -> None:
    settings = load(tmp_path, mqtt_own_port="1884").settings

    (wanted,) = [wanted for wanted in wanted_ports(settings) if wanted.setting == "mqtt_own_port"]

    assert str(wanted.endpoint) == "127.0.0.1:1884"
