"""Appointments: a time that officer and resident agreed on, beside the first one that the resident could have had.

What lies between is the resident's choice, and measured as such: so a time is moved at the resident's wish alone. What
the officer cannot keep is cancelled and booked anew, with the first time that could be had then.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from vpr_events.contracts.case import CaseAppointmentBooked, CaseAppointmentCancelled, CaseAppointmentMoved
from vpr_events.decider import Command, Invalid, Refused
from vpr_events.event import Event, derived_id
from vpr_triage.domain.commands import BookAppointment, CancelAppointment
from vpr_triage.domain.state import Appointment, Invitation, State

FURTHEST = timedelta(days=366)
"""How far away an appointment may be: what is further is a slip of the pen."""

AGREEING = timedelta(minutes=30)
"""How long ago the first time on offer may be: it is written down after it was talked about."""


class CancelReason(StrEnum):
    """Why an appointment is cancelled."""

    RESIDENT_UNAVAILABLE = "resident_unavailable"
    OFFICER_UNAVAILABLE = "officer_unavailable"
    NOT_NEEDED = "not_needed"


CASE_CLOSED = "case_closed"
"""Why an appointment is cancelled that nobody cancelled."""


def upcoming(state: State, at: datetime) -> Appointment | None:
    """The case's appointment, if it stands and its time has not come."""
    found = state.appointment
    return found if found and not found.cancelled and found.starts_at > at else None


def called_off(state: State, at: datetime) -> list[Event]:
    """What the end of the case means for an appointment that has not come."""
    found = upcoming(state, at)
    return [_cancelled(found, CASE_CLOSED)] if found else []


def _cancelled(standing: Appointment, reason: str) -> CaseAppointmentCancelled:
    return CaseAppointmentCancelled(appointment_id=standing.id, reason=reason, request_id=standing.request_id)


def book(command: BookAppointment, state: State) -> Sequence[Event]:
    """Books an appointment, or moves the one that is to come."""
    state.check_holder(command.officer_id)
    standing = upcoming(state, command.at)
    first = command.earliest_at or (standing.earliest_at if standing else None)
    if standing and _stands(standing, command, first):
        return []
    _check_start(command)
    return _booked(command, state) if standing is None else _moved(command, standing, first)


def _stands(standing: Appointment, command: BookAppointment, first: datetime | None) -> bool:
    told = (command.starts_at, first, command.zone, command.invitation or standing.invitation)
    return told == (standing.starts_at, standing.earliest_at, standing.zone, standing.invitation)


def _booked(command: BookAppointment, state: State) -> Sequence[Event]:
    booked = CaseAppointmentBooked(
        appointment_id=command.appointment_id,
        earliest_at=_checked_offer(command),
        request_id=derived_id(command.appointment_id, "request"),
        officer_id=command.officer_id,
        category=state.category,
        **_told(command, command.invitation or Invitation()),
    )
    return [booked]


def _moved(command: BookAppointment, standing: Appointment, first: datetime | None) -> Sequence[Event]:
    if first != standing.earliest_at:
        raise Invalid("earliest_at", "it stands since the booking: cancel the appointment and book anew")
    if standing.earliest_at and command.starts_at < standing.earliest_at:
        raise Invalid("starts_at", "it lies before the first time on offer: cancel the appointment and book anew")
    told = _told(command, command.invitation or standing.invitation)
    return [CaseAppointmentMoved(appointment_id=standing.id, request_id=standing.request_id, **told)]


def _told(command: BookAppointment, invitation: Invitation) -> dict[str, Any]:
    times = {"starts_at": command.starts_at, "local_time": _local(command), "zone": command.zone}
    return {**times, **asdict(invitation)}


def _check_start(command: BookAppointment) -> None:
    if command.starts_at <= command.at:
        raise Invalid("starts_at", "it has passed")
    if command.starts_at > command.at + FURTHEST:
        raise Invalid("starts_at", "it is more than a year away")


def _checked_offer(command: BookAppointment) -> datetime:
    if command.earliest_at is None:
        raise Invalid("earliest_at", "say which was the first time on offer")
    if command.earliest_at > command.starts_at:
        raise Invalid("earliest_at", "it lies after starts_at")
    if command.earliest_at < command.at - AGREEING:
        raise Invalid("earliest_at", "it has passed")
    return command.earliest_at


def _local(command: BookAppointment) -> str:
    """The wall-clock time in the zone."""
    return command.starts_at.astimezone(ZoneInfo(command.zone)).replace(tzinfo=None).isoformat(timespec="minutes")


def cancel(command: CancelAppointment, state: State) -> Sequence[Event]:
    """Cancels the appointment that is to come; again is the same as once."""
    state.check_holder(command.officer_id)
    if state.appointment and state.appointment.cancelled:
        return []
    if (standing := upcoming(state, command.at)) is None:
        raise Refused("no_appointment", "there is no appointment to come")
    return [_cancelled(standing, command.reason)]


APPOINTMENTS: Mapping[type[Command], Callable[[Any, State], Sequence[Event]]] = {
    BookAppointment: book,
    CancelAppointment: cancel,
}
"""What commands about appointments lead to."""
