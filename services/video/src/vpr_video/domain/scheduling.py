"""Sessions at a time that was agreed: booked, moved, reminded of, and missed by one of the two."""

from collections.abc import Sequence

from vpr_events.contracts.scheduled import SessionOfficerAbsent, SessionReminderDue
from vpr_events.contracts.session import EndReason, Participant, SessionCreated, SessionEnded, SessionInviteIssued
from vpr_events.decider import Refused, TimerFired, Timers
from vpr_events.event import Event
from vpr_video.domain.commands import CreateSession, EndSession, MoveSession, ScheduleSession
from vpr_video.domain.invites import Invite
from vpr_video.domain.inviting import SENT_BY_US
from vpr_video.domain.schedule import Invitation
from vpr_video.domain.state import OVER, State, Status
from vpr_video.domain.waiting import is_ahead

REMINDER, MISSED = "reminder", "missed"

OF_THE_CASE = frozenset({EndReason.CASE_CLOSED, EndReason.APPOINTMENT_CANCELLED})
"""Reasons that follow from the case, and so count whenever they come."""


def create(command: CreateSession, state: State) -> Sequence[Event]:
    """What a request for video, or a booking, leads to; again is the same as once."""
    if state.status is not Status.NONE:
        return []
    created = SessionCreated(
        request_id=command.request_id,
        case_id=command.case_id,
        report_id=command.report_id,
        officer_id=command.officer_id,
        expires_at=command.expires_at,
        category=command.category,
    )
    return [created, *_told(command)] if isinstance(command, ScheduleSession) else [created]


def move(command: MoveSession, state: State) -> Sequence[Event]:
    """What a new time leads to: nothing once a later one was told, or the session is over."""
    known = state.schedule
    if state.status in OVER or known is None or command.schedule.told_by <= known.told_by:
        return []
    return _told(command)


def _told(command: ScheduleSession | MoveSession) -> Sequence[Event]:
    return [command.schedule.event, *([_issued(command.invitation)] if command.invitation else ())]


def _issued(invitation: Invitation) -> SessionInviteIssued:
    return SessionInviteIssued(
        invite_id=invitation.id,
        channel=invitation.channel,
        expires_at=invitation.expires_at,
        language=invitation.language,
        neutral=invitation.neutral,
        fallback=not invitation.neutral,
    )


def end(command: EndSession, state: State) -> Sequence[Event]:
    """What ending leads to. Before its time a session ends with its case or its appointment alone.

    Raises Refused ``appointment_ahead``.
    """
    if state.status in OVER:
        return []
    if is_ahead(command.at, state) and command.reason not in OF_THE_CASE:
        raise Refused("appointment_ahead", "the appointment is to come: move or cancel it in the queue")
    return [SessionEnded(reason=command.reason)]


def schedule_timers(state: State) -> Timers:
    """When the resident is reminded, and when it is looked who did not come."""
    if state.status in OVER or state.schedule is None:
        return {}
    due: Timers = {}
    if state.schedule.remind_at and not state.reminded and _to_remind(state):
        due = {REMINDER: state.schedule.remind_at}
    both = {Participant.OFFICER, Participant.RESIDENT} <= state.came
    return due if both or state.missed else {**due, MISSED: state.schedule.missed_at}


def _to_remind(state: State) -> Invite | None:
    """The invitation that we sent and nobody opened."""
    newest = state.invites[-1] if state.invites else None
    return newest if newest and newest.channel in SENT_BY_US and not (newest.opened or newest.revoked) else None


def schedule_fired(command: TimerFired, state: State) -> Sequence[Event]:
    """A reminder; or a no-show, which only is one where an officer had come."""
    if schedule_timers(state).get(command.name) != command.due_at:
        return []
    if command.name == REMINDER:
        invite = _to_remind(state)
        return [SessionReminderDue(invite_id=invite.id, channel=invite.channel)] if invite else []
    resident_came = Participant.RESIDENT in state.came
    if Participant.OFFICER in state.came:
        return [SessionEnded(reason=EndReason.NO_SHOW)]
    return [SessionOfficerAbsent(resident_came=resident_came)]
