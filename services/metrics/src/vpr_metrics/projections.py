"""Events to facts: which clock points and which traits of a case an event tells.

A fact is combined with others of its kind by "earliest", "latest" or "newest mark", never by the order of arrival.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from vpr_events.contracts.case import (
    CaseAssessed,
    CaseClaimed,
    CaseClosed,
    CaseOpened,
    CasePrioritised,
    CaseReopened,
)
from vpr_events.contracts.dispatch import (
    DispatchUnitAssigned,
    DispatchUnitCleared,
    DispatchUnitEnRoute,
    DispatchUnitOnScene,
)
from vpr_events.contracts.history import HistoryCaseRecorded
from vpr_events.contracts.report import ReportAmended, ReportFiled, ReportWithdrawn
from vpr_events.contracts.session import SessionConnected, SessionInviteSent
from vpr_events.event import Event, Recorded

POINTS: dict[type[Event], str] = {
    ReportFiled: "filed_at",
    CaseOpened: "opened_at",
    CaseClaimed: "claimed_at",
    SessionInviteSent: "invited_at",
    SessionConnected: "connected_at",
    CaseAssessed: "assessed_at",
    DispatchUnitAssigned: "dispatched_at",
    DispatchUnitEnRoute: "en_route_at",
    DispatchUnitOnScene: "arrived_at",
    DispatchUnitCleared: "cleared_at",
    CaseClosed: "closed_at",
    CaseReopened: "reopened_at",
    ReportWithdrawn: "withdrawn_at",
}
"""Which event reaches which clock point, by its ``occurred_at``."""

LAST_POINTS = ("cleared_at", "closed_at", "reopened_at")
"""Clock points of which the latest counts."""

FIRST_POINTS = ("occurred_from", "occurred_to", *(point for point in POINTS.values() if point not in LAST_POINTS))
"""Clock points of which the earliest counts."""

TRAITS: dict[type[Event], tuple[str, ...]] = {
    ReportFiled: ("channel", "category", "district"),
    ReportAmended: ("category", "district"),
    CasePrioritised: ("priority", "gravest"),
    CaseAssessed: ("district", "priority", "gravest"),
    CaseClosed: ("reason",),
    ReportWithdrawn: (),
    HistoryCaseRecorded: ("source", "pathway", "category", "district", "priority", "gravest", "excluded"),
}
"""Which fields of an event describe its case."""

FIXED_TRAITS = ("source", "pathway", "channel", "excluded")
"""Traits that one event of a case tells, once."""

CHANGING_TRAITS = ("category", "district", "priority", "gravest", "ended")
"""Traits that later events may change: the one with the highest mark counts."""

PAST_POINTS = tuple(
    name for name in HistoryCaseRecorded.model_fields if name in (*FIRST_POINTS, *LAST_POINTS)
)  # fmt: skip

type Stamp = tuple[str, datetime]
type Trait = tuple[str, str]


def case_of(event: Recorded) -> UUID:
    """Whose case the event belongs to: the report's, or the past case's own."""
    return event.entity_id if isinstance(event.data, HistoryCaseRecorded) else event.correlation_id


def stamps_of(event: Recorded) -> Iterable[Stamp]:
    """The clock points that the event tells."""
    if point := POINTS.get(type(event.data)):
        yield point, event.occurred_at
    match event.data:
        case ReportFiled() as filed:
            yield from _given(filed, ("occurred_from", "occurred_to"))
        case HistoryCaseRecorded() as past:
            yield from _given(past, PAST_POINTS)


def traits_of(event: Recorded) -> Iterable[Trait]:
    """What the event tells of its case's kind, as text."""
    for field, value in _given(event.data, TRAITS.get(type(event.data), ())):
        yield ("ended" if field == "reason" else field), str(value)
    if isinstance(event.data, ReportWithdrawn):
        yield "ended", "withdrawn"


def mark_of(event: Recorded) -> str:
    """Text that sorts by (recorded_at, version, id)."""
    return f"{event.recorded_at.astimezone(UTC).isoformat(timespec='microseconds')} {event.version:09d} {event.id}"


def _given(event: Event, fields: Iterable[str]) -> Iterable[tuple[str, Any]]:
    for field in fields:
        if (value := getattr(event, field)) is not None:
            yield field, value
