"""Examples that many tests start from."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from vpr_events import store
from vpr_events.event import Event, Recorded, new_id, stream_name

PER_FILING = 2
"""Events of one filing: what was filed, and what the rules said of it."""

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
"""A Monday, and a minute to count from."""


def minutes(count: float) -> timedelta:
    """A span."""
    return timedelta(minutes=count)


PERSON = {
    "first_name": "Quillon",
    "last_name": "Zzyzxwood",
    "email": "quillon.zzyzxwood@resident.example",
    "phone": "+1-204-555-0142",
}
"""Nobody's name and number: 555-01xx numbers are reserved for fiction, .example for documentation."""

PLACE = {"address": "9917 Fictitious Crescent", "latitude": 49.8951, "longitude": -97.1384}
NARRATIVE = "The marzipan-coloured bicycle was taken from behind the greenhouse."


def new_report(**changes: Any) -> dict[str, Any]:
    """The body of POST /v1/reports."""
    return {"category": "theft", "description": NARRATIVE, "place": PLACE, "reporter": PERSON} | changes


def recorded(
    event: Event,
    *,
    entity: UUID,
    report: UUID | None = None,
    at: datetime = NOON,
    after: Recorded | None = None,
    event_id: UUID | None = None,
) -> Recorded:
    """An event as its owner would have recorded it; ``after`` is the one before it in its stream."""
    return store.record(
        event,
        event_id=event_id or new_id(),
        stream=stream_name(event.event_name.partition(".")[0], entity),
        after=after,
        occurred_at=at,
        recorded_at=at,
        correlation_id=report or entity,
        causation_id=None,
    )
