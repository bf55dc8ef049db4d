"""The process that reckons figures, as it is but for one queue, whose sum never comes to its end."""

import asyncio
from typing import Any

from callcenter import reckoning_child
from callcenter.domain.figures.records import Period
from callcenter.office.figures import FigureOffice, Figures

ENDLESS = "endless"


class _FigureOffice(FigureOffice):
    async def of(self, period: Period, *, queue: str | None = None, **rest: Any) -> Figures:
        if queue == ENDLESS:
            await asyncio.Event().wait()
        return await super().of(period, queue=queue, **rest)


if __name__ == "__main__":
    vars(reckoning_child)["FigureOffice"] = _FigureOffice
    reckoning_child.main()
