"""Who is to be listened to for the notes of a call, and which stretches of it nobody has heard. Pure."""

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from callcenter.domain.calls import Call, CallState, Leg, LegKind, LegState
from callcenter.domain.facts import OfCall
from callcenter.domain.fold import apply
from callcenter.domain.ids import LegId
from callcenter.domain.notes import Gap, Side

SIDE_OF = {LegKind.CALLER: Side.CALLER, LegKind.SEAT: Side.SEAT, LegKind.UNIT: Side.UNIT}
IN_TALK = (LegState.JOINED, LegState.HELD)
SHORTEST_GAP = 0.5  # seconds; no word is said in less, and a tap takes a fifth of a second to begin

Stretch = tuple[datetime, datetime]
"""From and to, in Asterisk's time."""


def legs_to_hear(call: Call) -> Mapping[LegId, Side]:
    """Say whose voices are to be listened to at this moment.

    Nobody's while a secret is told or seat and unit talk alone, nor of a caller who is asked for a grade, and never an
    operator's who has left the talk.
    """
    if call.state is not CallState.TALKING or call.is_secret or call.grade_asked is not None:
        return {}
    if any(leg.state is LegState.PRIVATE for leg in call.legs):
        return {}
    return {leg.id: SIDE_OF[leg.kind] for leg in call.legs if leg.state in IN_TALK and not _has_left(call, leg)}


def legs_with_words(call: Call) -> Mapping[LegId, Side]:
    """Say whose words must not be missing: of those to be heard not the operator who holds, as nobody hears him."""
    return {
        leg_id: side
        for leg_id, side in legs_to_hear(call).items()
        if side is not Side.SEAT or not any(leg.id == leg_id and leg.state is LegState.HELD for leg in call.legs)
    }


def _has_left(call: Call, leg: Leg) -> bool:
    return leg.kind is LegKind.SEAT and leg.state is LegState.HELD and not call.held


@dataclass(slots=True, kw_only=True)
class Attention:
    """Of one leg: when its words were wanted, and when they were heard."""

    leg_id: LegId
    side: Side
    wanted: list[Stretch] = field(default_factory=list)
    heard: list[Stretch] = field(default_factory=list)
    since: datetime | None = None
    """Wanted since then, and still."""

    def want(self, at: datetime) -> None:
        """Want its words from now on."""
        if self.since is None:
            self.since = at

    def want_no_more(self, at: datetime) -> None:
        """Want no word of it that is said from now on."""
        if self.since is not None:
            self.wanted.append((self.since, max(self.since, at)))
            self.since = None

    def missing(self, until: datetime) -> Sequence[Stretch]:
        """Give what was wanted and not heard up to a moment, each stretch long enough for a word."""
        wanted = list(self.wanted)
        if self.since is not None and self.since < until:
            wanted.append((self.since, until))
        return [
            (begins, ends)
            for begins, ends in without(wanted, self.heard)
            if (ends - begins).total_seconds() >= SHORTEST_GAP
        ]


def attend(attentions: MutableMapping[LegId, Attention], call: Call, at: datetime) -> None:
    """Want the words of those who are to be heard from a moment on, and of nobody else."""
    wanted = legs_with_words(call)
    for leg_id, side in wanted.items():
        attentions.setdefault(leg_id, Attention(leg_id=leg_id, side=side)).want(at)
    for leg_id, attention in attentions.items():
        if leg_id not in wanted:
            attention.want_no_more(at)


def remembered(facts: Iterable[OfCall], until: datetime) -> Mapping[LegId, Attention]:
    """Tell from the journal whose words were wanted before a moment, and how far they were surely heard.

    That is up to the end of the last words of each that were noted, less what is known to be missing.
    """
    attentions: dict[LegId, Attention] = {}
    call: Call | None = None
    for fact in facts:
        call = apply(call, fact)
        attend(attentions, call, fact.at)
    if call is None:
        return {}
    for attention in attentions.values():
        attention.want_no_more(until)
        ends = [utterance.end for utterance in call.utterances if utterance.leg_id == attention.leg_id]
        gaps = [gap for gap in (call.notes.gaps if call.notes else ()) if gap.leg_id == attention.leg_id]
        if ends and attention.wanted:
            heard = (attention.wanted[0][0], moment_of(call, max(ends)))
            unheard = [(moment_of(call, gap.start), moment_of(call, gap.end)) for gap in gaps]
            attention.heard = list(without([heard], unheard))
    return attentions


def without(stretches: Iterable[Stretch], taken: Iterable[Stretch]) -> Sequence[Stretch]:
    """Take some stretches out of others; what is left, in order."""
    left = sorted(stretch for stretch in stretches if stretch[0] < stretch[1])
    for begins, ends in sorted(taken):
        left = (
            [
                piece
                for start, end in left
                for piece in ((start, min(end, begins)), (max(start, ends), end))
                if piece[0] < piece[1]
            ]
            if begins < ends
            else left
        )
    return sorted(set(left))


def clock_of(call: Call) -> datetime | None:
    """Give the moment from which the seconds of this call's notes count; None before anything was heard of it."""
    if call.recording is not None and call.recording.started is not None:
        return call.recording.started
    return call.t1


def seconds_into(call: Call, at: datetime) -> float:
    """Give a moment on the clock of a call's notes; never before its zero."""
    zero = clock_of(call) or call.t0
    return max(0.0, (at - zero).total_seconds())


def moment_of(call: Call, seconds: float) -> datetime:
    """Give the moment of a place on the clock of a call's notes."""
    return (clock_of(call) or call.t0) + timedelta(seconds=seconds)


def gaps_of(call: Call, attentions: Iterable[Attention], until: datetime) -> tuple[Gap, ...]:
    """Give what is missing of a call's words, on the clock of its notes; nothing of what was kept secret."""
    secrets = [(secret.began, secret.ended or until) for secret in call.secrets]
    gaps = [
        Gap(
            side=attention.side,
            leg_id=attention.leg_id,
            start=round(seconds_into(call, begins), 3),
            end=round(seconds_into(call, ends), 3),
        )
        for attention in attentions
        for begins, ends in without(attention.missing(until), secrets)
    ]
    long_enough = [gap for gap in gaps if gap.end - gap.start >= SHORTEST_GAP]
    return tuple(sorted(long_enough, key=lambda gap: (gap.start, gap.end, gap.leg_id)))
