"""What a flow IS: the words a caller hears and the ways his keys lead, as written in `ivr_flows/*.yaml`.

The field descriptions and examples here are also the hints in the messages of `load`.
"""

import re
from collections.abc import Collection, Iterator
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, model_validator

from callcenter.domain.prompts import Prompt
from callcenter.domain.tickets import TicketState
from callcenter.ivr.mistakes import refuse
from callcenter.ivr.opening import Opening, Weekday, parse_opening

OPERATOR_KEY = "0"
"""The key that leads to a person in every menu that does not declare otherwise."""

MOST_NODES = 200
"""Nodes in one flow; ten times the largest shipped one."""

LONGEST_TEXT = 500
"""Characters in one prompt; about two minutes of speech, and no caller listens that long."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _snake(value: str) -> str:
    if not _NAME.fullmatch(value):
        refuse(f"'{value}' is no name", "write small letters, digits and _ only, beginning with a letter")
    return value


def _key(value: str) -> str:
    if value not in tuple("0123456789*#"):
        refuse(f"'{value}' is no key of a telephone", "write one of '0' to '9', '*' or '#'")
    return value


def _spoken_text(value: str) -> str:
    text = " ".join(value.split())
    if _CONTROL.search(text):
        refuse("the text holds a control character", "take the invisible character out")
    if len(text) > LONGEST_TEXT:
        refuse(f"the text has {len(text)} characters", f"write at most {LONGEST_TEXT}, or two prompts")
    return text


def _one_or_more(value: Any) -> Any:
    match value:
        case str() | dict():
            return (value,)
        case list():
            return tuple(value)
        case _:
            return value


def _day(value: object) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        refuse(f"'{value}' is no day", "write it as 2026-10-01")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Name = Annotated[str, AfterValidator(_snake)]
NodeId = Name
Key = Annotated[str, AfterValidator(_key)]
Day = Annotated[date, PlainValidator(_day)]


class Spoken(_Strict):
    """One thing the caller hears: a text, spoken by the configured voice unless a WAV of its name is there."""

    name: Name | None = Field(None, examples=["welcome"])
    text: Annotated[str, AfterValidator(_spoken_text)] = Field("", examples=["您好"])

    @model_validator(mode="before")
    @classmethod
    def _plain_text(cls, value: Any) -> Any:
        return {"text": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _not_empty(self) -> "Spoken":
        if self.name is None and not self.text:
            refuse("a prompt has neither text nor sound", "write 'text: 您好', or 'name: ...' of a WAV in prompts/")
        return self

    @property
    def prompt(self) -> Prompt:
        """The same for the voice."""
        return Prompt(name=self.name, text=self.text)


Words = Annotated[tuple[Spoken, ...], BeforeValidator(_one_or_more)]
SomeWords = Annotated[Words, Field(min_length=1)]


class _Asking(_Strict):
    """What all nodes share that wait for a key."""

    prompts: SomeWords = Field(examples=["[您好]"])
    barge_in: bool = Field(default=True, examples=["true"], description="A key cuts the words short.")
    first_digit_seconds: float = Field(
        ge=1, le=30, examples=["5"], description="Silence after the words, in seconds, that counts as no answer."
    )
    retries: int = Field(2, ge=0, le=5, examples=["2"], description="How often the question is put again.")
    invalid: Words = Field((), examples=["[按键有误]"], description="Said before the question after a wrong key.")
    silence: Words = Field((), examples=["[没有听到按键]"], description="Said before the question after silence.")
    zero_is_operator: bool = Field(default=True, examples=["true"], description="0 leads to the operator of the flow.")
    after_retries: NodeId | None = Field(
        None, examples=["goodbye"], description="Where it goes on when the retries are used up; default: the operator."
    )


class SayNode(_Strict):
    """Says something, then goes on."""

    kind: Literal["say"]
    prompts: SomeWords = Field(examples=["[您好]"])
    tells_recording: bool = Field(
        default=False,
        examples=["true"],
        description="The words say in another language that the call is recorded.",
    )
    next: NodeId = Field(examples=["NODE"])


class MenuNode(_Asking):
    """Asks for one key; each key leads to a node."""

    kind: Literal["menu"]
    keys: dict[Key, NodeId] = Field(min_length=1, examples=["{'1': NODE}"])


class Exits(_Strict):
    """Where a looked-up ticket number leads."""

    found: NodeId = Field(examples=["NODE"], description="The caller was told how the ticket stands.")
    unknown: NodeId = Field(examples=["NODE"], description="There is no such ticket.")
    not_yours: NodeId = Field(examples=["NODE"], description="The ticket belongs to another number.")
    unavailable: NodeId | None = Field(
        None, examples=["NODE"], description="Nothing can be looked up now; default: the operator."
    )


class CollectNode(_Asking):
    """Asks for several digits, which go into the call's digits under the node's name."""

    kind: Literal["collect"]
    min_digits: int = Field(1, ge=1, le=20, examples=["14"])
    max_digits: int = Field(ge=1, le=20, examples=["14"])
    terminator: Literal["#", "*", "none"] = Field("#", examples=["'#'"])
    next_digit_seconds: float = Field(3.0, ge=1, le=10, examples=["3"])
    next: NodeId | None = Field(None, examples=["NODE"])
    lookup: Literal["ticket_progress"] | None = Field(None, examples=["ticket_progress"])
    number_lead: Words = Field((), examples=["[您查询的工单]"], description="Said before the number is read back.")
    answers: dict[TicketState, SomeWords] = Field(
        default_factory=dict, examples=["{drafted: 已登记, filed: 正在办理}"], description="What is said of each state."
    )
    exits: Exits | None = Field(None, examples=["{found: NODE, unknown: NODE, not_yours: NODE}"])

    @model_validator(mode="after")
    def _one_way_on(self) -> "CollectNode":
        if self.min_digits > self.max_digits:
            refuse(
                f"min_digits {self.min_digits} is more than max_digits {self.max_digits}", "write a smaller min_digits"
            )
        if self.lookup is None:
            if self.exits is not None or self.answers or self.number_lead:
                refuse(
                    "exits, answers and number_lead belong to a lookup",
                    "write 'lookup: ticket_progress' or take them out",
                )
            if self.next is None:
                refuse("nothing follows the digits", "write 'next: NODE', or 'lookup: ticket_progress' with its exits")
            return self
        if self.next is not None:
            refuse("a lookup goes on by its exits, not by 'next'", "take 'next' out")
        if self.exits is None:
            refuse("the lookup has no exits", "write 'exits: {found: NODE, unknown: NODE, not_yours: NODE}'")
        if missing := [state.value for state in TicketState if state not in self.answers]:
            refuse(
                f"nothing is said of tickets that are {' or '.join(missing)}",
                f"write 'answers: {{{missing[0]}: 已登记}}'",
            )
        return self


def _refuse_two_rules(holidays: Collection[date], make_up_workdays: Collection[date]) -> None:
    if both := sorted(set(holidays) & set(make_up_workdays)):
        refuse(f"{both[0]} is both a holiday and a make-up workday", "keep one of them")


class HoursNode(_Strict):
    """Branches by opening hours, holidays and make-up workdays, in the hotline's time zone."""

    kind: Literal["hours"]
    weekly: dict[Weekday, tuple[Annotated[Opening, PlainValidator(parse_opening)], ...]] = Field(
        min_length=1, examples=["{monday: ['08:30-12:00', '13:30-17:30']}"]
    )
    calendar: Name | None = Field(None, examples=["china_2026"], description="A file in ivr_flows/calendars/.")
    holidays: tuple[Day, ...] = Field((), examples=["[2026-10-01]"])
    make_up_workdays: dict[Day, Weekday] = Field(default_factory=dict, examples=["{2026-10-10: friday}"])
    open: NodeId = Field(examples=["NODE"])
    closed: NodeId = Field(examples=["NODE"])

    @model_validator(mode="after")
    def _one_rule_for_each_day(self) -> "HoursNode":
        _refuse_two_rules(self.holidays, self.make_up_workdays)
        return self


