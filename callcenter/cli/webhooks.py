"""`callcenter webhooks`: receivers outside that are told what happens, and what they did not take."""

from pathlib import Path
from typing import Annotated

import typer

from callcenter.cli.client import Hotline
from callcenter.cli.options import HomeOption, JsonOption, loaded_settings
from callcenter.cli.screen import say, say_json, say_table

app = typer.Typer(help="Webhooks: receivers that are told what happens.", no_args_is_help=True, rich_markup_mode=None)

WebhookArgument = Annotated[str, typer.Argument(metavar="ID", help="Our name for the webhook.")]


@app.command("list")
def list_webhooks(*, as_json: JsonOption = False, home: HomeOption = None) -> None:
    """List the webhooks, and how each fares."""
    found = _hotline(home).whole("webhooks")
    if as_json:
        say_json(found)
        return
    say_table(
        ("webhook", "address", "status", "waiting", "dead", "detail"),
        (
            (each["id"], each["address"], each["status"], str(each["waiting"]), str(each["dead"]), each["detail"])
            for each in found
        ),
    )


@app.command("dead-letters")
def dead_letters(
    webhook: WebhookArgument,
    *,
    most: Annotated[int, typer.Option("--most", min=1, max=100_000, help="How many, the newest dead first.")] = 20,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """List the events that a webhook did not take."""
    found = list(_hotline(home).items("webhooks", webhook, "dead-letters", most=most))
    if as_json:
        say_json(found)
        return
    say_table(
        ("event", "type", "time", "attempts", "died", "reason"),
        (
            (each["id"], each["type"], each["time"], str(each["attempts"]), each["died"], each["reason"])
            for each in found
        ),
    )


@app.command("retry")
def retry(
    webhook: WebhookArgument,
    *,
    event: Annotated[str | None, typer.Option("--event", metavar="ID", help="Only this one; else all.")] = None,
    home: HomeOption = None,
) -> None:
    """Send the events that a webhook did not take once more.

    \b
    Examples:
      callcenter webhooks retry city
    """  # noqa: D301
    which = [] if event is None else [event]
    answer = _hotline(home).send("POST", "webhooks", webhook, "dead-letters", *which, "retry")
    say(f"{answer['retried']} events are sent once more")


def _hotline(home: Path | None) -> Hotline:
    return Hotline.of(loaded_settings(home, None).settings.home)
