"""What a speech worker loads: the recogniser that the settings choose, as of the moment in which it is loaded."""

from pathlib import Path

from callcenter.domain.errors import UnavailableError
from callcenter.speech.engines import choose
from callcenter.speech.engines import load as load_engine
from callcenter.speech.models import fetch_command
from callcenter.speech.recogniser import Recogniser


def load(engine: str, model: str | None, models: str, threads: int = 1) -> Recogniser:
    """Load it; blocks for seconds. A model that was fetched meanwhile is found; `threads` pieces are decoded at once.

    Raises UnavailableError: it is not there; the message holds the command that helps.
    """
    choice = choose(engine, model, Path(models))
    if choice is None:
        raise UnavailableError(f"there is no recogniser with a model; fetch one: {fetch_command()}")
    return load_engine(choice.engine, choice.model, threads=threads)