class QueueNode(_Strict):
    """The caller asks for a person; the flow ends here."""

    kind: Literal["queue"]
    queue: Name = Field(examples=["hotline"])


class InfoNode(_Strict):
    """Plays a text that can be heard again, then goes on."""

    kind: Literal["info"]
    prompts: SomeWords = Field(examples=["[您好]"])
    ask: Words = Field((), examples=["[重听请按1]"], description="Names the keys; without it nothing is asked.")
    again_key: Key = Field("1", examples=["'1'"])
    again_at_most: int = Field(3, ge=1, le=9, examples=["3"])
    first_digit_seconds: float = Field(5.0, ge=1, le=30, examples=["5"])
    barge_in: bool = Field(default=True, examples=["true"])
    zero_is_operator: bool = Field(default=True, examples=["true"])
    next: NodeId = Field(examples=["NODE"])

    @model_validator(mode="after")
    def _one_meaning_for_each_key(self) -> "InfoNode":
        if self.again_key == OPERATOR_KEY and self.zero_is_operator:
            refuse("key 0 would mean both the operator and hearing it again", "write 'again_key: \"1\"'")
        return self


class HangUpNode(_Strict):
    """Says good-bye and hangs up; the flow ends here."""

    kind: Literal["hang_up"]
    prompts: Words = Field((), examples=["[感谢来电，再见。]"])


