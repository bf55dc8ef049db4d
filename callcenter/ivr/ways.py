"""Where the ways of a flow lead: to no node, to none but themselves, or past a node that nobody reaches."""

from collections.abc import Collection
from pathlib import Path

from callcenter.ivr.flow import CollectNode, HoursNode, InfoNode, MenuNode, Node, QueueNode, SayNode, ways_out
from callcenter.ivr.load import Draft, Loaded
from callcenter.ivr.mistakes import listed, nearest

_MOST_NAMES = 8
"""More names than this are no help in a message."""


def check_ways(loaded: Loaded, draft: Draft) -> None:
    """Find names that lead to no node, and an operator who is none."""
    known = set(draft.nodes) | set(draft.broken)
    stem = Path(loaded.file).stem
    if draft.name is not None and draft.name != stem:
        loaded.mistake(("name",), f"the flow is named '{draft.name}' in a file named '{stem}'", f"write 'name: {stem}'")
    for place, target in _all_ways(draft):
        if target not in known:
            close = nearest(target, known)
            inside = f"node '{place[1]}': " if place[0] == "nodes" else ""
            some = listed(sorted(known)) if len(known) <= _MOST_NAMES else "the nodes of this file"
            instead = f"write '{close}'" if close else f"write one of {some}, or add the node"
            loaded.mistake(place, f"{inside}there is no node '{target}'", instead)
    operator = draft.nodes.get(draft.operator or "")
    if operator is not None and not isinstance(operator, QueueNode):
        people = sorted(node_id for node_id, node in draft.nodes.items() if isinstance(node, QueueNode))
        instead = f"write 'operator: {people[0]}'" if people else "add a node with 'kind: queue' and name it here"
        loaded.mistake(("operator",), f"node '{draft.operator}' is of kind {operator.kind}, not queue", instead)


def _all_ways(draft: Draft) -> list[tuple[tuple[str, ...], str]]:
    ways: list[tuple[tuple[str, ...], str]] = []
    if draft.start is not None:
        ways.append((("start",), draft.start))
    if draft.operator is not None:
        ways.append((("operator",), draft.operator))
    for node_id in (*draft.nodes, *draft.broken):
        ways += ((("nodes", node_id, *below), target) for below, target in _ways_from(node_id, draft))
    return ways


def _ways_from(node_id: str, draft: Draft) -> list[tuple[tuple[str, ...], str]]:
    node = draft.nodes.get(node_id)
    return draft.broken[node_id] if node is None else list(ways_out(node))


def check_reached(loaded: Loaded, draft: Draft) -> None:
    """Find nodes to which nothing leads. A misspelt way counts as one to the node that was most likely meant."""
    known = set(draft.nodes) | set(draft.broken)
    reached: set[str] = set()
    coming = [draft.start, draft.operator]
    while coming:
        target = coming.pop()
        node_id = target if target is None or target in known else nearest(target, known)
        if node_id is not None and node_id not in reached:
            reached.add(node_id)
            coming += (further for _, further in _ways_from(node_id, draft))
    if draft.start is not None:
        for node_id in sorted(known - reached):
            loaded.mistake(
                ("nodes", node_id),
                f"nothing leads to node '{node_id}'",
                f"lead a key or a 'next' to '{node_id}', or take it out",
            )


def check_queues(loaded: Loaded, draft: Draft, *, queues: Collection[str] | None) -> None:
    """Find queues that the hotline does not have; None when its queues are not known here."""
    if queues is None:
        return
    for node_id, node in draft.nodes.items():
        if isinstance(node, QueueNode) and node.queue not in queues:
            close = nearest(node.queue, queues)
            instead = f"write '{close}'" if close else f"write one of {listed(sorted(queues))}"
            loaded.mistake(("nodes", node_id, "queue"), f"there is no queue '{node.queue}'", instead)


def check_loops(loaded: Loaded, draft: Draft) -> None:
    """Find rounds in which a caller who presses nothing would go for ever."""
    steps = {node_id: without_a_key(node, draft) for node_id, node in draft.nodes.items()}
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


def without_a_key(node: Node, draft: Draft) -> set[str]:
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
