"""Traffic recorded from a real Asterisk 22.10.1 (numbers invented), told in the hotline's own words."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from callcenter.asterisk.ami import Headers, cut_blocks, parse_block
from callcenter.asterisk.channels import ChannelTable, Kind
from callcenter.asterisk.translate import translate
from callcenter.domain.ids import CallId, LegId

if TYPE_CHECKING:
    from callcenter.domain.telephony import TelephonyEvent

RECORDINGS = Path(__file__).parents[1] / "asterisk" / "recordings"
_OURS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
_MUSIC = re.compile(r"Local/s@music-")


def recorded(name: str) -> list[Headers]:
    """Give the events of one recording, in their order."""
    blocks, _ = cut_blocks((RECORDINGS / f"{name}.ami").read_bytes())
    return [parse_block(block.decode("utf-8", "replace").strip("\r\n")) for block in blocks]


class Told:
    """A recording as it was told, and what was left in the table after it."""

    def __init__(self, name: str, *, before: Callable[[Headers, ChannelTable], None] = lambda *_: None) -> None:
        self.table = ChannelTable()
        self.events: list[TelephonyEvent] = []
        blocks = recorded(name)
        self._expect_ours(blocks)
        for headers in blocks:
            before(headers, self.table)
            self.events += translate(headers, self.table)

    def _expect_ours(self, blocks: list[Headers]) -> None:
        """Announce the channels that were asked for under ids of our own, as the telephone does."""
        case = next((headers["CaseId"] for headers in blocks if "CaseId" in headers), "")
        for headers in blocks:
            uniqueid, channel = headers.get("Uniqueid", ""), headers.get("Channel", "")
            if self.table.get(uniqueid) is not None or not _OURS.match(uniqueid):
                continue
            if _MUSIC.match(channel):
                self.table.expect(uniqueid, Kind.MUSIC, call_id=CallId(case))
            elif channel.startswith("PJSIP/8"):
                seat = channel.removeprefix("PJSIP/")[:4]
                self.table.expect(uniqueid, Kind.SEAT, call_id=CallId(case), leg_id=LegId(uniqueid), seat=seat)

    @property
    def story(self) -> list[str]:
        """The events in short: their kind, and what tells them apart."""
        return list(self._lines())

    def _lines(self) -> Iterator[str]:
        for event in self.events:
            fields = ("seat", "code", "ending", "registered")
            words = [type(event).__name__, *(str(getattr(event, field)) for field in fields if hasattr(event, field))]
            leg, call = getattr(event, "leg_id", None), getattr(event, "call_id", None)
            if leg is not None and leg == call:
                words.append("caller")
            if getattr(event, "by_itself", False):
                words.append("by itself")
            yield " ".join(words)
