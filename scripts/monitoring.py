"""The files for a site's own Prometheus and Grafana: alert rules equal to our alarms, and a dashboard of the metrics.

`scripts/generate` writes them; tests hold every metric they name against a real scrape.
"""

import io
import json
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML

from callcenter.domain.alarms import ALARMS

Json = dict[str, Any]

_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_WIDTH = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel; `lines` are expressions with their legends, `wide` of 24 columns."""

    title: str
    lines: tuple[tuple[str, str], ...]
    kind: str = "timeseries"
    unit: str = "short"
    wide: int = 8
    high: int = 7
    bounds: tuple[tuple[str, float], ...] = field(default=())
    """Colours from these values on; green before the first."""


def _quantile(metric: str, share: float, by: str = "") -> str:
    more = f", {by}" if by else ""
    return f"histogram_quantile({share:g}, sum by (le{more}) (rate(callcenter_{metric}_bucket[5m])))"


_ROWS: tuple[tuple[str, tuple[Panel, ...]], ...] = (
    (
        "现在 · Now",
        (
            Panel(title="告警 · Alarms", kind="table", wide=8, lines=(("callcenter_alarm == 1", "{{alarm}}"),)),
            Panel(
                title="排队人数 · Waiting",
                kind="stat",
                wide=4,
                lines=(("sum by (queue) (callcenter_waiting)", "{{queue}}"),),
                bounds=(("orange", 3), ("red", 10)),
            ),
            Panel(
                title="当前最长等待 · Longest wait",
                kind="stat",
                unit="s",
                wide=4,
                lines=(("max by (queue) (callcenter_longest_wait_seconds)", "{{queue}}"),),
                bounds=(("orange", 15), ("red", 60)),
            ),
            Panel(
                title="近半小时呼损率 · Lost, last half-hour",
                kind="stat",
                unit="percentunit",
                wide=4,
                lines=(("sum(callcenter_lost_lately) / (sum(callcenter_asked_lately) > 0)", "3a"),),
                bounds=(("orange", 0.03), ("red", 0.05)),
            ),
            Panel(
                title="部件 · Components",
                kind="table",
                wide=4,
                lines=(('callcenter_component{status=~"degraded|down"} == 1', "{{component}} {{status}}"),),
            ),
        ),
    ),
    (
        "来电 · Calls",
        (
            Panel(
                title="来电（每分钟） · Arrivals a minute",
                lines=(("60 * sum by (direction) (rate(callcenter_calls_arrived_total[5m]))", "{{direction}}"),),
            ),
            Panel(
                title="通话结果（每分钟） · Outcomes a minute",
                lines=(("60 * sum by (outcome) (rate(callcenter_calls_ended_total[5m]))", "{{outcome}}"),),
            ),
            Panel(
                title="进行中的通话 · Calls in progress",
                lines=(
                    ("sum by (state) (callcenter_calls_live)", "{{state}}"),
                    ("sum by (direction) (callcenter_trunk_lines)", "中继 {{direction}}"),
                ),
            ),
            Panel(
                title="等待时长 · Wait",
                unit="s",
                lines=(
                    (_quantile("wait_seconds", 0.5, "end"), "p50 {{end}}"),
                    (_quantile("wait_seconds", 0.9, "end"), "p90 {{end}}"),
                ),
            ),
            Panel(
                title="首次播报 · First voice",
                unit="s",
                lines=(
                    (_quantile("first_voice_seconds", 0.5), "p50"),
                    (_quantile("first_voice_seconds", 0.95), "p95"),
                ),
            ),
            Panel(
                title="派话结果（每分钟） · Offers a minute",
                lines=(("60 * sum by (result) (rate(callcenter_offers_total[5m]))", "{{result}}"),),
            ),
        ),
    ),
    (
        "坐席 · Seats",
        (
            Panel(title="坐席状态 · Seats by state", lines=(("sum by (state) (callcenter_seats)", "{{state}}"),)),
            Panel(title="可派话坐席 · Seats free", lines=(("sum by (queue) (callcenter_seats_free)", "{{queue}}"),)),
            Panel(title="话机 · Phones", lines=(("sum by (phone) (callcenter_phones)", "{{phone}}"),)),
        ),
    ),
    (
        "系统 · The system",
        (
            Panel(
                title="事件循环停顿 · Stalls of the loop",
                unit="s",
                lines=(
                    (_quantile("loop_stall_seconds", 0.5), "p50"),
                    (_quantile("loop_stall_seconds", 0.99), "p99"),
                ),
                bounds=(("red", 0.05),),
            ),
            Panel(
                title="Asterisk 事件（每秒） · Events of Asterisk a second",
                lines=(
                    ("sum(rate(callcenter_telephony_events_total[5m]))", "events"),
                    ("sum(rate(callcenter_telephony_failures_total[5m]))", "failures"),
                ),
            ),
            Panel(
                title="流水积压 · Journal backlog",
                lines=(
                    ("sum(callcenter_journal_waiting)", "memory"),
                    ("sum(callcenter_journal_spooled)", "spool"),
                    ("sum(rate(callcenter_facts_total[5m]))", "facts a second"),
                    ("sum(increase(callcenter_journal_lost_total[1h]))", "lost in an hour"),
                ),
            ),
            Panel(
                title="对外推送积压 · Waiting to be told outside",
                lines=(
                    ("sum by (receiver) (callcenter_outside_waiting)", "{{receiver}}"),
                    ("sum by (receiver) (increase(callcenter_outside_dropped_total[1h]))", "{{receiver}} dropped"),
                ),
            ),
            Panel(
                title="语音识别 · Speech",
                lines=(
                    ("sum(callcenter_voices_heard)", "heard live"),
                    ("sum(callcenter_voices_not_live)", "not live"),
                    ("sum(callcenter_calls_to_note)", "calls to note"),
                    ("sum(increase(callcenter_speech_restarts_total[1h]))", "restarts in an hour"),
                ),
            ),
            Panel(
                title="事件流 · Event stream",
                lines=(
                    ("sum(callcenter_watchers)", "watchers"),
                    ("sum(rate(callcenter_stream_seq[5m]))", "events a second"),
                    ("sum(rate(callcenter_journal_seq[5m]))", "entries a second"),
                ),
            ),
            Panel(
                title="内存 · Memory",
                unit="bytes",
                lines=(('process_resident_memory_bytes{job="hotline"}', "{{instance}}"),),
            ),
            Panel(
                title="文件描述符 · Descriptors",
                lines=(
                    ('process_open_fds{job="hotline"}', "open {{instance}}"),
                    ('process_max_fds{job="hotline"}', "limit {{instance}}"),
                ),
            ),
            Panel(
                title="告警次数与日志 · Alarms raised, log lines lost",
                lines=(
                    ("sum by (alarm) (increase(callcenter_alarms_raised_total[1h]))", "{{alarm}}"),
                    ("sum(increase(callcenter_log_lines_lost_total[1h]))", "log lines lost"),
                    ("count by (version) (callcenter_build_info)", "version {{version}}"),
                ),
            ),
        ),
    ),
)


def dashboard() -> str:
    """Give the dashboard, as Grafana imports it: the datasource is chosen from a list, nothing has to be edited."""
    panels: list[Json] = []
    y = 0
    for title, row in _ROWS:
        headline = {"type": "row", "title": title, "collapsed": False, "panels": []}
        panels.append(_placed(headline, panels, at=(0, y), wide=_WIDTH, high=1))
        x, y = 0, y + 1
        for panel in row:
            if x + panel.wide > _WIDTH:
                x, y = 0, y + panel.high
            panels.append(_placed(_panel(panel), panels, at=(x, y), wide=panel.wide, high=panel.high))
            x += panel.wide
        y += row[-1].high
    document = {
        "uid": "callcenter-hotline",
        "title": "政务服务热线 · Hotline",
        "tags": ["callcenter"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": []},
        "links": [],
        "templating": {
            "list": [
                {
                    "name": "datasource",
                    "label": "Prometheus",
                    "type": "datasource",
                    "query": "prometheus",
                    "current": {},
                    "hide": 0,
                    "refresh": 1,
                    "regex": "",
                    "multi": False,
                    "includeAll": False,
                    "options": [],
                }
            ]
        },
        "panels": panels,
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _placed(panel: Json, before: list[Json], *, at: tuple[int, int], wide: int, high: int) -> Json:
    return {"id": len(before) + 1, **panel, "gridPos": {"x": at[0], "y": at[1], "w": wide, "h": high}}


def _panel(panel: Panel) -> Json:
    table = panel.kind == "table"
    steps = [{"color": "green", "value": None}, *({"color": color, "value": at} for color, at in panel.bounds)]
    return {
        "type": panel.kind,
        "title": panel.title,
        "datasource": _SOURCE,
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": _SOURCE,
                "expr": expression,
                "legendFormat": legend,
                "instant": panel.kind != "timeseries",
                "range": panel.kind == "timeseries",
                "format": "table" if table else "time_series",
            }
            for index, (expression, legend) in enumerate(panel.lines)
        ],
        "fieldConfig": {
            "defaults": {"unit": panel.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}},
            "overrides": [],
        },
        "options": {},
    }


def alerts() -> str:
    """Give Prometheus' alert rules: one for each alarm of the hotline, and one for a hotline that says nothing."""
    rules: list[Json] = [
        {
            "alert": "HotlineAway",
            "expr": 'up{job="hotline"} == 0',
            "for": "30s",
            "labels": {"severity": "critical"},
            "annotations": {
                "summary": "热线系统没有应答",
                "description": "如仅调度进程中断，通话不受影响；如主机停机或断网，热线已中断。"
                "请立即检查主机、网络和 callcenter 服务。",
            },
        }
    ]
    rules += [
        {
            "alert": "Hotline" + "".join(word.capitalize() for word in kind.name.split("_")),
            "expr": f'callcenter_alarm{{alarm="{kind.name}"}} == 1',
            "labels": {"severity": kind.severity.value, "alarm": kind.name},
            "annotations": {"summary": kind.chinese, "description": kind.advice},
        }
        for kind in ALARMS.values()
    ]
    yaml = YAML()
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    text = io.StringIO()
    text.write(
        "# Written by scripts/generate from callcenter/domain/alarms.py; levels and holding times are the hotline's.\n"
    )
    yaml.dump({"groups": [{"name": "hotline", "rules": rules}]}, text)
    return text.getvalue()
