"""Flow files that tests write, whole or spoilt."""

from pathlib import Path

from callcenter.ivr.check import check_flows

WHOLE = """\
name: flow
description: 测试
start: welcome
operator: person
nodes:
  welcome: {kind: say, prompts: 通话将会录音, next: choose}
  choose: {kind: menu, prompts: 咨询请按1, first_digit_seconds: 5, keys: {1: person}, after_retries: bye}
  bye: {kind: hang_up, prompts: 再见}
  person: {kind: queue, queue: hotline}
"""
"""A flow without a mistake; the tests below spoil it. Its nodes stand in the lines 6 to 9."""


def told(tmp_path: Path, text: str | bytes, **files: str) -> list[str]:
    """Give what is told of this flow, without the folder's name."""
    (tmp_path / "flow.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    for name, words in files.items():
        (tmp_path / "calendars").mkdir(exist_ok=True)
        (tmp_path / "calendars" / f"{name}.yaml").write_text(words, encoding="utf-8")
    return [str(mistake).removeprefix(f"{tmp_path}/") for mistake in check_flows(tmp_path, queues={"hotline"})]


def spoilt(tmp_path: Path, right: str, wrong: str) -> list[str]:
    """Give what is told of the whole flow when one piece of it is written otherwise."""
    assert WHOLE.count(right) == 1
    return told(tmp_path, WHOLE.replace(right, wrong))


def with_node(tmp_path: Path, node: str, **files: str) -> list[str]:
    """Give what is told of the whole flow when key 2 leads to this node, which stands in line 10."""
    return told(tmp_path, WHOLE.replace("{1: person}", "{1: person, 2: more}") + f"  more: {{{node}}}\n", **files)
