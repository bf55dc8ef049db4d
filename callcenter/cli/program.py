"""The commands, and how each ends: 0 done, 1 the answer is no, 2 the command or its settings cannot be used."""

import gc
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from callcenter.cli import backup, calls, figures, journal, recalls, seats, speech, tickets, webhooks
from callcenter.cli.client import Hotline, NotRunningError
from callcenter.cli.options import HomeOption, SetOption, loaded_settings
from callcenter.cli.screen import FAILED, UNUSABLE, say, say_table, stop
from callcenter.domain.errors import CallcenterError
from callcenter.domain.exchange.state import Policy
from callcenter.home import Home, HomeError, read_pid
from callcenter.ivr.check import check_flows
from callcenter.ivr.mistakes import nearest
from callcenter.log import logging_to
from callcenter.ports import PortTakenError, check_ports
from callcenter.roster import RosterError, load_roster
from callcenter.settings import Settings
from callcenter.settings_sources import SettingsError
from callcenter.webhook_list import WebhookListError, load_webhooks

_NOBODY_ELSE = 0o077  # what Asterisk must read is opened for it where it is written

EPILOGUE = """\b
A first hour:
  callcenter doctor                   is this machine ready, and what to do if not
  callcenter run                      start everything; Ctrl-C ends it
  callcenter seats set 8001 ready     sign a seat in
  callcenter calls list --live        who is on the line
  callcenter tickets list             what was drafted from the calls

Every command takes --home DIR; a setting is written in DIR/callcenter.toml, in the environment
(CALLCENTER_NAME) or as a flag, the later winning. Exit code: 0 done, 1 the answer is no,
2 the command or a setting cannot be used.
"""

app = typer.Typer(
    name="callcenter",
    help="A government service hotline: Asterisk, seats, calls, tickets.",
    epilog=EPILOGUE,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
settings_app = typer.Typer(help="What is set, and where.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(calls.app, name="calls")
app.add_typer(tickets.app, name="tickets")
app.add_typer(recalls.app, name="recalls")
app.add_typer(seats.app, name="seats")
app.add_typer(journal.app, name="journal")
app.add_typer(figures.app, name="figures")
app.add_typer(speech.app, name="speech")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(settings_app, name="settings")
app.command("backup", short_help="Copy all that must not be lost, while the hotline works.")(backup.backup)
app.command("restore", short_help="Bring a home back from a backup.")(backup.restore)


@app.command(short_help="Start everything, in the foreground.")
def run(
    *,
    home: HomeOption = None,
    http: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Where the HTTP API listens.")] = None,
    sip: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Where phones reach the hotline.")] = None,
    rtp: Annotated[str | None, typer.Option(metavar="FROM-TO", help="Ports for sound.")] = None,
    ami: Annotated[str | None, typer.Option(metavar="PORT", help="Asterisk's manager port, on loopback.")] = None,
    trunk: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="The telephone network's gateway.")] = None,
    flow: Annotated[str | None, typer.Option(metavar="NAME", help="Flow callers go through: direct, menu…")] = None,
    public_address: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Address phones are told, with --sip 0.0.0.0:PORT.")
    ] = None,
    mqtt_own_port: Annotated[
        str | None, typer.Option(metavar="PORT", help="Also run an MQTT broker of its own, on loopback.")
    ] = None,
    assignments: SetOption = None,
) -> None:
    """Start the hotline in the foreground: Asterisk and the controller, watched and started again when they die.

    The start ends with one line, READY and the addresses. Ctrl-C or SIGTERM ends what was started, within 10 s.

    \b
    Examples:
      callcenter run
      callcenter run --home /srv/hotline --http 127.0.0.1:8081 --sip 127.0.0.1:5061 --rtp 11000-11999 --ami 5039
      callcenter run --sip 192.168.1.10:5060            phones of the LAN may register
      callcenter run --flow menu --set arrival=ring --set ring_seconds=12
    """  # noqa: D301 - \b is Click's mark for lines that stay as they are
    settings = loaded_settings(
        home,
        assignments,
        http=http,
        sip=sip,
        rtp=rtp,
        ami=ami,
        trunk=trunk,
        flow=flow,
        public_address=public_address,
        mqtt_own_port=mqtt_own_port,
    ).settings
    place = Home(settings.home)
    place.make()
    with place.held():
        load_roster(settings.agents_folder, hotline=settings.hotline)
        load_webhooks(settings.webhooks_file)
        _check_flow(settings)
        check_ports(settings, ours=_held_by_ourselves(place))
        with _loading():
            from callcenter import startup  # noqa: PLC0415 - slow to load, and only a run needs it

        with logging_to(place.log / "supervisor.log", level=settings.log_level, form=settings.log_format, stream=None):
            code = startup.run(settings)
    raise typer.Exit(code)


@app.command(hidden=True)
def controller(
    *,
    home: HomeOption = None,
    assignments: SetOption = None,
    stand_by: Annotated[bool, typer.Option(help="Begin when a line comes at standard input.")] = False,
) -> None:
    """Run the controller alone; `run` starts this, set by its environment."""
    settings = loaded_settings(home, assignments).settings
    place = Home(settings.home)
    place.make()
    if settings.database_url is None:
        place.close_database()
    os.umask(_NOBODY_ELSE)  # the database and the recordings are citizens' data
    with _loading():
        from callcenter import controller as process  # noqa: PLC0415 - as above
        from callcenter.standby import wait_for_the_word  # noqa: PLC0415 - as above

    gc.freeze()  # a round of the collector through all modules takes a quarter of a second, and finds nothing
    if stand_by and not wait_for_the_word():
        raise typer.Exit
    with logging_to(place.log / "controller.log", level=settings.log_level, form=settings.log_format) as writer:
        code = process.main(settings, writer)
    raise typer.Exit(code)


