"""The hotline itself: how it is, who waits, whom it can reach, what is wrong, and its flows."""

from typing import Any

from aiohttp import web

from callcenter.api import examples, shapes
from callcenter.api.contract import Access, Answer, Ask, Nothing, Operation, listed, shown
from callcenter.domain.views import alarm_view, queue_view, trunk_view, unit_view

_SEVERITY = ("ok", "degraded", "down")
UNAVAILABLE = 503


async def get_health(ask: Ask[Nothing, Nothing]) -> web.Response:
    """How every part is; the worst of them is how the hotline is."""
    parts = await ask.desk.health()
    worst = max((_SEVERITY.index(part.status) for part in parts.values() if part.status in _SEVERITY), default=0)
    shape = {
        "status": _SEVERITY[worst],
        "components": {name: {"status": part.status, "detail": part.detail} for name, part in parts.items()},
        "alarms": sorted(alarm.name for alarm in ask.desk.alarms()),
    }
    if _SEVERITY[worst] == "down":
        return shown(shape, status=UNAVAILABLE, headers={"Retry-After": "5"})
    return shown(shape)


async def list_queues(ask: Ask[Nothing, Nothing]) -> web.Response:
    """The queues and who waits in them."""
    return listed([queue_view(queue) for queue in ask.desk.queues()])


async def list_units(ask: Ask[Nothing, Nothing]) -> web.Response:
    """All units."""
    return listed([unit_view(unit, local=ask.desk.local_time()) for unit in ask.desk.units()])


async def get_unit(ask: Ask[Nothing, Nothing]) -> web.Response:
    """One unit."""
    return shown(unit_view(ask.desk.unit(ask.path("unit_id")), local=ask.desk.local_time()))


async def list_alarms(ask: Ask[Nothing, Nothing]) -> web.Response:
    """Alarms that stand."""
    return listed([alarm_view(alarm) for alarm in ask.desk.alarms()])


async def list_trunks(ask: Ask[Nothing, Nothing]) -> web.Response:
    """The trunk and its lines in use."""
    return listed([trunk_view(trunk) for trunk in ask.desk.trunks()])


async def get_live(ask: Ask[Nothing, Nothing]) -> web.Response:
    """The live picture, with its place in the events."""
    ask.desk.settle()
    return shown({"stream": ask.desk.stream.id, "seq": ask.desk.stream.seq, **ask.desk.snapshot()})


async def reload_flows(ask: Ask[Nothing, Nothing]) -> web.Response:
    """Read the flow files again; calls in progress go on as they began."""
    mistakes = list(await ask.desk.reload_flows())
    return shown({"taken": not mistakes, "mistakes": mistakes})


OPERATIONS: tuple[Operation[Any, Any], ...] = (
    Operation(
        id="getHealth",
        method="GET",
        path="/health",
        tag="hotline",
        summary="How the hotline is; no sign-in needed",
        chinese="运行状况",
        handle=get_health,
        query=Nothing,
        body=Nothing,
        access=Access.OPEN,
        answers={
            200: Answer(says="It works, perhaps not in full.", shape=shapes.Health, example=examples.HEALTH),
            503: Answer(
                says="A part without which no call can be taken is down.",
                shape=shapes.Health,
                example=examples.HEALTH_DOWN,
                headers={"Retry-After": "Seconds."},
            ),
        },
    ),
    Operation(
        id="listQueues",
        method="GET",
        path="/queues",
        tag="hotline",
        summary="The queues and who waits in them",
        chinese="排队情况",
        handle=list_queues,
        query=Nothing,
        body=Nothing,
        answers={200: Answer(says="All queues.", shape=shapes.QueueList, example=examples.QUEUES)},
    ),
    Operation(
        id="listTrunks",
        method="GET",
        path="/trunks",
        tag="hotline",
        summary="The lines of the trunk in use, each way",
        chinese="中继占用情况",
        handle=list_trunks,
        query=Nothing,
        body=Nothing,
        answers={200: Answer(says="All trunks.", shape=shapes.TrunkList, example=examples.TRUNKS)},
    ),
    Operation(
        id="getLive",
        method="GET",
        path="/live",
        tag="hotline",
        summary="Calls, seats, queues, trunks and alarms at one moment, as the events begin with them",
        chinese="实时全景",
        handle=get_live,
        query=Nothing,
        body=Nothing,
        answers={200: Answer(says="The live picture.", shape=shapes.Live, example=examples.LIVE)},
    ),
    Operation(
        id="listUnits",
        method="GET",
        path="/units",
        tag="hotline",
        summary="All units",
        chinese="承办单位列表",
        handle=list_units,
        query=Nothing,
        body=Nothing,
        answers={200: Answer(says="All units.", shape=shapes.UnitList, example=examples.UNITS)},
    ),
    Operation(
        id="getUnit",
        method="GET",
        path="/units/{unit_id}",
        tag="hotline",
        summary="One unit",
        chinese="查看承办单位",
        handle=get_unit,
        query=Nothing,
        body=Nothing,
        answers={200: Answer(says="The unit.", shape=shapes.Unit, example=examples.UNIT)},
    ),
    Operation(
        id="listAlarms",
        method="GET",
        path="/alarms",
        tag="hotline",
        summary="Alarms that stand",
        chinese="告警列表",
        handle=list_alarms,
        query=Nothing,
        body=Nothing,
        answers={200: Answer(says="All alarms.", shape=shapes.AlarmList, example=examples.ALARMS)},
    ),
    Operation(
        id="reloadFlows",
        method="POST",
        path="/flows/reload",
        tag="hotline",
        summary="Read the flow files again, without touching calls in progress",
        chinese="重新加载语音流程",
        handle=reload_flows,
        query=Nothing,
        body=Nothing,
        body_needed=False,
        answers={200: Answer(says="What came of it.", shape=shapes.FlowsReloaded, example=examples.RELOADED)},
    ),
)
