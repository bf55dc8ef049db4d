"""What needs a person's attention: every alarm there is, and when one is raised and cleared.

An alarm is raised once and cleared once. Two things keep it from flapping: a value that raised it must come back past
another level before it counts as well (`Threshold`), and what is told must hold for a while before it is believed, each
way (`AlarmKind.raise_after`, `clear_after`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from callcenter.domain.facts import AlarmCleared, AlarmRaised


class Severity(StrEnum):
    """How soon a person is to look."""

    CRITICAL = "critical"
    """Callers feel it now, or nothing stands behind what still works: look at once."""
    WARNING = "warning"
    """Nobody is lost by it yet: look within the shift."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmKind:
    """One alarm that there can be. Its name is stable: programs outside may rely on it."""

    name: str
    chinese: str
    advice: str
    """What to do, for the person on duty."""
    severity: Severity
    raise_after: float
    """Seconds for which it must be bad without a break; 0 where the one who tells has waited already."""
    clear_after: float
    """Seconds for which it must be well without a break."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An alarm that stands."""

    name: str
    detail: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """Two levels of one value: bad from the first on, well again from the second on; between them it stays as it was.

    The lower of the two may be either: a wait is bad when it grows, free space when it shrinks.
    """

    raise_at: float
    clear_at: float

    def __post_init__(self) -> None:
        if self.raise_at == self.clear_at:
            raise ValueError("a value is bad and well again at two different levels")

    def is_bad(self, value: float | None, *, stands: bool) -> bool:
        """Tell whether this value is bad, for an alarm that stands or does not; None is nothing to go by, thus well."""
        if value is None:
            return False
        level = self.clear_at if stands else self.raise_at
        if self.raise_at > self.clear_at:
            return value > level if stands else value >= level
        return value < level if stands else value <= level


@dataclass(frozen=True, slots=True)
class _Doubt:
    """The opposite of what stands has been told, and nothing else since."""

    since: float
    """Monotonic second."""
    detail: str


class AlarmBook:
    """The alarms that stand, and those that are about to be raised or cleared."""

    def __init__(self) -> None:
        self._standing: dict[str, Alarm] = {}
        self._doubts: dict[str, _Doubt] = {}

    @property
    def standing(self) -> Sequence[Alarm]:
        """Alarms that stand, the oldest first."""
        return list(self._standing.values())

    def restore(self, alarms: Iterable[Alarm]) -> None:
        """Take over what stood when the journal ended: it is cleared when it is known to be well."""
        self._standing |= {alarm.name: alarm for alarm in alarms}

    def bad(self, name: str, detail: str, *, mono: float) -> None:
        """Take note that something is bad now."""
        if name in self._standing:
            self._doubts.pop(name, None)
        else:
            self._doubts.setdefault(name, _Doubt(mono, detail))

    def well(self, name: str, *, mono: float) -> None:
        """Take note that something is well now."""
        if name in self._standing:
            self._doubts.setdefault(name, _Doubt(mono, ""))
        else:
            self._doubts.pop(name, None)

    def due(self, *, wall: datetime, mono: float) -> Sequence[AlarmRaised | AlarmCleared]:
        """Raise and clear what has held for long enough; each fact once."""
        facts: list[AlarmRaised | AlarmCleared] = []
        for name, doubt in list(self._doubts.items()):
            kind, stands = kind_of(name), name in self._standing
            if mono - doubt.since < (kind.clear_after if stands else kind.raise_after):
                continue
            del self._doubts[name]
            if stands:
                del self._standing[name]
                facts.append(AlarmCleared(at=wall, name=name))
            else:
                self._standing[name] = Alarm(name=name, detail=doubt.detail, since=wall)
                facts.append(AlarmRaised(at=wall, name=name, detail=doubt.detail))
        return facts


ASTERISK, DATABASE, SPEECH, RECORDINGS, EVENTS = "asterisk", "database", "speech", "recordings", "events"
"""Alarms of the components, named as on /health."""
ABANDON_RATE, LONGEST_WAIT, NO_SEAT_READY = "abandon_rate", "longest_wait", "no_seat_ready"
DISK_LOW, RECORDING_FAILED, NOTES_FAILED = "disk_low", "recording_failed", "notes_failed"
TICKET_NOT_DRAFTED, FLOW_FAILED, LOG_FAILED = "ticket_not_drafted", "flow_failed", "log_failed"

