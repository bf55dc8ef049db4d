"""The page of conformance is what the rows and the marks say, and nothing is marked that does not exist."""

from pathlib import Path

import pytest

from scripts.conformance import HEADINGS, PAGE, ConformanceError, conformance

MARK = "@pytest.mark." + 'article("{id}")\ndef test_rings() -> None: ...\n'  # fmt: skip
ROW = "| XX-1 | Answer. | call | A call. |".replace("XX", "TN")


def write(folder: Path, *, mark: str = "", rows: str = ROW, headings: tuple[str, ...] = HEADINGS) -> str:
    (folder / "docs").mkdir()
    (folder / "tests").mkdir()
    lines = ["# Tianning", *(f"## {heading}\n" for heading in headings)]
    lines.insert(2, rows)
    (folder / "docs" / "a.md").write_text("\n".join([*lines, "| TN-2 | people | Manners. |"]), encoding="utf-8")
    (folder / "tests" / "test_a.py").write_text(mark, encoding="utf-8")
    return conformance(folder / "docs", folder / "tests")


def test_the_committed_page_is_not_stale() -> None:
    assert PAGE.read_text(encoding="utf-8") == conformance()


def test_a_marked_test_is_evidence_and_a_row_without_one_is_not_shown(tmp_path: Path) -> None:
    page = write(tmp_path, mark=MARK.format(id="TN-1"), rows=ROW + "\n| TN-3 | Record. | call | A file. |")

    assert "| TN-1 | Answer. | `tests/test_a.py::test_rings` | evidence |" in page
    assert "| TN-3 | Record. |  | not shown |" in page
    assert "| TN-2 | Manners. |  | not software |" in page


@pytest.mark.parametrize(
    ("mark", "rows", "headings", "words"),
    [
        (MARK.format(id="TN-9"), ROW, HEADINGS, "TN-9 is no requirement"),
        (MARK.format(id="TN-2"), ROW, HEADINGS, "TN-2 is not software"),
        ("", f"{ROW}\n{ROW}", HEADINGS, "TN-1 stands twice"),
        ("", ROW, HEADINGS[1:], "headings must be"),
        ("", "| Answer. | call |", HEADINGS, "begins with an ID"),
        ("x = pytest.mark." + 'article("TN-1")', ROW, HEADINGS, "must stand on a test"),
        (MARK.format(id="TN-1").replace('"TN-1"', "NAME"), ROW, HEADINGS, "written out"),
    ],
)
def test_what_does_not_fit_is_named(
    tmp_path: Path, mark: str, rows: str, headings: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ConformanceError, match=words):
        write(tmp_path, mark=mark, rows=rows, headings=headings)