Node = SayNode | MenuNode | CollectNode | HoursNode | QueueNode | InfoNode | HangUpNode
WAY_FIELDS = ("next", "after_retries", "open", "closed")
"""Fields of a node that name another node; `keys` and `exits` hold more of them."""

NODE_KINDS: dict[str, type[BaseModel]] = {
    "say": SayNode,
    "menu": MenuNode,
    "collect": CollectNode,
    "hours": HoursNode,
    "queue": QueueNode,
    "info": InfoNode,
    "hang_up": HangUpNode,
}


class Flow(_Strict):
    """One flow, as a call runs it. A call keeps the flow it began with."""

    name: Name = Field(examples=["direct"])
    description: str = Field(min_length=1, examples=["..."])
    start: NodeId = Field(examples=["NODE"])
    operator: NodeId = Field(
        examples=["NODE"], description="The queue node where 0 leads, and where a call goes when the flow fails."
    )
    nodes: dict[NodeId, Annotated[Node, Field(discriminator="kind")]] = Field(min_length=1, max_length=MOST_NODES)


class Calendar(_Strict):
    """Holidays and make-up workdays that several flows share: `ivr_flows/calendars/NAME.yaml`."""

    description: str = Field(min_length=1, examples=["..."])
    holidays: tuple[Day, ...] = Field((), examples=["[2026-10-01]"])
    make_up_workdays: dict[Day, Weekday] = Field(default_factory=dict, examples=["{2026-10-10: friday}"])

    @model_validator(mode="after")
    def _one_rule_for_each_day(self) -> "Calendar":
        _refuse_two_rules(self.holidays, self.make_up_workdays)
        return self


_MODELS: tuple[type[BaseModel], ...] = (Flow, Calendar, Spoken, Exits, *NODE_KINDS.values())
FIELDS = frozenset(name for model in _MODELS for name in model.model_fields)
"""Every name that may stand before a colon in a flow, but for names of nodes."""


def ways_out(node: Node) -> Iterator[tuple[tuple[str, ...], str]]:
    """Give each way on that a node declares: where it is written below the node, and the node it leads to."""
    match node:
        case SayNode() | InfoNode():
            yield ("next",), node.next
        case MenuNode():
            for key, target in node.keys.items():
                yield ("keys", key), target
        case CollectNode():
            if node.next is not None:
                yield ("next",), node.next
            if node.exits is not None:
                for name, target in node.exits:
                    if target is not None:
                        yield ("exits", name), target
        case HoursNode():
            yield ("open",), node.open
            yield ("closed",), node.closed
        case _:
            pass
    if isinstance(node, MenuNode | CollectNode) and node.after_retries is not None:
        yield ("after_retries",), node.after_retries


def words_of(node: Node) -> Iterator[tuple[tuple[str | int, ...], Spoken]]:
    """Give each prompt of a node with the place below the node where it is written."""
    for name in ("prompts", "invalid", "silence", "ask", "number_lead"):
        for number, spoken in enumerate(getattr(node, name, ())):
            yield (name, number), spoken
    if isinstance(node, CollectNode):
        for state, words in node.answers.items():
            for number, spoken in enumerate(words):
                yield ("answers", state.value, number), spoken
