"""What no schema sees: ways that lead nowhere, loops, silent prompts, callers who are not told of the recording."""

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from callcenter.domain.prompts import CATALOGUE
from callcenter.ivr.flow import (
    OPERATOR_KEY,
    CollectNode,
    HangUpNode,
    HoursNode,
    InfoNode,
    MenuNode,
    Node,
    QueueNode,
    SayNode,
    Spoken,
    ways_out,
    words_of,
)
from callcenter.ivr.load import Draft, Loaded, load_folder
from callcenter.ivr.mistakes import Mistake, listed, nearest
from callcenter.ivr.patience import LONGEST_UNCUT_SECONDS, speech_seconds

_TELLS_RECORDING = "录音"
_KEY_IN_TEXT = re.compile(r"按下?\s*(?:([0-9])(?![0-9])|([零一二三四五六七八九])(?=键|[，。；、！]|$)|(星号|井号))")
_KEY_WORDS = dict(zip("零一二三四五六七八九", "0123456789", strict=True)) | {"星号": "*", "井号": "#"}


def check_flows(folder: Path, *, queues: Collection[str] | None = None) -> list[Mistake]:
    """Give every mistake of every flow in the folder, by file and line.

    `queues` are the names of the queues that exist; without it they are not checked. Reads files, so it blocks.
    """
    mistakes = {mistake for loaded in check_folder(folder, queues=queues) for mistake in loaded.mistakes}
    if not folder.is_dir():
        return [Mistake(str(folder), 1, "there is no such folder", "name the folder that holds the flows")]
    for path in sorted(folder.glob("*.yml")):
        mistakes.add(Mistake(str(path), 1, "files ending in .yml are not read", f"rename it to {path.stem}.yaml"))
    return sorted(mistakes)


def check_folder(folder: Path, *, queues: Collection[str] | None = None) -> list[Loaded]:
    """Load every flow of the folder and note in each what is wrong with it."""
    loaded = load_folder(folder)
    sounds = frozenset(path.stem for path in (folder / "prompts").glob("*.wav"))
    said: dict[str, tuple[str, str]] = {name: (text, "the catalogue of prompts") for name, text in CATALOGUE.items()}
    for one in loaded:
        if one.draft is not None:
            _check_prompts(one, one.draft, sounds=sounds, said=said)
            _check_ways(one, one.draft, queues=queues)
            _check_loops(one, one.draft)
            _check_recording_is_told(one, one.draft)
            _check_patience(one, one.draft)
    return loaded


def _check_prompts(loaded: Loaded, draft: Draft, *, sounds: Collection[str], said: dict[str, tuple[str, str]]) -> None:
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


def _check_ways(loaded: Loaded, draft: Draft, *, queues: Collection[str] | None) -> None:
    known = set(draft.nodes) | set(draft.broken)
    stem = Path(loaded.file).stem
    if draft.name is not None and draft.name != stem:
        loaded.mistake(("name",), f"the flow is named '{draft.name}' in a file named '{stem}'", f"write 'name: {stem}'")
    named = [(("start",), draft.start), (("operator",), draft.operator)]
    ways = [(place, target) for place, target in named if target is not None] + [
        (("nodes", node_id, *below), target)
        for node_id, node in draft.nodes.items()
        for below, target in ways_out(node)
    ]
    for place, target in ways:
        if target not in known:
            close = nearest(target, known)
            inside = f"node '{place[1]}': " if place[0] == "nodes" else ""
            instead = f"write '{close}'" if close else f"write one of {listed(sorted(known))}, or add the node"
            loaded.mistake(place, f"{inside}there is no node '{target}'", instead)
    operator = draft.nodes.get(draft.operator or "")
    if operator is not None and not isinstance(operator, QueueNode):
        people = sorted(node_id for node_id, node in draft.nodes.items() if isinstance(node, QueueNode))
        instead = f"write 'operator: {people[0]}'" if people else "add a node with 'kind: queue' and name it here"
        loaded.mistake(("operator",), f"node '{draft.operator}' is of kind {operator.kind}, not queue", instead)
    if draft.start in known:
        reached = _reached({draft.start, draft.operator} & known, draft)
        for node_id in sorted(known - reached):
            loaded.mistake(
                ("nodes", node_id),
                f"nothing leads to node '{node_id}'",
                f"lead a key or a 'next' to '{node_id}', or take it out",
            )
    if queues is not None:
        for node_id, node in draft.nodes.items():
            if isinstance(node, QueueNode) and node.queue not in queues:
                close = nearest(node.queue, queues)
                instead = f"write '{close}'" if close else f"write one of {listed(sorted(queues))}"
                loaded.mistake(("nodes", node_id, "queue"), f"there is no queue '{node.queue}'", instead)


