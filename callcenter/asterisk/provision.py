"""Writes the configuration of one Asterisk for one home, and the folders it needs.

Blocking: call it by `asyncio.to_thread`. What it writes is `asterisk_conf/`, with the places in double braces filled
in. Whatever is filled in stands in lines that Asterisk reads, so a value that could end its line or mean something
there is refused and nothing is written.
"""

import ipaddress
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from callcenter.asterisk.plan import Plan, check, is_loopback
from callcenter.domain.errors import InvalidInputError

SEAT_TEMPLATE = "seat.conf"  # a piece of pjsip.conf, no file of its own
UNUSED = ("acl.conf", "ccss.conf", "features.conf", "pjproject.conf", "queuerules.conf", "udptl.conf")
"""Files that Asterisk asks for and we have nothing to say in."""

_PLACE = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True, slots=True)
class Ground:
    """What Asterisk stands on: its parts as it sees them itself, and whose process it is."""

    modules: Path
    data: Path
    owner: tuple[int, int] | None = None
    """User and group id that own what Asterisk writes; None: those of this process."""


def provision(plan: Plan, ground: Ground) -> str:
    """Make the folders and write the configuration. Gives a digest that differs when the configuration does.

    Raises:
        InvalidInputError: a value that cannot stand in the configuration; nothing was written.
        OSError: a folder or a file could not be made.

    """
    check(plan)
    files = render(plan, ground)
    _make_folders(plan, ground.owner)
    for name, text in files.items():
        _write(plan.etc / name, text, owner=ground.owner)
    for left in plan.etc.iterdir():
        if left.name not in files and left.is_file():
            left.unlink()
    _copy_music(plan)
    return sha256("\0".join(f"{name}\0{text}" for name, text in sorted(files.items())).encode()).hexdigest()


def render(plan: Plan, ground: Ground) -> dict[str, str]:
    """Give every file of the configuration by name, filled in; writes nothing. Raises InvalidInputError."""
    loopback = is_loopback(plan.sip_host)
    media_host = _media_host(plan)
    values = {
        "etc": str(plan.etc),
        "var": str(plan.var),
        "log": str(plan.logs),
        "moh": str(plan.moh),
        "modules": str(ground.modules),
        "data": str(ground.data),
        "incoming": str(plan.incoming),
        "greeting": _played(plan.greeting),
        "survey_ask": "" if plan.survey is None else _played(plan.survey.ask),
        "survey_end": "" if plan.survey is None else _played(plan.survey.end),
        "node": plan.node,
        "arrival": plan.arrival,
        "hotline": plan.hotline,
        "ami_port": str(plan.ami_port),
        "ami_secret": plan.ami_secret,
        "rtp_from": str(plan.rtp_from),
        "rtp_to": str(plan.rtp_to),
        "sip": f"{_bracketed(plan.sip_host)}:{plan.sip_port}",
        "media_host": media_host,
        "outside": _outside(plan),
        "trunk": f"{_bracketed(plan.trunk_host)}:{plan.trunk_port}",
        "identifier_order": "request_uri,username,ip" if loopback else "ip,username",
        "trunk_known_by": "request_uri" if loopback else "ip",
        "trunk_match": (
            rf"match_request_uri = /^(sip|tel):[+]?{plan.hotline}(@|\;|$)/"
            if loopback
            else f"match = {plan.trunk_host}"
        ),
        "members": "\n".join(f"member => PJSIP/{seat.extension}" for seat in plan.seats),
    }
    seat = (plan.templates / SEAT_TEMPLATE).read_text(encoding="utf-8")
    values["seats"] = "\n".join(
        fill(seat, {"extension": phone.extension, "seat_secret": phone.secret}, name=SEAT_TEMPLATE)
        for phone in plan.seats
    )
    files = dict.fromkeys(UNUSED, "")
    for template in sorted(plan.templates.glob("*.conf")):
        if template.name != SEAT_TEMPLATE:
            files[template.name] = fill(template.read_text(encoding="utf-8"), values, name=template.name)
    return files


def _played(sound: Path) -> str:
    """Name a sound file as Asterisk plays it: without its ending."""
    return str(sound.with_suffix("") if sound.suffix == ".wav" else sound)


def fill(template: str, values: Mapping[str, str], *, name: str) -> str:
    """Put the values into their places, once: what is put in is not looked at again. Raises InvalidInputError."""

    def value(place: re.Match[str]) -> str:
        if place[1] not in values:
            raise InvalidInputError(f"{name} has a place for {place[1]!r}, which nothing is known of")
        return values[place[1]]

    return _PLACE.sub(value, template)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _media_host(plan: Plan) -> str:
    """Give the one address of ours that sound is sent from."""
    if ipaddress.ip_address(plan.sip_host).is_unspecified:
        return plan.public_address or ""
    return plan.sip_host


def _outside(plan: Plan) -> str:
    """Say the address that phones reach us at, where somebody translates addresses between us and them."""
    if plan.public_address is None or plan.public_address == _media_host(plan):
        return "; phones reach it at its own address"
    return (
        f"external_signaling_address = {plan.public_address}\n"
        f"external_signaling_port = {plan.sip_port}\n"
        f"external_media_address = {plan.public_address}"
    )


def _make_folders(plan: Plan, owner: tuple[int, int] | None) -> None:
    for folder in (plan.home, plan.recordings, plan.log, plan.folder, plan.moh, plan.pid_file.parent):
        folder.mkdir(parents=True, exist_ok=True)
    for folder in (plan.folder, plan.moh):
        folder.chmod(0o755)  # Asterisk's user goes through them, whatever the umask was
    for folder in (plan.etc, *plan.writable):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o700)
    for name in ("lib", "db", "spool", "run", "agi-bin", "records", "records/cel-custom"):
        (plan.var / name).mkdir(mode=0o700, exist_ok=True)
    for folder in plan.sound_folders:
        folder.mkdir(parents=True, exist_ok=True)
    if owner is not None:
        for folder in (plan.etc, *plan.writable):
            _give(folder, owner)


def _give(folder: Path, owner: tuple[int, int]) -> None:
    """Make all in this folder its owner's; links are not followed, since he might have made them."""
    os.chown(folder, *owner, follow_symlinks=False)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(parent, name), *owner, follow_symlinks=False)


def _write(path: Path, text: str, *, owner: tuple[int, int] | None) -> None:
    """Write one file so that nobody ever reads half of it or without its protection."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123  # opened with its mode
        file.write(text)
    if owner is not None:
        os.chown(new, *owner)
    new.replace(path)


def _copy_music(plan: Plan) -> None:
    wanted = {} if plan.music is None else {piece.name: piece for piece in plan.music.glob("*.wav")}
    for left in plan.moh.iterdir():
        if left.name not in wanted and left.is_file():
            left.unlink()
    for name, piece in wanted.items():
        new = plan.moh / f"{name}.new"
        shutil.copyfile(piece, new)
        new.chmod(0o644)
        new.replace(plan.moh / name)
