"""When the seconds of a stream of sound were said, by the clock on the wall."""

WINDOW_SECONDS = 1.0


class Moments:
    """Keeps for each second of a stream how late it came at the least.

    A sender that stalls sends late what it has kept, and that passes; one that leaves sound out is late for ever
    after. So what counts for a moment is the least lateness from there on.
    """

    def __init__(self) -> None:
        self._least: list[float] = []
        """For each window: the wall's second less the stream's, at the least."""

    def note(self, position: float, at: float) -> None:
        """Note that the stream's sound up to this second was there at this moment of the wall (epoch seconds)."""
        window = int(position / WINDOW_SECONDS)
        while len(self._least) <= window:
            self._least.append(float("inf"))
        self._least[window] = min(self._least[window], at - position)

    def of(self, position: float) -> float:
        """Give the moment of a second of the stream. Raises ValueError before anything was noted."""
        if not self._least:
            raise ValueError("nothing was heard yet")
        window = min(max(0, int(position / WINDOW_SECONDS)), len(self._least) - 1)
        return position + min(self._least[window:])
