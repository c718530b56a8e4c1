"""What video decides about a session at a time that was agreed."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from tests.examples import NOON, minutes, recorded
from vpr_events.contracts.case import CaseAppointmentBooked, CaseAppointmentCancelled, CaseAppointmentMoved
from vpr_events.contracts.scheduled import SessionOfficerAbsent, SessionReminderDue
from vpr_events.contracts.session import (
    Consent,
    EndReason,
    Mode,
    Participant,
    SessionConnected,
    SessionConsented,
    SessionCreated,
    SessionEnded,
    SessionInviteFailed,
    SessionInviteIssued,
    SessionInviteOpened,
    SessionParticipantAdmitted,
    SessionParticipantJoined,
    SessionParticipantLeft,
)
from vpr_events.decider import TimerFired
from vpr_events.event import Event, Recorded, derived_id
from vpr_events.testing import given
from vpr_video.domain.commands import EndSession, MoveSession, NoteInviteFailed, OpenInvite, ScheduleSession
from vpr_video.domain.schedule import Invitation, Schedule
from vpr_video.domain.session import session, session_id
from vpr_video.reactors import LIFETIME, Leads, reactor

REQUEST, CASE, REPORT, OFFICER, INVITE, RESIDENT = (UUID(int=number) for number in range(1, 7))
START = NOON + minutes(120)
SCHEDULE = Schedule(
    START, "America/Winnipeg", START - minutes(15), START + minutes(15), START + LIFETIME, 3, START - minutes(60)
)
LATER = replace(SCHEDULE, starts_at=START + minutes(60), opens_at=START + minutes(45), missed_at=START + minutes(75),
                remind_at=START, told_by=4)  # fmt: skip
INVITATION = Invitation(INVITE, "sms", START + minutes(240))
BOOK = ScheduleSession(
    at=NOON, request_id=REQUEST, case_id=CASE, report_id=REPORT, officer_id=OFFICER, expires_at=SCHEDULE.expires_at,
    schedule=SCHEDULE, invitation=INVITATION,
)  # fmt: skip
CREATED = SessionCreated(
    request_id=REQUEST, case_id=CASE, report_id=REPORT, officer_id=OFFICER, expires_at=SCHEDULE.expires_at
)
ISSUED = SessionInviteIssued(
    invite_id=INVITE, channel="sms", expires_at=INVITATION.expires_at, language="und", fallback=True
)
BOOKED = (CREATED, SCHEDULE.event, ISSUED)
RESIDENT_IN = SessionParticipantJoined(participant_id=RESIDENT, kind=Participant.RESIDENT)
OFFICER_IN = SessionParticipantJoined(participant_id=OFFICER, kind=Participant.OFFICER)
CAME = (SessionInviteOpened(invite_id=INVITE), RESIDENT_IN)
REMINDED = SessionReminderDue(invite_id=INVITE, channel="sms")
NO_SHOW = SessionEnded(reason=EndReason.NO_SHOW)


def fired(name: str, schedule: Schedule = SCHEDULE) -> TimerFired:
    due = schedule.missed_at if name == "missed" else schedule.remind_at
    assert due
    return TimerFired(at=due, name=name, due_at=due)


def move(schedule: Schedule = LATER) -> MoveSession:
    return MoveSession(at=NOON + minutes(1), schedule=schedule)


def open_(at: int) -> OpenInvite:
    return OpenInvite(at=START + minutes(at), invite_id=INVITE, participant_id=RESIDENT)


def test_a_booking_makes_a_session_and_invites_once() -> None:
    given(session).when(BOOK).then(*BOOKED)
    given(session, *BOOKED).when(BOOK).then()
    given(session).when(replace(BOOK, invitation=None)).then(CREATED, SCHEDULE.event)


def test_the_latest_time_that_was_told_counts() -> None:
    given(session, *BOOKED).when(move()).then(LATER.event)
    given(session, *BOOKED, LATER.event).when(move()).then()
    given(session, *BOOKED, LATER.event).when(move(SCHEDULE)).then()
    given(session, *BOOKED, NO_SHOW).when(move()).then()
    given(session).when(move()).then_refused("no_such_session")


@pytest.mark.parametrize("reason", [EndReason.APPOINTMENT_CANCELLED, EndReason.CASE_CLOSED])
def test_before_its_time_it_ends_with_its_appointment_or_its_case_alone(reason: EndReason) -> None:
    given(session, *BOOKED).when(EndSession(at=NOON, reason=reason)).then(SessionEnded(reason=reason))
    completed = EndSession(at=NOON, reason=EndReason.COMPLETED)
    given(session, *BOOKED).when(completed).then_refused("appointment_ahead")
    given(session, *BOOKED).when(replace(completed, at=SCHEDULE.opens_at)).then(
        SessionEnded(reason=EndReason.COMPLETED)
    )


def test_the_resident_comes_in_some_minutes_before() -> None:
    given(session, *BOOKED).when(open_(-16)).then_refused("too_early")
    given(session, *BOOKED).when(open_(-15)).then(*CAME)
    given(session, *BOOKED, LATER.event).when(open_(-15)).then_refused("too_early")


def test_who_was_invited_and_did_not_come_yet_is_reminded_once() -> None:
    given(session, *BOOKED).when(fired("reminder")).then(REMINDED)
    given(session, *BOOKED, REMINDED).when(fired("reminder")).then()
    given(session, *BOOKED, *CAME).when(fired("reminder")).then()
    given(session, CREATED, SCHEDULE.event).when(fired("reminder")).then()
    given(session, *BOOKED, REMINDED, LATER.event).when(fired("reminder", LATER)).then(REMINDED)
    given(session, *BOOKED, LATER.event).when(fired("reminder")).then()


def test_who_does_not_come_while_an_officer_is_there_is_a_no_show() -> None:
    given(session, *BOOKED, OFFICER_IN).when(fired("missed")).then(NO_SHOW)
    left = SessionParticipantLeft(participant_id=OFFICER, kind=Participant.OFFICER)
    given(session, *BOOKED, OFFICER_IN, left).when(fired("missed")).then(NO_SHOW)
    given(session, *BOOKED, OFFICER_IN, *CAME).when(fired("missed")).then()
    given(session, *BOOKED, OFFICER_IN, LATER.event).when(fired("missed")).then()


@pytest.mark.parametrize("came", [False, True])
def test_without_an_officer_nobody_failed_to_come(came: bool) -> None:
    past = (*BOOKED, *(CAME if came else ()))
    given(session, *past).when(fired("missed")).then(SessionOfficerAbsent(resident_came=came))
    given(session, *past, SessionOfficerAbsent(resident_came=came)).when(fired("missed")).then()


def test_at_a_new_time_who_left_has_not_come_and_who_met_has_not_met() -> None:
    view = SessionConsented(scopes=(Consent.VIEW,), participant_id=RESIDENT)
    let_in = SessionParticipantAdmitted(participant_id=RESIDENT, kind=Participant.RESIDENT, admitted_by=OFFICER)
    met = (*BOOKED, *CAME, view, OFFICER_IN, let_in, SessionConnected(mode=Mode.VIDEO))
    gone = SessionParticipantLeft(participant_id=RESIDENT, kind=Participant.RESIDENT)
    assert set(session.timers(session.fold([*met, gone]))) == {"expiry", "alone"}
    assert set(session.timers(session.fold([*met, gone, LATER.event]))) == {"expiry", "missed"}
    given(session, *met, gone, LATER.event).when(fired("missed", LATER)).then(NO_SHOW)


def test_an_invitation_whose_words_could_endanger_goes_again_in_neutral_ones() -> None:
    failing = NoteInviteFailed(at=NOON, invite_id=INVITE, reason="neutral_needed")
    failed = SessionInviteFailed(invite_id=INVITE, reason="neutral_needed")
    neutral = ISSUED.model_copy(update={"invite_id": derived_id(INVITE, "neutral"), "neutral": True, "fallback": False})
    given(session, *BOOKED).when(failing).then(failed, neutral)
    given(session, CREATED, ISSUED).when(failing).then(failed)
    given(session, *BOOKED).when(replace(failing, reason="no_phone")).then(
        failed.model_copy(update={"reason": "no_phone"})
    )


LEADS = Leads(opens=minutes(10), reminds=minutes(30), misses=minutes(20), link=minutes(60), sends=("email",))
AGREED: dict[str, Any] = {
    "starts_at": START,
    "local_time": "2026-05-04T09:00",
    "zone": "America/Winnipeg",
    "request_id": REQUEST,
}


def told(event: Event) -> Recorded:
    return recorded(event, entity=CASE, report=REPORT)


def test_a_booking_of_triage_schedules_by_the_settings() -> None:
    booked = told(CaseAppointmentBooked(appointment_id=CASE, officer_id=OFFICER, category="theft", **AGREED))
    [execution] = reactor(LEADS)(booked, NOON)
    expires = START + LIFETIME
    schedule = Schedule(
        START, "America/Winnipeg", START - minutes(10), START + minutes(20), expires, 1, START - minutes(30)
    )
    invitation = Invitation(derived_id(booked.id, "invitation"), "email", START + minutes(60))
    expected = replace(BOOK, category="theft", expires_at=expires, schedule=schedule, invitation=invitation)
    assert (execution.entity, execution.command) == (session_id(REQUEST), expected)


def test_who_is_booked_later_than_a_reminder_would_come_gets_none() -> None:
    booked = told(CaseAppointmentBooked(appointment_id=CASE, officer_id=OFFICER, **AGREED))
    for leads, now in ((LEADS, START - minutes(30)), (replace(LEADS, reminds=minutes(0)), NOON)):
        [execution] = reactor(leads)(booked, now)
        assert isinstance(execution.command, ScheduleSession)
        assert execution.command.schedule.remind_at is None


def test_what_triage_moves_or_cancels_is_moved_or_ended() -> None:
    moved = told(CaseAppointmentMoved(appointment_id=CASE, channel="sms", language="fr", neutral=True, **AGREED))
    [execution] = reactor(LEADS)(moved, NOON)
    assert isinstance(execution.command, MoveSession)
    invitation = execution.command.invitation
    assert invitation
    assert (invitation.channel, invitation.language, invitation.neutral) == ("sms", "fr", True)
    for reason, end in (("not_needed", EndReason.APPOINTMENT_CANCELLED), ("case_closed", EndReason.CASE_CLOSED)):
        cancelled = told(CaseAppointmentCancelled(appointment_id=CASE, reason=reason, request_id=REQUEST))
        [execution] = reactor(LEADS)(cancelled, NOON)
        assert execution.command == EndSession(at=NOON, reason=end)


def test_appointments_from_before_sessions_followed_them_do_nothing() -> None:
    old: dict[str, Any] = {**AGREED, "request_id": None}
    for event in (
        CaseAppointmentBooked(appointment_id=CASE, **old),
        CaseAppointmentMoved(appointment_id=CASE, **old),
        CaseAppointmentCancelled(appointment_id=CASE, reason="not_needed"),
    ):
        assert not list(reactor(LEADS)(told(event), NOON))
