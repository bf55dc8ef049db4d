"""The page that teaches how to write a flow says what is true."""

import re
import shutil
from pathlib import Path

import pytest

from callcenter.ivr.check import check_flows
from callcenter.ivr.flow import NODE_KINDS, Exits, Flow, MenuNode, Spoken
from callcenter.ivr.patience import LONGEST_UNCUT_SECONDS

FLOWS = Path(__file__).parents[2] / "ivr_flows"
PAGE = (FLOWS / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """Give the words under a heading, up to the next one."""
    return re.split(r"^#+ ", PAGE.split(f"# {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def fields_told(title: str) -> set[str]:
    return set(re.findall(r"^\| `(\w+)` \|", section(title), flags=re.MULTILINE))


def test_the_example_has_no_mistake(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    (tmp_path / "city.yaml").write_text(example, encoding="utf-8")
    shutil.copytree(FLOWS / "calendars", tmp_path / "calendars")

    assert check_flows(tmp_path, queues={"hotline"}) == []


@pytest.mark.parametrize("kind", sorted(NODE_KINDS))
def test_every_field_of_every_node_is_told_and_no_other(kind: str) -> None:
    fields = set(NODE_KINDS[kind].model_fields) - {"kind"}
    if kind == "collect":
        fields -= set(MenuNode.model_fields) - {"kind"}

    assert fields_told(kind) == fields


def test_every_field_of_flows_and_prompts_is_told() -> None:
    assert fields_told("The flow itself") == set(Flow.model_fields)
    assert fields_told("Prompts") == set(Spoken.model_fields)
    assert all(f"`{name}`" in section("collect") for name in Exits.model_fields)


def test_every_file_of_the_folder_is_told() -> None:
    told = set(re.findall(r"^\| `([\w./]+)` \|", PAGE.split("## Change", 1)[0], flags=re.MULTILINE))

    assert {path.name for path in FLOWS.glob("*.yaml")} <= told


def test_the_limit_of_patience_is_the_one_in_force() -> None:
    assert f"more than {LONGEST_UNCUT_SECONDS:.0f} s of words" in PAGE
