"""Everything that can be set: one field for each setting, with its meaning, unit and range."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from callcenter.addresses import Endpoint, PortRange
from callcenter.setting_values import (
    compiles,
    known_broker,
    known_database,
    known_time_zone,
    like,
    listens,
    none_when_empty,
    not_empty,
    phones_can_call,
    port_range,
    reached,
    upper,
)

CHECKOUT = Path(__file__).resolve().parent.parent
"""The folder that holds `ivr_flows/` and `agents/` of this copy of the project."""

_DIGITS = re.compile(r"[0-9]{3,15}")
_NODE = re.compile(r"[a-z][a-z0-9-]{0,31}")
_FLOW = re.compile(r"[a-z][a-z0-9_]{0,59}")
_HOURS = re.compile(r"|([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)")
_AREA_CODE = re.compile(r"0[1-9][0-9]{1,2}")
_VOICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9+_.-]{0,63}")
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}|/.+")

DIAL_OUT = r"1[3-9][0-9]{9}|0[1-9][0-9]{8,10}|[2-8][0-9]{6,7}|1[0-2][0-9]{1,3}|9[56][0-9]{3,6}"
"""Mainland mobiles, landlines with and without area code, short service numbers; nothing abroad."""


def _set(default: Any, meaning: str, write: str, **limits: Any) -> Any:
    """Declare one setting: what it means, and what may be written for it."""
    return Field(default=default, description=meaning, json_schema_extra={"write": write}, **limits)


Listens = Annotated[Endpoint, BeforeValidator(listens)]
Folder = Annotated[Path, BeforeValidator(not_empty)]
Reached = Annotated[Endpoint, BeforeValidator(reached)]


class SettingFields(BaseModel):
    """What is written for each setting, checked one by one; `Settings` adds what follows from them together."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True)

    home: Folder = _set(
        CHECKOUT / "var",
        "Folder that holds all that a run writes. Two homes with different ports run side by side.",
        "a folder",
    )
    hotline: Annotated[str, like(_DIGITS, "no telephone number")] = _set(
        "12345", "Number of the hotline.", "3 to 15 digits"
    )
    node: Annotated[str, like(_NODE, "no name of a node")] = _set(
        "node1",
        "Name of this machine among several of one hotline.",
        "small letters, digits and -, beginning with a letter, at most 32",
    )
    http: Listens = _set(
        "127.0.0.1:8080",
        "Where the HTTP API and WebSocket listen. 0.0.0.0 and [::] mean every address of this machine.",
        "an IP address and a port, such as 127.0.0.1:8080",
    )
    sip: Listens = _set(
        "127.0.0.1:5060",
        "Where phones and the trunk reach the hotline (UDP), IPv4. The host is also where sound goes.",
        "an IPv4 address and a port, such as 127.0.0.1:5060",
    )
    rtp: Annotated[PortRange, BeforeValidator(port_range)] = _set(
        "10000-10999",
        "Ports for sound (UDP), four for each call.",
        "two ports with - between, 20 or more ports apart, such as 10000-10999",
    )
    ami: int = _set(
        5038,
        "Port of Asterisk's manager interface (TCP). It listens on 127.0.0.1 only, whatever else is set.",
        "a port from 1 to 65535",
        ge=1,
        le=65_535,
    )
    trunk: Reached = _set(
        "127.0.0.1:5080",
        "Where the telephone network's gateway is: calls to units go there, citizens' calls come from there.",
        "a host and a port, such as 127.0.0.1:5080",
    )
    public_address: Annotated[str | None, AfterValidator(phones_can_call), BeforeValidator(none_when_empty)] = _set(
        None,
        "Address of this machine that phones are told, where `sip` listens on every address. Default: the host of"
        " `sip`.",
        "an IPv4 address of this machine, such as 192.168.1.10",
    )
    flow: Annotated[str, like(_FLOW, "no name of a flow")] = _set(
        "direct",
        "Flow that callers go through: `direct` (greeting, then a person), `menu`, `night`, or one of your own.",
        "the `name` of a flow in flows_folder",
    )
    flows_folder: Folder = _set(
        CHECKOUT / "ivr_flows", "Folder of the flows, their calendars, recorded prompts and music.", "a folder"
    )
    agents_folder: Folder = _set(CHECKOUT / "agents", "Folder of the rosters: seats and units.", "a folder")
    arrival: Literal["answer", "ring"] = _set(
        "answer",
        "`answer`: the hotline greets at once. `ring`: the caller hears ringing for at most 10 s while seats are"
        " offered, then the greeting.",
        "answer or ring",
    )
    ring_seconds: float = _set(
        15, "How long a seat may ring before the caller goes to the next, in seconds.", "5 to 120", ge=5, le=120
    )
    no_ring_seconds: float = _set(
        6,
        "How long a phone may take to begin ringing before it counts as out of reach, in seconds.",
        "1 to 30",
        ge=1,
        le=30,
    )
    miss_limit: int = _set(3, "Missed offers in a row that set a seat aside.", "1 to 20", ge=1, le=20)
    wrap_up_seconds: float = _set(
        30, "Time to finish the notes after a call, before the next is offered, in seconds.", "0 to 3600", ge=0, le=3600
    )
    survey: bool = _set(
        False,  # noqa: FBT003 - the default of a setting
        "Whether a caller whose talk is over is asked for a grade by key, 5 very satisfied to 1 very dissatisfied"
        " (figure 14). An operator who hangs up, or ends the call on the screen, begins it.",
        "true or false",
    )
    announce_first_seconds: float = _set(
        20, "Waiting time before the place in line is first told, in seconds.", "5 to 600", ge=5, le=600
    )
    announce_every_seconds: float = _set(
        45, "Time between two tellings of the place in line, in seconds.", "10 to 3600", ge=10, le=3600
    )
    area_code: Annotated[str, like(re.compile(_AREA_CODE.pattern + "|"), "no area code")] = _set(
        "",
        "Area code that the network leaves out of local numbers; added to them before they are stored.",
        "an area code with its 0, such as 022, or nothing",
    )
    time_zone: Annotated[str, AfterValidator(known_time_zone)] = _set(
        "Asia/Shanghai",
        "Time zone of opening hours, of ticket numbers and of folders of recordings.",
        "a name such as Asia/Shanghai",
    )
    dial_out: Annotated[str, AfterValidator(compiles)] = _set(
        DIAL_OUT,
        "Regular expression that a number must match as a whole to be dialled by a person. Units of the roster"
        " are always allowed.",
        "a regular expression",
    )
    recall_short_seconds: float = _set(
        5,
        "Whoever gave up sooner after asking for a person did not really wait, and is owed no call, in seconds.",
        "0 to 600",
        ge=0,
        le=600,
    )
    recall_due_seconds: float = _set(
        1800,
        "How soon after a caller gave up he is to be called back, in seconds.",
        "60 to 86400",
        ge=60,
        le=86_400,
    )
    recall_gap_seconds: float = _set(
        600, "Least time between two attempts to call one citizen back, in seconds.", "0 to 86400", ge=0, le=86_400
    )
    recall_attempts: int = _set(
        3, "Attempts in vain, so far apart, after which a citizen is called back no more.", "1 to 20", ge=1, le=20
    )
    recall_ring_seconds: float = _set(
        30, "How long a citizen's phone may ring when he is called back, in seconds.", "5 to 120", ge=5, le=120
    )
    recall_ai: bool = _set(
        False,  # noqa: FBT003 - the default of a setting
        "Call back also those who hung up in the menu, before they had asked for a person.",
        "true or false",
    )
    recall_refused: Annotated[str, AfterValidator(compiles)] = _set(
        "",
        "Regular expression of the numbers that are never called back. Default: none.",
        "a regular expression that a number must match as a whole, or nothing",
    )
    database_url: Annotated[SecretStr | None, AfterValidator(known_database), BeforeValidator(none_when_empty)] = _set(
        None,
        "Database. Default: SQLite in the home.",
        "postgresql://USER:PASSWORD@HOST/NAME or sqlite:///FILE",
    )
    voice: Annotated[str, like(_VOICE, "no name of a voice")] = _set(
        "cmn-latn-pinyin",
        "espeak-ng voice that speaks the texts for which no sound is recorded.",
        "the name of a voice, as `espeak-ng --voices` lists them",
    )
    voice_rate: int = _set(160, "Speed of that voice, in words per minute.", "80 to 300", ge=80, le=300)
    speech_engine: Literal["auto", "vosk", "whisper", "off"] = _set(
        "auto",
        "What makes notes of what is said: `vosk`, `whisper`, `off`, or `auto`: what has its packages and a model on"
        " this machine, else off. `callcenter speech fetch NAME` brings both.",
        "auto, vosk, whisper or off",
    )
    speech_model: Annotated[
        str | None, like(_MODEL, "no name or folder of a model"), BeforeValidator(none_when_empty)
    ] = _set(
        None,
        "Model it hears with. Default: the first of `callcenter speech models` that is on disk.",
        "a name of `callcenter speech models`, or the folder of a model, beginning with /",
    )
    speech_workers: Annotated[int | None, BeforeValidator(none_when_empty)] = _set(
        None,
        "Processes that turn voices into words, each with a model of its own. Default: one for two cores.",
        "1 to 64, or nothing",
        ge=1,
        le=64,
    )
    speech_streams: int = _set(
        7,
        "Voices that one of these processes hears at a time, two for a call and three with a unit; more are noted"
        " afterwards, from the recording.",
        "1 to 100",
        ge=1,
        le=100,
    )
    retention_days: Annotated[int | None, BeforeValidator(none_when_empty)] = _set(
        None,
        "Days after which recordings are deleted. Default: nothing is ever deleted.",
        "1 to 36500, or nothing",
        ge=1,
        le=36_500,
    )
    minimum_free_mb: int = _set(
        1024,
        "Free space for recordings below which an alarm is raised, in megabytes; a call takes about 2 MB a minute.",
        "0 to 10000000",
        ge=0,
        le=10_000_000,
    )
    alarm_abandon_percent: float = _set(
        5,
        "Share of those who asked for a person in the last half-hour and were lost (figure 3a), in percent, from which"
        " an alarm is raised. Its complement is the connect rate of 95 % that is the standard (docs/monitoring.md).",
        "0.1 to 100",
        ge=0.1,
        le=100,
    )
    alarm_abandon_calls: int = _set(
        20,
        "Calls in that half-hour below which the share tells nothing and raises no alarm.",
        "1 to 10000",
        ge=1,
        le=10_000,
    )
    alarm_longest_wait_seconds: float = _set(
        60, "Wait of a caller from which an alarm is raised, in seconds.", "1 to 3600", ge=1, le=3600
    )
    duty_hours: Annotated[str, like(_HOURS, "no hours of a day")] = _set(
        "",
        "Hours of every day in which a seat must be on duty, else an alarm is raised: `00:00-24:00` for a hotline that"
        " answers day and night. Default: only while callers wait.",
        "two times with - between, such as 08:00-20:00, or nothing",
    )
    event_buffer: int = _set(
        10_000,
        "Events kept for watchers who come back after a lost connection.",
        "100 to 1000000",
        ge=100,
        le=1_000_000,
    )
    outbox_most: int = _set(
        200_000,
        "Events kept in the database for a broker or webhook that is away; then the oldest are dropped.",
        "1000 to 10000000",
        ge=1000,
        le=10_000_000,
    )
    outbox_hours: float = _set(
        72, "How long they are kept for it, in hours. They hold callers' numbers and words.", "1 to 8760", ge=1, le=8760
    )
    webhooks_file: Annotated[Path | None, BeforeValidator(none_when_empty)] = _set(
        None,
        "File that names the webhooks that are told what happens (docs/events.md). Default: there are none.",
        "a TOML file that nobody else may read",
    )
    mqtt_url: Annotated[SecretStr | None, AfterValidator(known_broker), BeforeValidator(none_when_empty)] = _set(
        None,
        "MQTT broker that is told what happens (docs/events.md). Default: none is. In user and password, signs such as"
        " @ : / are written as %40 %3A %2F.",
        "mqtt://USER:PASSWORD@HOST:PORT or mqtts://… for TLS",
    )
    mqtt_ca_file: Annotated[Path | None, BeforeValidator(none_when_empty)] = _set(
        None,
        "Certificate of the authority that signed the broker's, for mqtts. Default: those this machine trusts.",
        "a PEM file",
    )
    mqtt_own_port: Annotated[int | None, BeforeValidator(none_when_empty)] = _set(
        None,
        "Port on 127.0.0.1 for a Mosquitto of the home's own, started beside Asterisk. Default: none is started.",
        "a port from 1 to 65535, or nothing",
        ge=1,
        le=65_535,
    )
    standby: bool = _set(
        True,  # noqa: FBT003 - the default of a setting
        "Keep a second controller loaded, which begins at once when the first one dies; takes some 100 MB of memory.",
        "true or false",
    )
    live_figures: bool = _set(
        True,  # noqa: FBT003 - as above
        "Reckon the day's figures all the time and tell who watches; else they are reckoned when they are asked for.",
        "true or false",
    )
    max_watchers: int = _set(1000, "WebSocket connections at one time.", "1 to 100000", ge=1, le=100_000)
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(upper)] = _set(
        "INFO", "Least weight of what is logged.", "DEBUG, INFO, WARNING or ERROR"
    )
    log_format: Literal["json", "text"] = _set(
        "json", "How the log in the home is written: `json` for programs, `text` for people.", "json or text"
    )
    asterisk: str = _set(
        "auto",
        "Asterisk: `auto` (this machine's own if it will do, else one made in a folder of its own), `made` (always"
        " that one), or HOST:PORT of the manager interface of one that somebody else runs (asterisk_conf/README.md).",
        "auto, made, or 127.0.0.1:PORT",
        min_length=1,
    )
    asterisk_user: str = _set(
        "callcenter", "Manager user of an Asterisk that somebody else runs.", "a name", min_length=1
    )
    asterisk_secret: Annotated[SecretStr | None, BeforeValidator(none_when_empty)] = _set(
        None, "Manager secret of an Asterisk that somebody else runs.", "the secret"
    )