def _reached(begin: Collection[str | None], draft: Draft) -> set[str]:
    reached: set[str] = set()
    coming = [node_id for node_id in begin if node_id is not None]
    while coming:
        node_id = coming.pop()
        if node_id in reached:
            continue
        reached.add(node_id)
        coming += (target for target in _leads_to(node_id, draft) if target in draft.nodes or target in draft.broken)
    return reached


def _leads_to(node_id: str, draft: Draft) -> Collection[str]:
    node = draft.nodes.get(node_id)
    return draft.broken[node_id] if node is None else {target for _, target in ways_out(node)}


def _without_a_key(node: Node, draft: Draft) -> set[str]:
    """Give the nodes to which a caller comes who never presses anything."""
    match node:
        case SayNode() | InfoNode():
            targets = {node.next}
        case HoursNode():
            targets = {node.open, node.closed}
        case MenuNode() | CollectNode():
            targets = {node.after_retries or draft.operator or ""}
        case _:
            targets = set()
    return targets & set(draft.nodes)


def _check_loops(loaded: Loaded, draft: Draft) -> None:
    steps = {node_id: _without_a_key(node, draft) for node_id, node in draft.nodes.items()}
    told: set[str] = set()
    for node_id in draft.nodes:
        if node_id in told or (way := _way_round(node_id, steps)) is None:
            continue
        told.update(way)
        loaded.mistake(
            ("nodes", node_id),
            f"{' -> '.join((*way, node_id))} goes round for ever when no key is pressed",
            "lead one of these nodes to a queue, a hang_up or a menu outside the round",
        )


def _way_round(start: str, steps: dict[str, set[str]]) -> list[str] | None:
    """Find the shortest way from a node back to itself."""
    ways = [[start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        for target in sorted(steps[way[-1]]):
            if target == start:
                return way
            if target not in seen:
                seen.add(target)
                ways.append([*way, target])
    return None


def _check_recording_is_told(loaded: Loaded, draft: Draft) -> None:
    coming, seen = [draft.start or ""], set[str]()
    while coming:
        node_id = coming.pop()
        node = draft.nodes.get(node_id)
        if node is None or node_id in seen or _tells_recording(node):
            continue
        seen.add(node_id)
        if isinstance(node, SayNode | HoursNode):
            coming += sorted(_without_a_key(node, draft))
            continue
        loaded.mistake(
            ("nodes", node_id),
            f"a caller comes to node '{node_id}' without having been told that the call is recorded",
            f"lead 'start' to a say node whose text has the word {_TELLS_RECORDING}, and that node to '{node_id}'",
        )


def _tells_recording(node: Node) -> bool:
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


def _check_patience(loaded: Loaded, draft: Draft) -> None:
    after_a_key = {
        target
        for node in draft.nodes.values()
        if isinstance(node, MenuNode | CollectNode)
        for _, target in ways_out(node)
    }
    for start in sorted((after_a_key | {draft.start or ""}) & set(draft.nodes)):
        seconds, last = _longest_wait(start, draft, frozenset())
        if seconds > LONGEST_UNCUT_SECONDS:
            loaded.mistake(
                ("nodes", last),
                f"from '{start}' to '{last}' the caller hears about {seconds:.0f} s that he cannot cut short",
                f"shorten the words to {LONGEST_UNCUT_SECONDS:.0f} s, or put them into a menu or info node",
            )


def _longest_wait(node_id: str, draft: Draft, before: frozenset[str]) -> tuple[float, str]:
    """Give the seconds of uncut speech from this node on, and the last node that adds to them."""
    node = draft.nodes[node_id]
    own = _uncut_seconds(node)
    if not isinstance(node, SayNode | HoursNode):
        return own, node_id
    further = [
        _longest_wait(target, draft, before | {node_id})
        for target in _without_a_key(node, draft)
        if target not in before and target != node_id
    ]
    seconds, last = max(further, default=(0.0, node_id))
    return own + seconds, last if seconds else node_id
