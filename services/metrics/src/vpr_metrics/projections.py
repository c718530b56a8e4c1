"""Events to facts: which clock points and which traits of a case an event tells.

A fact is combined with others of its kind by "earliest", "latest" or "newest mark", never by the order of arrival.
"""

from collections.abc import Sequence
from datetime import datetime
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
from vpr_events.event import Event, Recorded, in_utc

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

TOLD_POINTS: dict[type[Event], tuple[str, ...]] = {
    contract: tuple(name for name in contract.model_fields if name in (*FIRST_POINTS, *LAST_POINTS))
    for contract in (ReportFiled, HistoryCaseRecorded)
}
"""Which fields of an event are clock points."""

type Stamp = tuple[str, datetime]
type Trait = tuple[str, str]


def case_of(event: Recorded) -> UUID:
    """Whose case the event belongs to: the report's, or the past case's own."""
    return event.entity_id if type(event.data) is HistoryCaseRecorded else event.correlation_id


def point_of(event: Recorded) -> str | None:
    """The clock point that is reached when the event occurs."""
    return POINTS.get(type(event.data))


def stamps_of(event: Recorded) -> Sequence[Stamp]:
    """The clock points that the event tells beside its own."""
    return _given(event.data, TOLD_POINTS.get(type(event.data), ()))


def traits_of(event: Recorded) -> Sequence[Trait]:
    """What the event tells of its case's kind, as text."""
    kind = type(event.data)
    if kind not in TRAITS:
        return ()
    if kind is ReportWithdrawn:
        return [("ended", "withdrawn")]
    told = _given(event.data, TRAITS[kind])
    return [("ended" if field == "reason" else field, str(value)) for field, value in told]


def mark_of(event: Recorded) -> str:
    """Text that sorts by (recorded_at, version, id)."""
    return f"{in_utc(event.recorded_at).isoformat(timespec='microseconds')} {event.version:09d} {event.id}"


def _given(event: Event, fields: Sequence[str]) -> Sequence[tuple[str, Any]]:
    return [(field, value) for field in fields if (value := getattr(event, field)) is not None]
