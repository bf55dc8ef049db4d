"""How the words of its calls stand in a ticket: as its notes while nobody has written any, and beside them always."""

from collections.abc import Sequence
from dataclasses import replace

from callcenter.domain.calls import Call
from callcenter.domain.notes import Side
from callcenter.domain.tickets import Heard, Ticket, TicketState

SPEAKER = {Side.CALLER: "市民", Side.SEAT: "话务员", Side.UNIT: "承办单位"}
SECRET_LINE = "〔保密时段，未录音、未记录〕"  # noqa: S105 - no secret itself


def with_words(ticket: Ticket, calls: Sequence[Call]) -> Ticket:
    """Put what was heard in a ticket's calls into it; its version stays, since nobody has changed it.

    The notes of a draft are what was heard until a person writes his own; those of a filed ticket stay as they were.
    """
    heard = tuple(Heard(call_id=call.id, utterance=said) for call in calls for said in call.utterances)
    if ticket.state is TicketState.DRAFTED and not ticket.notes_edited:
        return replace(ticket, heard=heard, notes=composed_notes(calls))
    return replace(ticket, heard=heard)


def composed_notes(calls: Sequence[Call]) -> str | None:
    """Write down who said what, a line for each utterance, with a line where nothing was kept; None where nobody spoke.

    An empty line stands between two calls.
    """
    return "\n\n".join("\n".join(lines) for call in calls if (lines := _lines(call))) or None


def _lines(call: Call) -> Sequence[str]:
    began = (call.recording.started if call.recording else None) or call.t1 or call.t0
    lines = [(said.start, f"{SPEAKER[said.side]}：{said.text}") for said in call.utterances if said.text.strip()]
    lines += [((secret.began - began).total_seconds(), SECRET_LINE) for secret in call.secrets]
    return [line for _, line in sorted(lines, key=lambda timed: timed[0])]
