"""Guests: each command when it is right, refused, repeated, or out of place."""

from uuid import UUID

import pytest

from tests.examples import NOON, minutes
from tests.unit.test_video_session import BOTH_IN, ENDED, OFFICER
from vpr_events.contracts.session import (
    Consent,
    Participant,
    SessionConsented,
    SessionGuestInvited,
    SessionGuestInviteOpened,
    SessionGuestInviteRevoked,
    SessionParticipantAdmitted,
    SessionParticipantJoined,
)
from vpr_events.decider import Command
from vpr_events.event import Event
from vpr_events.testing import given
from vpr_video.domain.commands import Admit
from vpr_video.domain.guests import ComeAsGuest, InviteGuest, RevokeGuestInvite
from vpr_video.domain.session import session

INVITE, GUEST = UUID(int=61), UUID(int=62)
UNTIL = NOON + minutes(30)
ASKED = InviteGuest(at=NOON, invite_id=INVITE, kind=Participant.INTERPRETER, expires_at=UNTIL, staff_id=OFFICER)
COMES = ComeAsGuest(at=NOON, invite_id=INVITE, participant_id=GUEST)
TAKEN_BACK = RevokeGuestInvite(at=NOON, invite_id=INVITE, staff_id=OFFICER)
INVITED = SessionGuestInvited(invite_id=INVITE, kind=Participant.INTERPRETER, expires_at=UNTIL, invited_by=OFFICER)
CAME = (
    SessionGuestInviteOpened(invite_id=INVITE, participant_id=GUEST),
    SessionParticipantJoined(participant_id=GUEST, kind=Participant.INTERPRETER),
)
REVOKED = SessionGuestInviteRevoked(invite_id=INVITE, revoked_by=OFFICER)
ASKED_IN = (*BOTH_IN, INVITED)


def at(command: ComeAsGuest, count: int) -> ComeAsGuest:
    return ComeAsGuest(at=NOON + minutes(count), invite_id=command.invite_id, participant_id=command.participant_id)


def test_a_guest_is_invited_comes_once_and_is_let_in() -> None:
    given(session, *BOTH_IN).when(ASKED).then(INVITED)
    given(session, *ASKED_IN).when(COMES).then(*CAME)
    admitted = SessionParticipantAdmitted(participant_id=GUEST, kind=Participant.INTERPRETER, admitted_by=OFFICER)
    given(session, *ASKED_IN, *CAME).when(Admit(at=NOON, participant_id=GUEST, staff_id=OFFICER)).then(admitted)
    given(session, *ASKED_IN).when(TAKEN_BACK).then(REVOKED)


@pytest.mark.parametrize(
    ("past", "command"), [(ASKED_IN, ASKED), ((*ASKED_IN, REVOKED), TAKEN_BACK), ((*ASKED_IN, ENDED), TAKEN_BACK)]
)
def test_the_same_again_changes_nothing(past: tuple[Event, ...], command: Command) -> None:
    given(session, *past).when(command).then()


@pytest.mark.parametrize(
    ("past", "command", "code"),
    [
        (BOTH_IN, COMES, "no_such_invite"),
        (BOTH_IN, TAKEN_BACK, "no_such_invite"),
        ((*ASKED_IN, *CAME), COMES, "invite_used"),
        ((*ASKED_IN, *CAME), TAKEN_BACK, "invite_used"),
        ((*ASKED_IN, REVOKED), COMES, "invite_withdrawn"),
        (ASKED_IN, at(COMES, 30), "invite_expired"),
        ((*ASKED_IN, ENDED), COMES, "session_ended"),
        ((*BOTH_IN, ENDED), ASKED, "session_ended"),
    ],
)
def test_what_is_too_late_or_unknown_is_refused(past: tuple[Event, ...], command: Command, code: str) -> None:
    given(session, *past).when(command).then_refused(code)


@pytest.mark.parametrize("kind", [Participant.OFFICER, Participant.SUPERVISOR, Participant.RESIDENT])
def test_who_has_an_account_or_another_invitation_is_no_guest(kind: Participant) -> None:
    command = InviteGuest(at=NOON, invite_id=INVITE, kind=kind, expires_at=UNTIL, staff_id=OFFICER)
    given(session, *BOTH_IN).when(command).then_refused("invalid")


def test_what_a_guest_allows_is_no_consent_of_the_resident() -> None:
    admitted = SessionParticipantAdmitted(participant_id=GUEST, kind=Participant.INTERPRETER, admitted_by=OFFICER)
    allowing = SessionConsented(scopes=(Consent.RECORD,), participant_id=GUEST)
    assert not session.fold((*ASKED_IN, *CAME, admitted, allowing)).allows(Consent.RECORD)
