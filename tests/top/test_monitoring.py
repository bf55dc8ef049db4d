"""The files for Prometheus and Grafana: every metric they name is there, and they say what the alarms say."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from callcenter.api.metrics import Metrics
from callcenter.domain.alarms import ALARMS
from tests.api.test_metrics import NOW
from tests.support.office_fakes import an_office

DOCS = Path(__file__).resolve().parents[2] / "docs"
_OF_PROMQL = {
    *("sum", "by", "rate", "increase", "max", "count", "histogram_quantile"),
    *("le", "up"),  # a label; and what Prometheus itself says of each target
}
_TEXT = re.compile(r'"[^"]*"|\{\{[^}]*\}\}')
_LABELS = re.compile(r"\{[^}]*\}|\bby \([^)]*\)")
_DURATION = re.compile(r"\[\d+[smh]\]")
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


@pytest.fixture(scope="module")
def scrape() -> tuple[set[str], set[str]]:
    """What a hotline with one call behind it tells: names of samples, and of families."""
    office = an_office()
    metrics = Metrics(office.switchboard.exchange, office.stream, machinery=lambda: NOW, version="1", node="node1")
    office.switchboard.when_noted(metrics.noted)
    office.a_caller_waits()
    office.the_seat_answers()
    office.the_caller_hangs_up()
    families = list(text_string_to_metric_families(metrics.written().decode()))
    samples = {sample.name for family in families for sample in family.samples}
    return samples, {sample for sample in samples if sample.startswith("callcenter_")}


def names(expression: str) -> set[str]:
    """The metrics of a PromQL expression."""
    bare = _DURATION.sub("", _LABELS.sub("", _TEXT.sub("", expression)))
    return set(_NAME.findall(bare)) - _OF_PROMQL


def expressions() -> list[str]:
    dashboard = json.loads((DOCS / "grafana/hotline.json").read_text("utf-8"))
    panels = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    return panels + [rule["expr"] for rule in rules()]


def rules() -> list[dict[str, Any]]:
    (group,) = YAML(typ="safe").load((DOCS / "grafana/alerts.yml").read_text("utf-8"))["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def test_the_metrics_of_an_expression_are_found() -> None:
    assert names('sum by (queue) (rate(callcenter_x_total{job="hotline"}[5m])) / callcenter_y > 0') == {
        "callcenter_x_total",
        "callcenter_y",
    }


@pytest.mark.parametrize("expression", expressions())
def test_every_expression_asks_for_metrics_that_are_there(expression: str, scrape: tuple[set[str], set[str]]) -> None:
    samples, _ = scrape
    wanted = names(expression)

    assert wanted or expression.startswith("up{")
    assert wanted <= samples
    for opening, closing in ("()", "{}", "[]"):
        assert expression.count(opening) == expression.count(closing)


def test_every_metric_is_shown_on_the_dashboard_and_told_on_the_page(scrape: tuple[set[str], set[str]]) -> None:
    _, ours = scrape
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in ours}
    page = (DOCS / "monitoring.md").read_text("utf-8")
    shown = {re.sub(r"_bucket$", "", name) for expression in expressions() for name in names(expression)}

    assert {name for name in families if f"`{name}`" not in page} == set()
    assert families - shown == set()


def test_the_dashboard_loads_without_edits() -> None:
    dashboard = json.loads((DOCS / "grafana/hotline.json").read_text("utf-8"))
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]

    assert (dashboard["uid"], dashboard["schemaVersion"] >= 36) == ("callcenter-hotline", True)
    assert "__inputs" not in dashboard
    (variable,) = dashboard["templating"]["list"]
    assert (variable["type"], variable["query"]) == ("datasource", "prometheus")
    sources = {json.dumps(each["datasource"]) for panel in panels for each in (panel, *panel["targets"])}
    assert sources == {json.dumps({"type": "prometheus", "uid": f"${{{variable['name']}}}"})}
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, f"{panel['title']} lies over another"
        taken |= cells


def test_there_is_a_rule_for_each_alarm_which_says_the_same() -> None:
    ours = {rule["labels"]["alarm"]: rule for rule in rules() if "alarm" in rule["labels"]}
    page = (DOCS / "monitoring.md").read_text("utf-8")

    assert set(ours) == set(ALARMS)
    for name, kind in ALARMS.items():
        rule = ours[name]
        assert rule["expr"] == f'callcenter_alarm{{alarm="{name}"}} == 1'
        assert rule["labels"]["severity"] == kind.severity
        assert rule["annotations"] == {"summary": kind.chinese, "description": kind.advice}
        assert f"| `{name}` | {kind.chinese} | {kind.severity} |" in page
