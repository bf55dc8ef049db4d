"""Numbers, dates and amounts of what was said, as people write them."""

from callcenter.domain.written.rules import written

__all__ = ["written"]