@contextmanager
def _loading() -> Iterator[None]:
    """Load modules quickly: of what they hold nothing goes, so nothing is looked for that could."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _held_by_ourselves(place: Home) -> list[str]:
    """Name the ports that parts of an earlier run of this home still hold; calls go on in them."""
    ours = []
    if read_pid(place.asterisk_pid) is not None:
        ours += ["sip", "ami", "rtp"]
    if read_pid(place.controller_pid) is not None:
        ours += ["http"]
    if read_pid(place.mosquitto_pid) is not None:
        ours += ["mqtt_own_port"]
    return ours


def _check_flow(settings: Settings) -> None:
    """Refuse a start on a flow that does not exist; one that is broken is told, and a plain greeting stands in."""
    folder = settings.flows_folder
    if not folder.is_dir():
        raise SettingsError([f"flows_folder: there is no folder {folder}; name the one that holds the flows"])
    names = {path.stem for path in folder.glob("*.yaml")}
    if settings.flow not in names:
        close = nearest(settings.flow, names)
        instead = f"write '{close}'" if close else f"write one of {', '.join(sorted(names)) or 'the flows to be'}"
        raise SettingsError([f"flow: there is no flow '{settings.flow}' in {folder}; {instead}"])


@app.command("check-flows", short_help="Find every mistake in the flow files.")
def check_flows_command(
    path: Annotated[Path | None, typer.Argument(help="A folder of flows, or one file. Default: flows_folder.")] = None,
    *,
    home: HomeOption = None,
) -> None:
    """Find every mistake in the flow files, before a caller does.

    Each is told as FILE:LINE: what is wrong; what to write instead. Exit code 1 when there is one.

    \b
    Examples:
      callcenter check-flows
      callcenter check-flows ivr_flows/menu.yaml
    """  # noqa: D301
    where = path or loaded_settings(home, None).settings.flows_folder
    folder = where if where.is_dir() else where.parent
    mistakes = check_flows(folder, queues={Policy().queue})
    if not where.exists():
        stop(f"there is no {where}", UNUSABLE)
    if not where.is_dir():
        mistakes = [mistake for mistake in mistakes if Path(mistake.file) == where]
    for mistake in mistakes:
        say(str(mistake))
    if mistakes:
        raise typer.Exit(FAILED)
    count = 1 if where != folder else len(list(folder.glob("*.yaml")))
    if not count:
        stop(f"there is no flow in {folder}", FAILED)
    say(f"ok: {count} {'flow' if count == 1 else 'flows'} without mistakes")


@app.command(short_help="Take the flow files again, without touching calls in progress.")
def reload(*, home: HomeOption = None) -> None:
    """Take the flow files again. Calls in progress keep the flow they began with.

    A file with a mistake is not taken: the flow in force stays in force, and the mistake is told.
    """
    answer = Hotline.of(loaded_settings(home, None).settings.home).send("POST", "flows", "reload")
    for mistake in answer["mistakes"]:
        say(mistake)
    if answer["mistakes"]:
        raise typer.Exit(FAILED)
    say("ok: all flows are in force")


@app.command(short_help="Say what is wrong with this machine, and what to do.")
def doctor(*, home: HomeOption = None, assignments: SetOption = None) -> None:
    """Look at everything a run needs: Python, disk, clock, ports, Asterisk, voice, database, rosters, flows.

    Each line is ok, warn or bad, with what to do. Exit code 1 when something is bad. Nothing is changed.
    """
    settings = loaded_settings(home, assignments).settings
    from callcenter.doctor import Grade, examine  # noqa: PLC0415 - it loads the store, which is slow

    worst = 0
    for finding in examine(settings):
        say(f"{finding.grade.value:4}  {finding.subject}: {finding.found}")
        if finding.advice:
            say(f"      -> {finding.advice}")
        worst = max(worst, FAILED if finding.grade is Grade.BAD else 0)
    raise typer.Exit(worst)


@settings_app.command("show")
def show_settings(*, home: HomeOption = None, assignments: SetOption = None) -> None:
    """Show every setting with its value and where that came from; secrets are hidden.

    \b
    Examples:
      callcenter settings show
      callcenter settings show --home /srv/hotline
    """  # noqa: D301
    say_table(("setting", "value", "from"), loaded_settings(home, assignments).rows())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    try:
        app(args=arguments, prog_name="callcenter")
    except SystemExit as end:  # how the library ends every command, also one that was done
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except (SettingsError, PortTakenError, WebhookListError) as error:
        return _told(error.lines, UNUSABLE)
    except RosterError as error:
        return _told([str(mistake) for mistake in error.mistakes], UNUSABLE)
    except (HomeError, NotRunningError) as error:
        return _told([str(error)], UNUSABLE)
    except CallcenterError as error:
        return _told([str(error)], FAILED)
    return 0


def _told(lines: Sequence[str], code: int) -> int:
    for line in lines:
        typer.echo(f"callcenter: {line}", err=True)
    return code
