"""Writes the configuration of one Asterisk for one home, and the folders it needs.

Blocking: call it by `asyncio.to_thread`. What it writes is `asterisk_conf/`, with the places in double braces filled
in. Whatever is filled in stands in lines that Asterisk reads, so a value that could end its line or mean something
there is refused and nothing is written.
"""

import ipaddress
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from callcenter.asterisk.record import RECORD
from callcenter.domain.errors import InvalidInputError

TEMPLATES = Path(__file__).resolve().parents[2] / "asterisk_conf"
SEAT_TEMPLATE = "seat.conf"  # a piece of pjsip.conf, no file of its own
UNUSED = ("acl.conf", "ccss.conf", "features.conf", "pjproject.conf", "queuerules.conf", "udptl.conf")
"""Files that Asterisk asks for and we have nothing to say in."""

LONGEST_SOCKET = 100  # bytes of the control socket's path; the system takes 107
FIRST_RTP_PORT, LAST_PORT = 1024, 65535
SMALLEST_RTP_RANGE = 20  # ports; a talk of two takes four

_PLACE = re.compile(r"\{\{(\w+)\}\}")
_HOTLINE = re.compile(r"[0-9]{3,15}")
_EXTENSION = re.compile(r"[0-9]{2,10}")
_SECRET = re.compile(r"[A-Za-z0-9_.~-]{16,79}")
_NODE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,30}")
_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(\.(?!-)[A-Za-z0-9-]{1,63})*")
_UNSAFE_IN_PATH = re.compile(r"[\x00-\x1f\x7f\"'\\&,$|;(){}\[\]<>=]|^\s|\s$|\s/|/\s")


@dataclass(frozen=True, slots=True)
class SeatPhone:
    """A seat's telephone: its number and the password it registers with."""

    extension: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one home's Asterisk shall be. Paths are absolute."""

    home: Path
    """HOME/asterisk is Asterisk's; of the rest of the home it sees only what is named here."""
    recordings: Path
    """A running recording is RECORDINGS/incoming/<call id>.raw."""
    log: Path
    """Asterisk's own logs go to LOG/asterisk."""
    greeting: Path
    """The sound file of the first words, under 5 s, with or without its ending `.wav`."""
    music: Path | None = None
    """Folder of WAVs for music on hold, copied into the home; None: silence."""
    sounds: Sequence[Path] = ()
    """Folders of sound files that the menu and announcements play; Asterisk may read them."""
    sip_host: str
    """An address of this machine, or 0.0.0.0 or :: for all of them."""
    sip_port: int
    public_address: str | None = None
    """The address that phones reach us at where it is not `sip_host`."""
    trunk_host: str
    trunk_port: int
    rtp_from: int
    rtp_to: int
    ami_port: int
    """On 127.0.0.1, always."""
    ami_secret: str
    hotline: str
    seats: Sequence[SeatPhone]
    arrival: str = "answer"
    """`answer` at once, or `ring` for at most 10 s; the controller may change it while Asterisk runs."""
    node: str = "node1"
    """A short name that goes into every Uniqueid."""
    templates: Path = TEMPLATES

    @property
    def folder(self) -> Path:
        """What belongs to Asterisk alone."""
        return self.home / "asterisk"

    @property
    def etc(self) -> Path:
        """The rendered configuration."""
        return self.folder / "etc"

    @property
    def var(self) -> Path:
        """Asterisk's memory, spool and control socket."""
        return self.folder / "var"

    @property
    def moh(self) -> Path:
        """The music on hold."""
        return self.folder / "moh"

    @property
    def logs(self) -> Path:
        """Asterisk's own logs."""
        return self.log / "asterisk"

    @property
    def records(self) -> Path:
        """What Asterisk itself writes down of calls: it names callers, so it is no log."""
        return self.var / "records"

    @property
    def call_record(self) -> Path:
        """The record that a controller reads when it was away (cel_custom.conf)."""
        return self.var / RECORD

    @property
    def incoming(self) -> Path:
        """Recordings that Asterisk is still writing, or that nobody has taken yet."""
        return self.recordings / "incoming"

    @property
    def control_socket(self) -> Path:
        """Where Asterisk takes commands from its own user and from root."""
        return self.var / "run" / "asterisk.ctl"

    @property
    def pid_file(self) -> Path:
        """Where the process id of the running Asterisk is written."""
        return self.home / "run" / "asterisk.pid"

    @property
    def conf(self) -> Path:
        """The file that Asterisk is started with."""
        return self.etc / "asterisk.conf"

    @property
    def writable(self) -> tuple[Path, ...]:
        """Folders that Asterisk writes into."""
        return (self.var, self.logs, self.incoming)

    @property
    def readable(self) -> tuple[Path, ...]:
        """Folders that Asterisk only reads."""
        return tuple(dict.fromkeys((self.etc, self.moh, self.greeting.parent, *self.sounds)))


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


