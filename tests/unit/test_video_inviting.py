"""An invitation that we send: issued, sent or failed, opened, taken back."""

from uuid import UUID

import pytest

from tests.examples import NOON, minutes
from vpr_events.contracts.session import (
    EndReason,
    Participant,
    SessionCreated,
    SessionEnded,
    SessionExpired,
    SessionInviteFailed,
    SessionInviteIssued,
    SessionInviteOpened,
    SessionInviteRevoked,
    SessionInviteSent,
    SessionParticipantJoined,
)
from vpr_events.decider import Command
from vpr_events.testing import given
from vpr_video.domain.commands import IssueInvite, NoteInviteFailed, NoteInviteSent, OpenInvite, RevokeInvite
from vpr_video.domain.session import session

FIRST, SECOND, RESIDENT = UUID(int=1), UUID(int=2), UUID(int=3)
LATE, END = NOON + minutes(60), NOON + minutes(30)
CREATED = SessionCreated(
    request_id=FIRST, case_id=FIRST, report_id=FIRST, officer_id=FIRST, expires_at=LATE
)  # fmt: skip


def issued(invite: UUID = FIRST) -> SessionInviteIssued:
    return SessionInviteIssued(
        invite_id=invite, channel="sms", expires_at=END, language="fr", neutral=True, fallback=True
    )


def sent(channel: str = "sms", invite: UUID = FIRST) -> SessionInviteSent:
    return SessionInviteSent(invite_id=invite, channel=channel, expires_at=END, neutral=True)


ISSUED, SENT = issued(), sent()
FAILED = SessionInviteFailed(invite_id=FIRST, reason="no_phone")
OPENED = SessionInviteOpened(invite_id=FIRST)
RESIDENT_IN = SessionParticipantJoined(participant_id=RESIDENT, kind=Participant.RESIDENT)
REVOKED = SessionInviteRevoked(invite_id=FIRST)

ISSUE = IssueInvite(at=NOON, invite_id=FIRST, channel="sms", expires_at=END, language="fr", neutral=True, fallback=True)
NOTE_SENT = NoteInviteSent(at=NOON, invite_id=FIRST, channel="sms")
NOTE_FAILED = NoteInviteFailed(at=NOON, invite_id=FIRST, reason="no_phone")
OPEN = OpenInvite(at=NOON, invite_id=FIRST, participant_id=RESIDENT)
REVOKE = RevokeInvite(at=NOON, invite_id=FIRST)


def test_what_we_send_is_issued_first() -> None:
    given(session, CREATED).when(ISSUE).then(ISSUED)
    given(session, CREATED, ISSUED).when(ISSUE).then()


@pytest.mark.parametrize("channel", ["link", "code"])
def test_what_the_officer_hands_over_is_sent_at_once(channel: str) -> None:
    command = IssueInvite(at=NOON, invite_id=FIRST, channel=channel, expires_at=END, neutral=True)
    given(session, CREATED).when(command).then(sent(channel))


def test_a_gateways_yes_is_noted_once() -> None:
    given(session, CREATED, ISSUED).when(NOTE_SENT).then(SENT)
    given(session, CREATED, ISSUED, SENT).when(NOTE_SENT).then()


def test_the_channel_that_took_it_is_told() -> None:
    by_email = NoteInviteSent(at=NOON, invite_id=FIRST, channel="email")
    given(session, CREATED, ISSUED).when(by_email).then(sent("email"))


def test_giving_up_is_noted_once_and_not_after_a_yes() -> None:
    given(session, CREATED, ISSUED).when(NOTE_FAILED).then(FAILED)
    given(session, CREATED, ISSUED, FAILED).when(NOTE_FAILED).then()
    given(session, CREATED, ISSUED, SENT).when(NOTE_FAILED).then()


def test_an_invitation_opens_before_the_gateway_said_yes_and_after_it_said_no() -> None:
    given(session, CREATED, ISSUED).when(OPEN).then(OPENED, RESIDENT_IN)
    given(session, CREATED, ISSUED, FAILED).when(OPEN).then(OPENED, RESIDENT_IN)


def test_an_invitation_is_taken_back_once() -> None:
    for past in ((CREATED, ISSUED), (CREATED, ISSUED, SENT), (CREATED, ISSUED, FAILED)):
        given(session, *past).when(REVOKE).then(REVOKED)
    given(session, CREATED, ISSUED, REVOKED).when(REVOKE).then()


def test_what_was_taken_back_opens_nothing() -> None:
    given(session, CREATED, ISSUED, REVOKED).when(OPEN).then_refused("invite_withdrawn")


def test_what_was_opened_is_not_taken_back() -> None:
    given(session, CREATED, ISSUED, SENT, OPENED, RESIDENT_IN).when(REVOKE).then_refused("invite_used")


def test_what_a_newer_one_replaced_need_not_be_taken_back() -> None:
    given(session, CREATED, ISSUED, issued(SECOND)).when(REVOKE).then()
    given(session, CREATED, ISSUED, issued(SECOND), SENT).when(OPEN).then_refused("invite_revoked")


def test_a_yes_that_comes_late_does_not_make_an_invitation_the_newest_again() -> None:
    again = OpenInvite(at=NOON, invite_id=SECOND, participant_id=RESIDENT)
    opened = SessionInviteOpened(invite_id=SECOND)
    given(session, CREATED, ISSUED, issued(SECOND), SENT).when(again).then(opened, RESIDENT_IN)


@pytest.mark.parametrize("command", [NOTE_SENT, NOTE_FAILED, REVOKE, OPEN], ids=lambda one: type(one).__name__)
def test_an_unknown_invitation(command: Command) -> None:
    given(session, CREATED, issued(SECOND)).when(command).then_refused("no_such_invite")


@pytest.mark.parametrize("over", [SessionEnded(reason=EndReason.COMPLETED), SessionExpired()])
@pytest.mark.parametrize("command", [NOTE_SENT, NOTE_FAILED, REVOKE], ids=lambda one: type(one).__name__)
def test_after_the_end_there_is_nothing_to_note(command: Command, over: SessionEnded | SessionExpired) -> None:
    given(session, CREATED, ISSUED, over).when(command).then()


def test_an_invitation_of_before_this_version_is_known_by_its_sending() -> None:
    given(session, CREATED, SENT).when(OPEN).then(OPENED, RESIDENT_IN)
