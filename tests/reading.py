"""Reading the log as an administrator, and what the figures should be by its events' own times."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from vpr.embedded import Endpoints
from vpr_events.event import Recorded
from vpr_events.log import EventLog
from vpr_events.pull import Delivery
from vpr_events.replay import replaying

POINTS = {
    "report.filed": "filed",
    "case.claimed": "claimed",
    "session.connected": "connected",
    "case.assessed": "assessed",
    "dispatch.unit_assigned": "dispatched",
    "dispatch.unit_en_route": "en_route",
    "dispatch.unit_on_scene": "arrived",
    "dispatch.completed": "cleared",
    "case.closed": "closed",
}

INTERVALS = {
    "virtual_response": ("filed", "connected"),
    "headline": ("filed", "dispatched"),
    "triage_wait": ("filed", "claimed"),
    "dispatch_delay": ("assessed", "dispatched"),
    "turnout": ("dispatched", "en_route"),
    "travel": ("en_route", "arrived"),
    "response": ("filed", "arrived"),
    "on_scene": ("arrived", "cleared"),
    "resolution": ("filed", "closed"),
}


async def read_messages(endpoints: Endpoints) -> list[Delivery]:
    """Every message of the log, as it lies there."""
    log = EventLog(endpoints.nats_url, *endpoints.nats_users["admin"])
    await log.connect()
    found: list[Delivery] = []

    async def keep(batch: Sequence[Delivery]) -> None:
        found.extend(batch)

    try:
        async with replaying(log, "reading", keep) as replay:
            await replay.catch_up()
    finally:
        await log.close()
    return found


async def read_log(endpoints: Endpoints) -> list[Recorded]:
    """Every event of the log, in order."""
    return [event for one in await read_messages(endpoints) if (event := one.event())]


def seconds_by_events(events: list[Recorded], report: UUID) -> Mapping[str, float]:
    """Interval -> seconds, from the times that the report's events carry."""
    times: dict[str, datetime] = {}
    for event in events:
        if event.correlation_id == report and (point := POINTS.get(event.data.event_name)):
            times.setdefault(point, event.occurred_at)
    return {
        name: (times[end] - times[start]).total_seconds()
        for name, (start, end) in INTERVALS.items()
        if start in times and end in times
    }
