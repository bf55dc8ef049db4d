"""Of whom figures are: the whole hotline, one queue, or one seat."""

from dataclasses import dataclass, replace

from callcenter.domain.figures.records import CallRecord

TODAY = "today"
"""Name of the day that goes on, wherever its figures are told."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A queue, a seat, a seat's calls of a queue, or, without either, the whole hotline."""

    queue: str | None = None
    seat: str | None = None

    def view(self, call: CallRecord) -> CallRecord:
        """Leave of a call what its seat had to do with it."""
        if self.seat is None:
            return call
        return replace(
            call,
            stints=tuple(stint for stint in call.stints if stint.seat == self.seat),
            offers=tuple(offer for offer in call.offers if offer.seat == self.seat),
        )

    def counts(self, view: CallRecord) -> bool:
        """Tell whether the call behind such a view is one of its own: asked for its queue, taken by its seat."""
        return self._of_queue(view) and (self.seat is None or bool(view.stints))

    def counts_offers(self, view: CallRecord) -> bool:
        """Tell whether the offers of such a view count; a seat that rang need not have taken the call."""
        return self._of_queue(view) and (self.seat is None or bool(view.offers))

    def _of_queue(self, call: CallRecord) -> bool:
        return self.queue is None or call.queue == self.queue


WHOLE = Scope()


def scopes_of(call: CallRecord) -> set[Scope]:
    """Give the queue and the seats in whose figures a call is."""
    seats = {stint.seat for stint in call.stints} | {offer.seat for offer in call.offers}
    found = {Scope(seat=seat) for seat in seats}
    return found if call.queue is None else found | {Scope(queue=call.queue)}