_KINDS = (
    AlarmKind(
        name=ASTERISK,
        chinese="与 Asterisk 失去联系",
        advice="如仅为连接中断，通话不受影响；如 Asterisk 已重启，当时的通话已中断，请查明后安排回拨。"
        "系统会自动重连或重启；五分钟内未恢复，请联系运维人员（日志：log/asterisk）。",
        severity=Severity.CRITICAL,
        raise_after=0.3,  # the link has waited for a sign of life already; a connection that is only cut is back sooner
        clear_after=5.0,
    ),
    AlarmKind(
        name=DATABASE,
        chinese="数据库异常",
        advice="通话照常，流水暂存于 spool。请检查数据库是否运行、磁盘是否已满；恢复后自动补入，无须重启。",
        severity=Severity.CRITICAL,
        raise_after=5.0,
        clear_after=10.0,
    ),
    AlarmKind(
        name=SPEECH,
        chinese="语音识别或播报异常",
        advice="通话照常，未能实时记录的内容会依录音补记。请看“运行状况”中的说明，必要时减少同时识别的通话。",
        severity=Severity.WARNING,
        raise_after=30.0,
        clear_after=30.0,
    ),
    AlarmKind(
        name=RECORDINGS,
        chinese="录音目录无法使用",
        advice="请检查录音目录所在磁盘是否已挂载、可写；通话照常，但没有录音。",
        severity=Severity.CRITICAL,
        raise_after=5.0,
        clear_after=10.0,
    ),
    AlarmKind(
        name=EVENTS,
        chinese="对外消息推送异常",
        advice="事件在本机暂存，恢复后按顺序补发（有时限）。请检查消息代理、Webhook 接收方及网络。",
        severity=Severity.WARNING,
        raise_after=30.0,
        clear_after=10.0,
    ),
    AlarmKind(
        name=ABANDON_RATE,
        chinese="呼损率过高",
        advice="近半小时要求人工服务而未接通的比例过高。请增派话务员，或请小休人员提前就绪，并安排回拨。",
        severity=Severity.WARNING,
        raise_after=30.0,
        clear_after=120.0,
    ),
    AlarmKind(
        name=LONGEST_WAIT,
        chinese="排队时间过长",
        advice="有来电人等待过久。请增派话务员，或请处于话后整理、小休状态的话务员尽快就绪。",
        severity=Severity.CRITICAL,
        raise_after=2.0,
        clear_after=15.0,
    ),
    AlarmKind(
        name=NO_SEAT_READY,
        chinese="无坐席在岗",
        advice="没有一个坐席在岗（就绪、通话或整理）且话机在线。请立即安排话务员签入，并检查话机注册。",
        severity=Severity.CRITICAL,
        raise_after=15.0,
        clear_after=15.0,
    ),
    AlarmKind(
        name=DISK_LOW,
        chinese="录音磁盘空间不足",
        advice="请清理磁盘或迁移较早的录音；目前通话和录音正常；磁盘写满后将无法录音。",
        severity=Severity.WARNING,
        raise_after=5.0,
        clear_after=10.0,
    ),
    AlarmKind(
        name=RECORDING_FAILED,
        chinese="有通话未能录音",
        advice="请检查录音目录的磁盘空间和权限；该通话本身不受影响。",
        severity=Severity.CRITICAL,
        raise_after=0.0,  # a recording counts as failed only after six seconds without a byte
        clear_after=6.0,
    ),
    AlarmKind(
        name=NOTES_FAILED,
        chinese="通话文字记录未能补记",
        advice="请由话务员对照录音补记；反复出现时请检查识别进程。",
        severity=Severity.WARNING,
        raise_after=0.0,  # given up only after several tries
        clear_after=60.0,
    ),
    AlarmKind(
        name=TICKET_NOT_DRAFTED,
        chinese="工单草稿等待生成",
        advice="数据库恢复后会自动生成；请勿重复手工建单。",
        severity=Severity.WARNING,
        raise_after=0.0,
        clear_after=10.0,
    ),
    AlarmKind(
        name=FLOW_FAILED,
        chinese="语音导航流程中断",
        advice="来电人已转入人工排队。请用 check-flows 检查流程文件并查看日志。",
        severity=Severity.WARNING,
        raise_after=0.0,
        clear_after=60.0,
    ),
    AlarmKind(
        name=LOG_FAILED,
        chinese="日志无法写入",
        advice="通话照常，但运行日志正在丢失。请检查 log 目录所在磁盘的空间和权限；恢复后自动继续记录。",
        severity=Severity.WARNING,
        raise_after=0.0,  # a line that could not be written is lost
        clear_after=3.0,
    ),
)
ALARMS: Mapping[str, AlarmKind] = {kind.name: kind for kind in _KINDS}
"""Every alarm of the hotline, by its name."""


def kind_of(name: str) -> AlarmKind:
    """Give the alarm of this name; one that is not in the list is raised and cleared as it is told."""
    known = ALARMS.get(name)
    if known is not None:
        return known
    return AlarmKind(name=name, chinese=name, advice="", severity=Severity.WARNING, raise_after=0.0, clear_after=0.0)
