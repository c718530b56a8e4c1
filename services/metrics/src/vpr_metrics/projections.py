"""Events to facts: which clock points and which traits of a case an event tells.

A fact is combined with others of its kind by "earliest", "latest" or "newest mark", never by the order of arrival.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from vpr_events.contracts.case import (
    CaseAppointmentBooked,
    CaseAppointmentCancelled,
    CaseAppointmentMoved,
    CaseAssessed,
    CaseClaimed,
    CaseClosed,
    CaseDuplicateLinked,
    CaseNoShow,
    CaseOpened,
    CasePrioritised,
    CaseReopened,
    CaseVideoDeclined,
    CaseVideoOffered,
    CaseVideoRequested,
)
from vpr_events.contracts.dispatch import (
    DispatchCompleted,
    DispatchUnitAssigned,
    DispatchUnitCleared,
    DispatchUnitEnRoute,
    DispatchUnitOnScene,
)
from vpr_events.contracts.history import HistoryCaseRecorded
from vpr_events.contracts.report import ReportAmended, ReportFiled, ReportScreened, ReportWithdrawn
from vpr_events.contracts.session import (
    EndReason,
    Mode,
    SessionConnected,
    SessionEnded,
    SessionInviteOpened,
    SessionInviteSent,
    SessionModeChanged,
)
from vpr_events.event import Event, Recorded, in_utc

POINTS: dict[type[Event], str] = {
    ReportFiled: "filed_at",
    CaseOpened: "opened_at",
    CaseClaimed: "claimed_at",
    SessionInviteSent: "invited_at",
    SessionConnected: "connected_at",
    SessionModeChanged: "connected_at",
    CaseAssessed: "assessed_at",
    DispatchUnitAssigned: "dispatched_at",
    DispatchUnitEnRoute: "en_route_at",
    DispatchUnitOnScene: "arrived_at",
    DispatchUnitCleared: "cleared_at",
    DispatchCompleted: "cleared_at",
    CaseClosed: "closed_at",
    CaseReopened: "reopened_at",
    ReportWithdrawn: "withdrawn_at",
    CaseVideoOffered: "offered_at",
    CaseVideoRequested: "offered_at",
    SessionInviteOpened: "accepted_at",
    CaseVideoDeclined: "declined_at",
    CaseNoShow: "no_show_at",
}
"""Which event reaches which clock point, by its ``occurred_at``; a booking that asks for a session is an offer too.

Who is connected by voice or in writing alone sees nobody: that is told by the trait ``met``.
"""

ENDINGS = {EndReason.DECLINED: "declined_at", EndReason.NO_SHOW: "no_show_at"}
"""Which clock point the end of a session reaches, by its reason."""

LAST_POINTS = ("cleared_at", "closed_at", "reopened_at")
"""Clock points of which the latest counts."""

FIRST_POINTS = tuple(point for point in dict.fromkeys(POINTS.values()) if point not in LAST_POINTS)
"""Clock points of which the earliest counts."""

OCCURRED = ("occurred_from", "occurred_to")

AMENDED_POINTS = (*OCCURRED, "earliest_at", "appointment_at")
"""Clock points that are told and may be told otherwise later: traits, as text in UTC without a zone, empty for none."""

TRAITS: dict[type[Event], tuple[str, ...]] = {
    ReportFiled: ("channel", "category", "district", *OCCURRED),
    ReportAmended: ("category", "district", *OCCURRED),
    ReportScreened: ("outcome",),
    CasePrioritised: ("priority", "gravest"),
    CaseAssessed: ("district", "priority", "gravest", "outcome"),
    CaseDuplicateLinked: ("original_case_id",),
    CaseClosed: ("reason",),
    HistoryCaseRecorded: (
        "source", "pathway", "category", "district", "priority", "gravest", "officer_initiated", "excluded",
        *OCCURRED,
    ),
    CaseAppointmentBooked: ("earliest_at", "starts_at"),
    CaseAppointmentMoved: ("starts_at",),
}  # fmt: skip
"""Which fields of an event describe its case."""

NAMES: dict[tuple[type[Event], str], str] = {
    (ReportScreened, "outcome"): "screened_as",
    (CaseAssessed, "outcome"): "assessed_as",
    (CaseDuplicateLinked, "original_case_id"): "original_case",
    (CaseClosed, "reason"): "ended",
    (CaseAppointmentBooked, "starts_at"): "appointment_at",
    (CaseAppointmentMoved, "starts_at"): "appointment_at",
}
"""Fields whose trait is not named like them."""

UNDER_WAY, COMPLETED = "under_way", "completed"
"""What the trait ``dispatch`` tells: units are yet to be cleared, or the last one was."""

DISPATCH = {DispatchUnitAssigned: UNDER_WAY, DispatchCompleted: COMPLETED}

FIXED_TRAITS = ("source", "pathway", "channel", "officer_initiated", "excluded", "case_ref", "met")
"""Traits that one event of a case tells, once. ``case_ref`` is triage's id of the case, ``met`` that they
were connected, by picture or without.
"""

CHANGING_TRAITS = (
    *AMENDED_POINTS,
    "category",
    "district",
    "priority",
    "gravest",
    "screened_as",
    "assessed_as",
    "original_case",
    "ended",
    "dispatch",
)
"""Traits that later events may change: the one with the highest mark counts."""

TOLD_POINTS: dict[type[Event], tuple[str, ...]] = {
    contract: tuple(name for name in contract.model_fields if name in (*FIRST_POINTS, *LAST_POINTS))
    for contract in (HistoryCaseRecorded,)
}
"""Which fields of an event are clock points of the case's course."""

