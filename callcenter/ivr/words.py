"""What the caller hears: prompts without words, keys that do nothing, a recording not told, patience tried."""

import re
from collections.abc import Collection, Iterator

from callcenter.ivr.flow import (
    OPERATOR_KEY,
    CollectNode,
    HangUpNode,
    HoursNode,
    InfoNode,
    MenuNode,
    Node,
    SayNode,
    Spoken,
    ways_out,
    words_of,
)
from callcenter.ivr.load import Draft, Loaded
from callcenter.ivr.mistakes import listed
from callcenter.ivr.patience import LONGEST_UNCUT_SECONDS, speech_seconds
from callcenter.ivr.ways import without_a_key

_TELLS_RECORDING = "录音"
_KEY_IN_TEXT = re.compile(r"按下?\s*(?:([0-9])(?![0-9])|([零一二三四五六七八九])(?=键|[，。；、！]|$)|(星号|井号))")
_KEY_WORDS = dict(zip("零一二三四五六七八九", "0123456789", strict=True)) | {"星号": "*", "井号": "#"}


def check_prompts(loaded: Loaded, draft: Draft, *, sounds: Collection[str], said: dict[str, tuple[str, str]]) -> None:
    """Find prompts that are silent, that have other words elsewhere, or that name a key which does nothing.

    `sounds` are the names of recorded WAVs; `said` holds the words of each name with the place they were first
    seen, and grows.
    """
    for node_id, node in draft.nodes.items():
        for below, spoken in words_of(node):
            place = ("nodes", node_id, *below)
            if spoken.name is None:
                continue
            if not spoken.text:
                if spoken.name not in sounds:
                    loaded.mistake(
                        place,
                        f"prompt '{spoken.name}' has neither text nor sound",
                        f"write 'text: ...' beside it, or record prompts/{spoken.name}.wav",
                    )
                continue
            text, where = said.setdefault(spoken.name, (spoken.text, f"line {loaded.lines.at(place)} of {loaded.file}"))
            if text != spoken.text:
                loaded.mistake(
                    place,
                    f"prompt '{spoken.name}' has other words in {where}",
                    "write the same words, or give this prompt a name of its own",
                )
        for field, keys in _keys_by_words(node):
            for number, spoken in enumerate(getattr(node, field)):
                for key in sorted(_named_keys(spoken) - keys):
                    loaded.mistake(
                        ("nodes", node_id, field, number),
                        f"node '{node_id}': the words name key {key}, which leads nowhere",
                        f"add '{key}' to the keys, or name one of {listed(sorted(keys))}",
                    )


def _keys_by_words(node: Node) -> Iterator[tuple[str, set[str]]]:
    """Give the fields whose words may name keys, with the keys that do something there."""
    match node:
        case MenuNode():
            keys = set(node.keys) | ({OPERATOR_KEY} if node.zero_is_operator else set())
            yield from ((field, keys) for field in ("prompts", "invalid", "silence"))
        case _:
            return


def _named_keys(spoken: Spoken) -> set[str]:
    return {digit or _KEY_WORDS[word or sign] for digit, word, sign in _KEY_IN_TEXT.findall(spoken.text)}


def check_recording_is_told(loaded: Loaded, draft: Draft) -> None:
    """Find the first node to which a caller comes who was not told that the call is recorded."""
    coming, seen = [draft.start or ""], set[str]()
    while coming:
        node_id = coming.pop()
        node = draft.nodes.get(node_id)
        if node is None or node_id in seen or tells_recording(node):
            continue
        seen.add(node_id)
        if isinstance(node, SayNode | HoursNode):
            coming += sorted(without_a_key(node, draft))
            continue
        loaded.mistake(
            ("nodes", node_id),
            f"a caller comes to node '{node_id}' without having been told that the call is recorded",
            f"lead 'start' to a say node whose text has the word {_TELLS_RECORDING}, and that node to '{node_id}'",
        )


def tells_recording(node: Node) -> bool:
    """Tell whether this node says it in words that the caller cannot cut short."""
    match node:
        case SayNode():
            return node.tells_recording or any(_TELLS_RECORDING in spoken.text for spoken in node.prompts)
        case HangUpNode():
            return any(_TELLS_RECORDING in spoken.text for spoken in node.prompts)
        case MenuNode() | CollectNode() | InfoNode():
            return not node.barge_in and any(_TELLS_RECORDING in spoken.text for spoken in node.prompts)
        case _:
            return False


def _uncut_seconds(node: Node) -> float:
    match node:
        case SayNode() | MenuNode(barge_in=False) | CollectNode(barge_in=False) | InfoNode(barge_in=False):
            return sum(speech_seconds(spoken.text) for spoken in node.prompts)
        case InfoNode(ask=()):
            return sum(speech_seconds(spoken.text) for spoken in node.prompts)
        case _:
            return 0.0


def check_patience(loaded: Loaded, draft: Draft) -> None:
    """Find chains of words that a caller must hear out before he can press a key or has a person."""
    after_a_key = {
        target
        for node in draft.nodes.values()
        if isinstance(node, MenuNode | CollectNode)
        for _, target in ways_out(node)
    }
    known: dict[str, tuple[float, str]] = {}
    told: set[str] = set()
    for start in [draft.start or "", *sorted(after_a_key)]:
        if start not in draft.nodes:
            continue
        seconds, last = _longest_wait(start, draft, known)
        if seconds > LONGEST_UNCUT_SECONDS and last not in told:
            told.add(last)
            loaded.mistake(
                ("nodes", last),
                f"from '{start}' to '{last}' the caller hears about {seconds:.0f} s that he cannot cut short",
                f"shorten the words to {LONGEST_UNCUT_SECONDS:.0f} s, or put them into a menu or info node",
            )


def _longest_wait(node_id: str, draft: Draft, known: dict[str, tuple[float, str]]) -> tuple[float, str]:
    """Give the seconds of uncut speech from this node on, and the last node that adds to them."""
    if node_id in known:
        return known[node_id]
    known[node_id] = (0.0, node_id)  # a way back here is a loop, and told as one
    node = draft.nodes[node_id]
    own = _uncut_seconds(node)
    further = (0.0, node_id)
    if isinstance(node, SayNode | HoursNode):
        further = max(
            (_longest_wait(target, draft, known) for target in sorted(without_a_key(node, draft))), default=further
        )
    seconds, last = further
    known[node_id] = (own + seconds, last if seconds else node_id)
    return known[node_id]
