"""The settings of a hotline as its parts read them: what follows from them, and what does not fit together.

`setting_fields` declares them, `settings_sources` reads them, `settings_page` writes their page; nobody below `app`
sees them.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from callcenter.addresses import Endpoint, parse_endpoint
from callcenter.events.address import BrokerAddress, parse_broker
from callcenter.setting_fields import CHECKOUT, SettingFields


class Settings(SettingFields):
    """What this hotline is set to; made by `settings_sources.load_settings`, checked as a whole."""

    @property
    def zone(self) -> ZoneInfo:
        """The hotline's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def speech_workers_now(self) -> int:
        """How many processes turn voices into words on this machine."""
        return self.speech_workers or max(1, (os.cpu_count() or 1) // 2)

    @property
    def speech_threads(self) -> int:
        """How many pieces of speech each of them decodes at a time: all of them together keep every core busy."""
        return max(1, (os.cpu_count() or 1) // self.speech_workers_now)

    @property
    def media_address(self) -> str:
        """The address phones are told for signalling and sound."""
        return self.public_address or self.sip.host

    @property
    def sip_reached(self) -> Endpoint:
        """Where phones find the hotline."""
        return Endpoint(self.media_address, self.sip.port)

    @property
    def http_reached(self) -> Endpoint:
        """Where programs on this machine find the API."""
        if not self.http.is_any:
            return self.http
        return Endpoint("::1" if ":" in self.http.host else "127.0.0.1", self.http.port)

    @property
    def prompt_folders(self) -> tuple[Path, ...]:
        """Where recorded prompts are looked for: the site's own, then those that are shipped."""
        return tuple(dict.fromkeys((self.flows_folder / "prompts", CHECKOUT / "ivr_flows" / "prompts")))

    @property
    def database(self) -> str:
        """Address of the database, its password included: never to be logged."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite+aiosqlite:///{self.home / 'callcenter.sqlite3'}"

    @property
    def mqtt_broker(self) -> BrokerAddress | None:
        """The broker that somebody else runs, with our login there, or None where none is set."""
        return None if self.mqtt_url is None else parse_broker(self.mqtt_url.get_secret_value())

    @property
    def asterisk_elsewhere(self) -> Endpoint | None:
        """The manager interface of an Asterisk that somebody else runs, or None where we run our own."""
        return None if self.asterisk in ("auto", "made") else parse_endpoint(self.asterisk)

    @property
    def asterisk_of_machine(self) -> bool:
        """Whether the machine's own Asterisk may be taken."""
        return self.asterisk == "auto"

    def as_environment(self) -> dict[str, str]:
        """Give what was set as environment variables, for a process of our own that is to be set the same.

        Holds secrets: only for the environment of a child of the same user.
        """
        return {
            environment_name(name): _written(getattr(self, name)) for name in sorted(self.model_fields_set | {"home"})
        }

    def faults(self) -> Iterator[tuple[str, str, str]]:
        """Give what does not fit together: setting, what is wrong (fits behind "is"), what to write instead."""
        if ":" in self.sip.host:
            yield "sip", "an IPv6 address", "write an IPv4 address and a port"
        if self.public_address and ":" in self.public_address:
            yield "public_address", "an IPv6 address", "write an IPv4 address"
        if self.sip.is_any and not self.public_address:
            yield (
                "sip",
                "every address of this machine, and phones must be told one of them",
                "set public_address (--public-address) as well, or write that address here",
            )
        if self.public_address and self.sip.is_loopback and not parse_endpoint(f"{self.public_address}:1").is_loopback:
            yield "public_address", "an address that nobody answers on, as sip listens on loopback", "set sip as well"
        if self.http.port == self.ami and (self.http.is_any or self.http.host == "127.0.0.1"):
            yield "ami", "the port of http too", "write another port"
        if self.sip.port in self.rtp:
            yield "rtp", f"a range that holds the port of sip, {self.sip.port}", "write another range"
        if self.trunk == self.sip_reached:
            yield "trunk", "the hotline's own SIP address", "write where the gateway is"
        if self.mqtt_own_port is not None:
            if self.mqtt_url is not None:
                yield "mqtt_own_port", "set, and so is mqtt_url", "set one of them"
            if self.mqtt_own_port in (self.ami, self.http.port):
                yield "mqtt_own_port", "the port of http or ami too", "write another port"
        if self.mqtt_ca_file is not None and (self.mqtt_broker is None or not self.mqtt_broker.tls):
            yield "mqtt_ca_file", "set, and no broker is reached over TLS", "write mqtts:// in mqtt_url"
        if self.asterisk not in ("auto", "made"):
            try:
                elsewhere = parse_endpoint(self.asterisk)
            except ValueError as error:
                yield "asterisk", str(error), "write auto, made, or 127.0.0.1:PORT"
                return
            if not elsewhere.is_loopback:
                yield (
                    "asterisk",
                    "an address outside this machine, and its manager interface has no encryption",
                    "write 127.0.0.1:PORT, and bring the port here by a tunnel",
                )
            if self.asterisk_secret is None:
                yield (
                    "asterisk",
                    "an Asterisk that somebody else runs, without its secret",
                    "set asterisk_secret as well",
                )


def environment_name(setting: str) -> str:
    """Name the environment variable of a setting."""
    return f"CALLCENTER_{setting.upper()}"


def _written(value: Any) -> str:
    match value:
        case None:
            return ""
        case SecretStr():
            return value.get_secret_value()
        case _:
            return str(value)