type Stamp = tuple[str, datetime]
type Trait = tuple[str, str]
type Known = dict[str, Any]
"""What is known of a case, by the name of the clock point or trait; with ``_mark`` the mark of a changing trait."""


def case_of(event: Recorded) -> UUID:
    """Whose case the event belongs to: the report's, or the past case's own."""
    return event.entity_id if type(event.data) is HistoryCaseRecorded else event.correlation_id


def point_of(event: Recorded) -> str | None:
    """The clock point that is reached when the event occurs."""
    if isinstance(event.data, SessionEnded):
        return ENDINGS.get(event.data.reason)
    if isinstance(event.data, SessionConnected | SessionModeChanged):
        return "connected_at" if event.data.mode is Mode.VIDEO else None
    if isinstance(event.data, CaseAppointmentBooked):
        return "offered_at" if event.data.request_id else None
    return POINTS.get(type(event.data))


def stamps_of(event: Recorded) -> Sequence[Stamp]:
    """The clock points that the event tells beside its own."""
    return _given(event.data, TOLD_POINTS.get(type(event.data), ()))


def traits_of(event: Recorded) -> Sequence[Trait]:
    """What the event tells of its case's kind, as text."""
    kind = type(event.data)
    if kind is SessionConnected:
        return [("met", "true")]
    if kind in DISPATCH:
        return [("dispatch", DISPATCH[kind])]
    if kind is CaseOpened:
        return [("case_ref", str(event.entity_id))]
    if kind is CaseAppointmentCancelled:
        return [("earliest_at", ""), ("appointment_at", "")]
    if kind not in TRAITS:
        return ()
    return [(NAMES.get((kind, field), field), _text(value)) for field, value in _given(event.data, TRAITS[kind])]


def mark_of(event: Recorded) -> str:
    """Text that sorts by (recorded_at, version, id)."""
    return f"{in_utc(event.recorded_at).isoformat(timespec='microseconds')} {event.version:09d} {event.id}"


def note_stamp(known: Known, point: str, moment: datetime) -> None:
    """Add a clock point to what is known of a case."""
    before = known.get(point)
    if before is None or (moment > before if point in LAST_POINTS else moment < before):
        known[point] = moment


def note_trait(known: Known, trait: str, value: str, mark: str) -> None:
    """Add a trait to what is known of a case."""
    if trait in FIXED_TRAITS:
        known[trait] = max(value, known.get(trait, value))
    elif mark > known.get(marked := f"{trait}_mark", ""):
        known[trait], known[marked] = value, mark


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return in_utc(value).replace(tzinfo=None).isoformat(timespec="microseconds")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _given(event: Event, fields: Sequence[str]) -> Sequence[tuple[str, Any]]:
    return [(field, value) for field in fields if (value := getattr(event, field)) is not None]