def check(plan: Plan) -> None:
    """Refuse what would not stay inside its line. Raises InvalidInputError, whose text never holds a secret."""
    for what, path in _paths(plan):
        if not path.is_absolute() or _UNSAFE_IN_PATH.search(str(path)):
            raise InvalidInputError(
                f"the path of {what} must be absolute and without signs that mean something to Asterisk: {str(path)!r}"
            )
    _check_folder_length(plan.control_socket)
    _require("the hotline's number is 3 to 15 digits", _HOTLINE.fullmatch(plan.hotline))
    _require("the node's name is a letter and up to 30 letters, digits, - or _", _NODE.fullmatch(plan.node))
    _require("arrival is answer or ring", plan.arrival in ("answer", "ring"))
    _require("the AMI secret is 16 to 79 of A-Z a-z 0-9 _ . ~ -", _SECRET.fullmatch(plan.ami_secret))
    _check_seats(plan)
    _check_addresses(plan)


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
        "greeting": str(plan.greeting.with_suffix("") if plan.greeting.suffix == ".wav" else plan.greeting),
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


def fill(template: str, values: Mapping[str, str], *, name: str) -> str:
    """Put the values into their places, once: what is put in is not looked at again. Raises InvalidInputError."""

    def value(place: re.Match[str]) -> str:
        if place[1] not in values:
            raise InvalidInputError(f"{name} has a place for {place[1]!r}, which nothing is known of")
        return values[place[1]]

    return _PLACE.sub(value, template)


def is_loopback(host: str) -> bool:
    """Tell whether this address is reached from this machine alone."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _paths(plan: Plan) -> Iterator[tuple[str, Path]]:
    yield "the home", plan.home
    yield "the recordings", plan.recordings
    yield "the logs", plan.log
    yield "the greeting", plan.greeting
    for folder in plan.sounds:
        yield "a folder of sounds", folder


def _require(rule: str, holds: object) -> None:
    if not holds:
        raise InvalidInputError(rule)


def _check_folder_length(socket: Path) -> None:
    length = len(str(socket).encode())
    if length > LONGEST_SOCKET:
        raise InvalidInputError(
            f"the home's path is {length - LONGEST_SOCKET} bytes too long: Asterisk's control socket lies below it; "
            "choose a home with a shorter path"
        )


def _check_seats(plan: Plan) -> None:
    for seat in plan.seats:
        _require(f"a seat's number is 2 to 10 digits, not {seat.extension!r}", _EXTENSION.fullmatch(seat.extension))
        _require(f"seat {seat.extension} has the hotline's own number", seat.extension != plan.hotline)
        _require(
            f"the password of seat {seat.extension} is 16 to 79 of A-Z a-z 0-9 _ . ~ -", _SECRET.fullmatch(seat.secret)
        )
    extensions = [seat.extension for seat in plan.seats]
    _require("two seats have the same number", len(set(extensions)) == len(extensions))


def _check_addresses(plan: Plan) -> None:
    _require(f"the SIP host must be an IP address, not {plan.sip_host!r}", _is_address(plan.sip_host))
    _require(
        f"the trunk's host must be an IP address or a host name, not {plan.trunk_host!r}",
        _is_address(plan.trunk_host) or _HOST_NAME.fullmatch(plan.trunk_host),
    )
    if plan.public_address is not None:
        _require(
            f"the public address must be one IP address, not {plan.public_address!r}",
            _is_address(plan.public_address) and not ipaddress.ip_address(plan.public_address).is_unspecified,
        )
    elif ipaddress.ip_address(plan.sip_host).is_unspecified:
        raise InvalidInputError("SIP on all addresses needs a public address: phones must be told one")
    for what, port in (("SIP", plan.sip_port), ("AMI", plan.ami_port), ("trunk", plan.trunk_port)):
        _require(f"the {what} port is 1 to {LAST_PORT}, not {port}", 1 <= port <= LAST_PORT)
    _require(
        f"RTP takes {SMALLEST_RTP_RANGE} ports or more from {FIRST_RTP_PORT} up, not {plan.rtp_from}-{plan.rtp_to}",
        FIRST_RTP_PORT <= plan.rtp_from <= plan.rtp_to - SMALLEST_RTP_RANGE + 1 and plan.rtp_to <= LAST_PORT,
    )
    _require("the SIP port must not lie among the RTP ports", not plan.rtp_from <= plan.sip_port <= plan.rtp_to)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return "%" not in host


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
    for folder in (*plan.sounds, plan.greeting.parent):
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
