"""Everything that can be wrong with a folder of flows, found before a caller finds it."""

from collections.abc import Collection
from pathlib import Path

from callcenter.domain.prompts import CATALOGUE
from callcenter.ivr.load import Loaded, load_calendar, load_folder
from callcenter.ivr.mistakes import Mistake
from callcenter.ivr.ways import check_loops, check_queues, check_reached, check_ways
from callcenter.ivr.words import check_patience, check_prompts, check_recording_is_told


def check_flows(folder: Path, *, queues: Collection[str] | None = None) -> list[Mistake]:
    """Give every mistake of every flow in the folder, by file and line.

    `queues` are the names of the queues that exist; without it they are not checked. Reads files, so it blocks.
    """
    mistakes = {mistake for loaded in check_folder(folder, queues=queues) for mistake in loaded.mistakes}
    if not folder.is_dir():
        return [Mistake(str(folder), 1, "there is no such folder", "name the folder that holds the flows")]
    for path in sorted(folder.glob("calendars/*.yaml")):
        mistakes.update(load_calendar(path)[1])
    for path in sorted((*folder.glob("*.yml"), *folder.glob("calendars/*.yml"))):
        mistakes.add(Mistake(str(path), 1, "files ending in .yml are not read", f"rename it to {path.stem}.yaml"))
    return sorted(mistakes)


def check_folder(folder: Path, *, queues: Collection[str] | None = None) -> list[Loaded]:
    """Load every flow of the folder and note in each what is wrong with it."""
    loaded = load_folder(folder)
    sounds = frozenset(path.stem for path in (folder / "prompts").glob("*.wav"))
    said: dict[str, tuple[str, str]] = {name: (text, "the catalogue of prompts") for name, text in CATALOGUE.items()}
    for one in loaded:
        if one.draft is not None:
            check_prompts(one, one.draft, sounds=sounds, said=said)
            check_ways(one, one.draft)
            check_reached(one, one.draft)
            check_queues(one, one.draft, queues=queues)
            check_loops(one, one.draft)
            check_recording_is_told(one, one.draft)
            check_patience(one, one.draft)
    return loaded
