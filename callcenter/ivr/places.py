"""YAML 1.2 read with the line of every key, so that each mistake can name its place."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from callcenter.ivr.mistakes import Mistake

Path = tuple[str | int, ...]
"""The way from the top of a file to one value: keys and numbers of list items."""

_TAG = "tag:yaml.org,2002:"
_CHINESE_COLON = re.compile(r"\s*(?:- )?([a-z_]+)：")
_HIDDEN_BY_COMMENT = re.compile(r"[ \t]+(#[^\s#]\S*)")


@dataclass(frozen=True, slots=True)
class Lines:
    """Where each value of a file stands."""

    of: dict[Path, int]

    def at(self, path: Path) -> int:
        """Give the line of this value, or of the nearest thing around it that the file holds; first line is 1."""
        for length in range(len(path), -1, -1):
            if (line := self.of.get(path[:length])) is not None:
                return line
        return 1


@dataclass(slots=True)
class Sheet:
    """What one YAML file holds, in plain values, with places and the mistakes of writing."""

    file: str
    data: Any = None
    lines: Lines = field(default_factory=lambda: Lines({}))
    mistakes: list[Mistake] = field(default_factory=list)

    def mistake(self, line: int, wrong: str, instead: str) -> None:
        """Note one mistake."""
        self.mistakes.append(Mistake(self.file, line, wrong, instead))


def read_sheet(file: str, raw: bytes, *, fields: Collection[str] = ()) -> Sheet:
    """Read one YAML document; keys are always words, dates stay as written. Never raises for bad input.

    `fields` are the names that only stand before a colon; one before a Chinese colon is told as a mistake.
    """
    sheet = Sheet(file)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        sheet.mistake(raw[: error.start].count(b"\n") + 1, "this is not UTF-8 text", "save the file as UTF-8")
        return sheet
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("%"):
            sheet.mistake(number, "directives such as %YAML are not used in flows", "take the line out")
            return sheet
        if (found := _CHINESE_COLON.match(line)) and found[1] in fields:
            sheet.mistake(number, f"a Chinese colon stands behind '{found[1]}'", f"write '{found[1]}: '")
    try:
        top = YAML(typ="rt", pure=True).compose(text)
    except YAMLError as error:
        _explain_syntax(sheet, text, error)
        return sheet
    except RecursionError:
        sheet.mistake(1, "the file is nested too deep to be read", "use the nesting shown in ivr_flows/README.md")
        return sheet
    if top is None:
        sheet.mistake(1, "the file is empty", "write a flow as shown in ivr_flows/README.md")
        return sheet
    sheet.data = _Reading(sheet, text).plain(top, ())
    return sheet


def _explain_syntax(sheet: Sheet, text: str, error: YAMLError) -> None:
    instead = "check the indent, the quotes and the colons of this line and the one before it"
    if isinstance(error, ReaderError):
        line = text[: error.position].count("\n") + 1
        sheet.mistake(line, "there is a character that YAML does not allow", "take the invisible character out")
        return
    line, problem = 1, "this is not YAML"
    if isinstance(error, MarkedYAMLError):
        mark = error.context_mark if error.context == "while scanning a quoted scalar" else error.problem_mark
        if mark is not None:
            line = mark.line + 1
        problem = (error.problem or error.context or problem).strip()
        if "alias" in f"{error.context} {problem}":
            problem, instead = "a * without quotes means something else in YAML", "write the key in quotes: '*'"
        elif "'\\t'" in problem:
            problem, instead = "the line is indented with a tab", "indent with two spaces for each step"
        elif "another document" in problem:
            problem, instead = "the file holds a second document after ---", "keep one flow in one file"
        elif error.context == "while scanning a quoted scalar":
            problem, instead = "a quote is opened here and never closed", "close it, or write the text without quotes"
        elif problem == "mapping values are not allowed here":
            problem, instead = "there is a second colon in this line", "put the text in quotes"
    sheet.mistake(line, f"the file cannot be read as YAML: {problem}", instead)


class _Reading:
    """One way through the nodes of a YAML document."""

    def __init__(self, sheet: Sheet, text: str) -> None:
        self._sheet = sheet
        self._text = text
        self._seen: set[int] = set()

    def plain(self, node: Node, path: Path) -> Any:
        line = node.start_mark.line + 1
        self._sheet.lines.of.setdefault(path, line)
        if node.anchor is not None:
            # One mistake for the anchor and all its aliases: they are the same node object.
            if id(node) not in self._seen:
                self._seen.add(id(node))
                self._sheet.mistake(
                    line, "anchors and aliases (& and *) are not used in flows", "write the value out in each place"
                )
            else:
                return None
        match node:
            case MappingNode():
                self._refuse_tag(node, "map", line)
                return self._mapping(node, path)
            case SequenceNode():
                self._refuse_tag(node, "seq", line)
                return [self.plain(item, (*path, number)) for number, item in enumerate(node.value)]
            case ScalarNode():
                return self._scalar(node, line)
        return None

    def _refuse_tag(self, node: Node, plain: str, line: int) -> None:
        if (tag := str(node.tag)) != _TAG + plain:
            self._sheet.mistake(line, f"the mark {tag} is not used in flows", "take it out")

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                self._sheet.mistake(line, "a list or mapping stands where a name should be", "write one word as name")
                continue
            key = str(key_node.value)
            where = (*path, key)
            if key in found:
                first = self._sheet.lines.of[where]
                self._sheet.mistake(line, f"'{key}' is written twice, first in line {first}", "keep one of them")
                continue
            self._sheet.lines.of[where] = line
            found[key] = self.plain(value_node, where)
        return found

    def _scalar(self, node: ScalarNode, line: int) -> Any:
        text = str(node.value)
        if not node.style and (hidden := _HIDDEN_BY_COMMENT.match(self._text, node.end_mark.index)):
            # `text: press the #key` with a blank before the # is cut off by YAML without a word.
            self._sheet.mistake(
                node.end_mark.line + 1,
                f"'{hidden[1]}' is hidden: a # behind a blank begins a comment",
                "put the whole text in quotes, or write a blank behind the # of a comment",
            )
        match str(node.tag).removeprefix(_TAG):
            case "str" | "timestamp":
                return text
            case "int":
                return _whole_number(text)
            case "float":
                number = float(text.replace("_", "")) if text.lstrip("+-")[:2] not in (".i", ".n", ".I", ".N") else None
                return text if number is None else number
            case "bool":
                return text.lower() == "true"
            case "null":
                return None
            case tag:
                self._sheet.mistake(line, f"the mark {tag} is not used in flows", "take it out")
                return text


def _whole_number(text: str) -> int | str:
    for base in (10, 0):
        try:
            return int(text.replace("_", ""), base)
        except ValueError:
            continue
    return text
