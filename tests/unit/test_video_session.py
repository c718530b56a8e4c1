"""What video decides about a session: each command when it is right, refused, repeated, or out of place."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import pytest

from tests.examples import NOON, minutes
from vpr_events.contracts.session import (
    Consent,
    EndReason,
    Mode,
    Participant,
    SessionConnected,
    SessionConsented,
    SessionCreated,
    SessionEnded,
    SessionExpired,
    SessionInviteOpened,
    SessionInviteSent,
    SessionParticipantAdmitted,
    SessionParticipantJoined,
)
from vpr_events.decider import Command, TimerFired
from vpr_events.testing import given
from vpr_video.domain.commands import Connect, CreateSession, EndSession, IssueInvite, JoinStaff, OpenInvite
from vpr_video.domain.session import session

REQUEST, CASE, REPORT, OFFICER, OTHER, RESIDENT, FIRST, SECOND = (UUID(int=number) for number in range(1, 9))
LATE = NOON + minutes(60)
"""The session's end; an invite's is half an hour before."""
INVITE_END = NOON + minutes(30)

CREATED = SessionCreated(request_id=REQUEST, case_id=CASE, report_id=REPORT, officer_id=OFFICER, expires_at=LATE)
SENT = SessionInviteSent(invite_id=FIRST, channel="link", expires_at=INVITE_END)
SENT_AGAIN = SessionInviteSent(invite_id=SECOND, channel="link", expires_at=INVITE_END)
OPENED = SessionInviteOpened(invite_id=FIRST)
RESIDENT_IN = SessionParticipantJoined(participant_id=RESIDENT, kind=Participant.RESIDENT)
OFFICER_IN = SessionParticipantJoined(participant_id=OFFICER, kind=Participant.OFFICER)
CONNECTED = SessionConnected(mode=Mode.VIDEO)
ENDED = SessionEnded(reason=EndReason.COMPLETED)
EXPIRED = SessionExpired()

INVITED = (CREATED, SENT)
ADMITTED = SessionParticipantAdmitted(participant_id=RESIDENT, kind=Participant.RESIDENT, admitted_by=OFFICER)
VIEW = SessionConsented(scopes=(Consent.VIEW,), participant_id=RESIDENT)
BOTH_IN = (*INVITED, OPENED, RESIDENT_IN, VIEW, OFFICER_IN, ADMITTED)


def create() -> CreateSession:
    return CreateSession(
        at=NOON, request_id=REQUEST, case_id=CASE, report_id=REPORT, officer_id=OFFICER, expires_at=LATE
    )


def issue(invite: UUID = FIRST, at: datetime = NOON, expires_at: datetime = INVITE_END) -> IssueInvite:
    return IssueInvite(at=at, invite_id=invite, channel="link", expires_at=expires_at)


def open_(invite: UUID = FIRST, at: datetime = NOON, participant: UUID = RESIDENT) -> OpenInvite:
    return OpenInvite(at=at, invite_id=invite, participant_id=participant)


def join(officer: UUID = OFFICER, at: datetime = NOON) -> JoinStaff:
    return JoinStaff(at=at, staff_id=officer)


def connect(mode: Mode = Mode.VIDEO) -> Connect:
    return Connect(at=NOON, mode=mode)


def end(reason: EndReason = EndReason.COMPLETED) -> EndSession:
    return EndSession(at=NOON, reason=reason)


def expire(due_at: datetime = LATE, name: str = "expiry") -> TimerFired:
    return TimerFired(at=due_at + minutes(1), name=name, due_at=due_at)


OTHERS: Iterable[Command] = (issue(), open_(), join(), connect(), end(), expire())


@pytest.mark.parametrize("command", OTHERS, ids=lambda one: type(one).__name__)
def test_nothing_happens_in_a_session_that_was_not_created(command: Command) -> None:
    given(session).when(command).then_refused("no_such_session")


def test_a_request_creates_a_session() -> None:
    given(session).when(create()).then(CREATED)


@pytest.mark.parametrize("past", [(CREATED,), BOTH_IN, (CREATED, ENDED), (CREATED, EXPIRED)])
def test_a_session_is_created_once(past: tuple[SessionCreated]) -> None:
    given(session, *past).when(create()).then()


def test_a_waiting_session_takes_an_invite() -> None:
    given(session, CREATED).when(issue()).then(SENT)


def test_an_invite_may_last_as_long_as_its_session() -> None:
    expected = SessionInviteSent(invite_id=FIRST, channel="link", expires_at=LATE)
    given(session, CREATED).when(issue(expires_at=LATE)).then(expected)


def test_an_invite_never_outlives_its_session() -> None:
    given(session, CREATED).when(issue(expires_at=LATE + minutes(1))).then_refused("invalid")


def test_the_same_invite_is_sent_once() -> None:
    given(session, *INVITED).when(issue()).then()


def test_a_session_whose_time_is_over_takes_no_invite() -> None:
    given(session, CREATED).when(issue(at=LATE, expires_at=LATE)).then_refused("session_expired")


def test_a_connected_session_takes_another_invite_for_a_rejoin() -> None:
    given(session, *BOTH_IN, CONNECTED).when(issue(SECOND)).then(SENT_AGAIN)


def test_opening_an_invite_brings_the_resident_in() -> None:
    given(session, *INVITED).when(open_()).then(OPENED, RESIDENT_IN)


@pytest.mark.parametrize("participant", [RESIDENT, OTHER])
def test_an_invite_is_opened_once(participant: UUID) -> None:
    given(session, *INVITED, OPENED, RESIDENT_IN).when(open_(participant=participant)).then_refused("invite_used")


def test_an_unknown_invite_opens_nothing() -> None:
    given(session, *INVITED).when(open_(SECOND)).then_refused("no_such_invite")


def test_an_invite_is_good_until_its_end() -> None:
    given(session, *INVITED).when(open_(at=INVITE_END - minutes(1))).then(OPENED, RESIDENT_IN)
    given(session, *INVITED).when(open_(at=INVITE_END)).then_refused("invite_expired")


def test_a_newer_invite_revokes_an_unopened_one() -> None:
    given(session, *INVITED, SENT_AGAIN).when(open_(FIRST)).then_refused("invite_revoked")
    given(session, *INVITED, SENT_AGAIN).when(open_(SECOND)).then(SessionInviteOpened(invite_id=SECOND), RESIDENT_IN)


def test_a_newer_invite_does_not_unspend_an_opened_one() -> None:
    given(session, *INVITED, OPENED, RESIDENT_IN, SENT_AGAIN).when(open_(FIRST)).then_refused("invite_used")


def test_the_officer_joins() -> None:
    given(session, CREATED).when(join()).then(OFFICER_IN)


def test_the_officer_joins_once() -> None:
    given(session, CREATED, OFFICER_IN).when(join()).then()
    given(session, *BOTH_IN, CONNECTED).when(join(at=LATE)).then()


def test_another_officer_may_join_too() -> None:
    expected = SessionParticipantJoined(participant_id=OTHER, kind=Participant.OFFICER)
    given(session, CREATED, OFFICER_IN).when(join(OTHER)).then(expected)


def test_a_session_whose_time_is_over_cannot_be_joined() -> None:
    given(session, *INVITED).when(join(at=LATE)).then_refused("session_expired")


@pytest.mark.parametrize("mode", list(Mode))
def test_officer_and_resident_connect_when_both_are_in(mode: Mode) -> None:
    given(session, *BOTH_IN).when(connect(mode)).then(SessionConnected(mode=mode))


@pytest.mark.parametrize("past", [(CREATED,), (CREATED, OFFICER_IN), (*INVITED, OPENED, RESIDENT_IN), BOTH_IN[:-1]])
def test_nobody_connects_alone_or_from_the_waiting_room(past: tuple[SessionCreated]) -> None:
    given(session, *past).when(connect()).then_refused("not_both_joined")


@pytest.mark.parametrize("mode", [Mode.VIDEO, Mode.AUDIO])
def test_connecting_counts_once(mode: Mode) -> None:
    given(session, *BOTH_IN, CONNECTED).when(connect(mode)).then()


@pytest.mark.parametrize("past", [(CREATED,), INVITED, BOTH_IN, (*BOTH_IN, CONNECTED)])
def test_a_session_can_end_at_any_time(past: tuple[SessionCreated]) -> None:
    given(session, *past).when(end()).then(ENDED)


@pytest.mark.parametrize("over", [ENDED, EXPIRED])
def test_the_first_end_stays(over: SessionEnded | SessionExpired) -> None:
    given(session, CREATED, over).when(end(EndReason.CASE_CLOSED)).then()
    given(session, CREATED, over).when(expire()).then()


@pytest.mark.parametrize("command", [issue(SECOND), open_(), join(OTHER), connect()], ids=lambda c: type(c).__name__)
def test_nothing_happens_after_the_end(command: Command) -> None:
    given(session, *INVITED, ENDED).when(command).then_refused("session_ended")
    given(session, *INVITED, EXPIRED).when(command).then_refused("session_expired")


@pytest.mark.parametrize("past", [INVITED, BOTH_IN])
def test_a_session_without_a_meeting_expires(past: tuple[SessionCreated]) -> None:
    given(session, *past).when(expire()).then(EXPIRED)


def test_a_session_does_not_expire_early() -> None:
    given(session, *INVITED).when(expire(LATE - minutes(1))).then()
    given(session, *INVITED).when(expire(name="another")).then()


def test_a_meeting_that_nobody_ended_is_completed_not_expired() -> None:
    given(session, *BOTH_IN, CONNECTED).when(expire()).then(ENDED)


def test_who_was_awaited_and_did_not_come_is_a_no_show() -> None:
    given(session, *INVITED, OFFICER_IN).when(expire()).then(SessionEnded(reason=EndReason.NO_SHOW))
    given(session, CREATED, OFFICER_IN).when(expire()).then(EXPIRED)


@pytest.mark.parametrize("past", [(CREATED,), INVITED, BOTH_IN, (*BOTH_IN, CONNECTED)])
def test_an_open_session_waits_for_its_expiry(past: tuple[SessionCreated]) -> None:
    assert session.timers(session.fold(past)) == {"expiry": LATE}


@pytest.mark.parametrize("past", [(), (CREATED, ENDED), (CREATED, EXPIRED)])
def test_nothing_is_awaited_before_the_start_and_after_the_end(past: tuple[SessionCreated]) -> None:
    assert session.timers(session.fold(past)) == {}


def test_a_command_of_another_aggregate_is_a_fault() -> None:
    with pytest.raises(TypeError):
        session.decide(Command(at=NOON), session.fold([CREATED]))
