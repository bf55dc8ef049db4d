"""What one home's Asterisk shall be, and which values could not stand in its configuration."""

import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from callcenter.asterisk.record import RECORD
from callcenter.domain.errors import InvalidInputError

TEMPLATES = Path(__file__).resolve().parents[2] / "asterisk_conf"

LONGEST_SOCKET = 100  # bytes of the control socket's path; the system takes 107
FIRST_RTP_PORT, LAST_PORT = 1024, 65535
SMALLEST_RTP_RANGE = 20  # ports; a talk of two takes four

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
class SurveySounds:
    """What a caller hears who is asked for a grade after his talk; sound files with or without their ending `.wav`."""

    ask: Path
    end: Path
    """The last words, with a grade and without one."""


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
    survey: SurveySounds | None = None
    """None: nobody is asked for a grade."""
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
    def sound_folders(self) -> tuple[Path, ...]:
        """Where everything lies that callers hear, but for the music."""
        survey = () if self.survey is None else (self.survey.ask, self.survey.end)
        return (*self.sounds, self.greeting.parent, *(sound.parent for sound in survey))

    @property
    def readable(self) -> tuple[Path, ...]:
        """Folders that Asterisk only reads."""
        return tuple(dict.fromkeys((self.etc, self.moh, *self.sound_folders)))


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


def is_loopback(host: str) -> bool:
    """Tell whether this address is reached from this machine alone."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _paths(plan: Plan) -> Iterator[tuple[str, Path]]:
    yield "the home", plan.home
    yield "the recordings", plan.recordings
    yield "the logs", plan.log
    yield "the greeting", plan.greeting
    if plan.survey is not None:
        for sound in (plan.survey.ask, plan.survey.end):
            yield "a sound of the survey", sound
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
