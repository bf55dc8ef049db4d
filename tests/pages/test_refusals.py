"""Whatever the hotline refuses, the desk says it in Chinese."""

import ast
import re
from pathlib import Path

import callcenter
from callcenter.domain.calls import CallState, LegState
from tests.pages.conftest import Watched

REFUSING = ("domain/exchange", "office/desk.py", "office/recalls.py", "api/call_commands.py", "domain/tickets.py")
"""Where a request of an operator's can be refused."""


def refusals() -> list[str]:
    """Every sentence with which an operator's request can be refused, with words of the domain in its blanks."""
    root = Path(callcenter.__file__).parent
    files = [path for place in REFUSING for path in ([root / place] if place.endswith(".py") else (root / place).glob("*.py"))]  # fmt: skip  # noqa: E501
    blanks = {
        "call.state": CallState.QUEUED, "leg.state": LegState.RINGING, "there.state": LegState.PRIVATE,
        "running.seat": "8001", "seat.state": "break", "phone": "", "minutes": "10", "why": " (reached)",
        "seat": "ready, and its phone is in use",
        "ticket.state": "filed", "what": "hold", "paused": "paused already", "until": "2026-11-24 13:30",
    }  # fmt: skip
    found = []
    for path in files:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "RefusedError"):
                continue
            told = node.args[0]
            parts = told.values if isinstance(told, ast.JoinedStr) else [told]
            found.append("".join(
                str(blanks[ast.unparse(part.value)]) if isinstance(part, ast.FormattedValue) else ast.literal_eval(part)
                for part in parts
            ))  # fmt: skip
    return found


async def test_every_refusal_is_known_in_chinese(tab: Watched) -> None:
    await tab.page.goto(f"{tab.base}/desk")
    sentences = refusals()
    assert len(sentences) > 25

    told = await tab.page.evaluate(
        "async (all) => { const { refusal } = await import('/screens/refusals.js'); return all.map(refusal) }",
        sentences,
    )

    unknown = [sentence for sentence, chinese in zip(sentences, told, strict=True) if chinese is None]
    assert unknown == [], "callcenter/api/static/refusals.js does not know these"
    assert [chinese for chinese in told if re.search("[A-Za-z]{2}", chinese)] == []
