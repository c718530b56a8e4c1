"""What video decides about those in a session: waiting, admitted, allowing, connected, interrupted, gone and back."""

from uuid import UUID

import pytest

from tests.examples import NOON, minutes
from tests.unit.test_video_session import (
    ADMITTED,
    BOTH_IN,
    CONNECTED,
    CREATED,
    ENDED,
    LATE,
    OFFICER,
    OFFICER_IN,
    OPENED,
    OTHER,
    RESIDENT,
    RESIDENT_IN,
    VIEW,
    connect,
)
from vpr_events.contracts.session import (
    Consent,
    EndReason,
    Mode,
    Participant,
    SessionConnected,
    SessionConsented,
    SessionConsentWithdrawn,
    SessionEnded,
    SessionInterrupted,
    SessionModeChanged,
    SessionParticipantAdmitted,
    SessionParticipantJoined,
    SessionParticipantLeft,
    SessionResumed,
)
from vpr_events.decider import TimerFired
from vpr_events.testing import given
from vpr_video.domain.commands import Admit, ChangeMode, Interrupt, JoinStaff, Leave, Return, SetConsents
from vpr_video.domain.session import session
from vpr_video.domain.waiting import ALONE, INTERRUPTION, RECONNECTS_WITHIN, RETURNS_WITHIN

TALKING = (*BOTH_IN, CONNECTED)
IN_LOBBY = BOTH_IN[:-1]
LEFT = SessionParticipantLeft(participant_id=RESIDENT, kind=Participant.RESIDENT)
BROKEN = SessionInterrupted(kind=Participant.RESIDENT, participant_id=RESIDENT)
MENDED = SessionResumed(kind=Participant.RESIDENT, participant_id=RESIDENT)
INTERPRETER_IN = SessionParticipantJoined(participant_id=OTHER, kind=Participant.INTERPRETER)


def admit(who: UUID = RESIDENT, minute: float = 0) -> Admit:
    return Admit(at=NOON + minutes(minute), participant_id=who, staff_id=OFFICER)


def allow(*scopes: Consent, who: UUID = RESIDENT) -> SetConsents:
    return SetConsents(at=NOON, participant_id=who, scopes=frozenset(scopes))


def leave(who: UUID = RESIDENT) -> Leave:
    return Leave(at=NOON, participant_id=who)


def come_back(minute: float = 0) -> Return:
    return Return(at=NOON + minutes(minute), participant_id=RESIDENT)


def interrupt(who: UUID = RESIDENT) -> Interrupt:
    return Interrupt(at=NOON, participant_id=who)


def change(mode: Mode) -> ChangeMode:
    return ChangeMode(at=NOON, mode=mode)


def fired(name: str) -> TimerFired:
    return TimerFired(at=NOON + minutes(31), name=name, due_at=NOON + minutes(30))


def test_who_waits_is_let_in_once() -> None:
    given(session, *IN_LOBBY).when(admit()).then(ADMITTED)
    given(session, *BOTH_IN).when(admit()).then()


def test_nobody_is_let_in_who_is_not_there() -> None:
    given(session, CREATED).when(admit()).then_refused("no_such_participant")
    given(session, *BOTH_IN, LEFT).when(admit()).then_refused("participant_left")


def test_nobody_is_let_in_after_the_sessions_time() -> None:
    given(session, *IN_LOBBY).when(admit(minute=60)).then_refused("session_expired")
    given(session, *IN_LOBBY, ENDED).when(admit()).then_refused("session_ended")


@pytest.mark.parametrize("kind", [Participant.INTERPRETER, Participant.SPECIALIST, Participant.SUPERVISOR])
def test_a_third_participant_waits_like_the_resident(kind: Participant) -> None:
    joined = SessionParticipantJoined(participant_id=OTHER, kind=kind)
    given(session, CREATED).when(JoinStaff(at=NOON, staff_id=OTHER, kind=kind)).then(joined)
    assert session.fold([CREATED, joined]).inside(kind) == ()
    admitted = SessionParticipantAdmitted(participant_id=OTHER, kind=kind, admitted_by=OFFICER)
    given(session, CREATED, joined).when(admit(OTHER)).then(admitted)


def test_staff_come_in_by_one_place_and_never_the_residents() -> None:
    given(session, CREATED).when(JoinStaff(at=NOON, staff_id=OTHER, kind=Participant.RESIDENT)).then_refused("invalid")
    given(session, CREATED, INTERPRETER_IN).when(JoinStaff(at=NOON, staff_id=OTHER)).then_refused("in_another_place")


def test_consent_is_given_by_scope() -> None:
    both = SessionConsented(scopes=(Consent.LOCATION, Consent.SNAPSHOT), participant_id=RESIDENT)
    wanted = (Consent.VIEW, Consent.LOCATION, Consent.SNAPSHOT)
    given(session, *BOTH_IN).when(allow(*wanted)).then(both)
    given(session, *BOTH_IN, both).when(allow(*wanted)).then()


def test_consent_can_be_given_in_the_waiting_room() -> None:
    given(session, CREATED, OPENED, RESIDENT_IN).when(allow(Consent.VIEW)).then(VIEW)


def test_consent_is_each_participants_own() -> None:
    own = SessionConsented(scopes=(Consent.RECORD,), participant_id=OTHER)
    given(session, *BOTH_IN, INTERPRETER_IN).when(allow(Consent.RECORD, who=OTHER)).then(own)
    assert not session.fold([*BOTH_IN, INTERPRETER_IN, own]).allows(Consent.RECORD), "the resident did not"


def test_consent_taken_back_ends_the_picture_and_keeps_the_talk() -> None:
    back = SessionConsentWithdrawn(scopes=(Consent.VIEW,), participant_id=RESIDENT)
    given(session, *TALKING).when(allow()).then(back, SessionModeChanged(mode=Mode.AUDIO))
    given(session, *BOTH_IN).when(allow()).then(back)


def test_consent_needs_somebody_who_is_there() -> None:
    given(session, CREATED).when(allow(Consent.VIEW)).then_refused("no_such_participant")
    given(session, *BOTH_IN, LEFT).when(allow(Consent.VIEW)).then_refused("participant_left")


def test_a_picture_needs_leave_to_be_seen_and_talk_does_not() -> None:
    unseen = tuple(event for event in BOTH_IN if event != VIEW)
    given(session, *unseen).when(connect(Mode.VIDEO)).then_refused("view_not_allowed")
    given(session, *unseen).when(connect(Mode.AUDIO)).then(SessionConnected(mode=Mode.AUDIO))
    talking = (*unseen, SessionConnected(mode=Mode.CHAT))
    given(session, *talking).when(change(Mode.VIDEO)).then_refused("view_not_allowed")


def test_the_ladder_goes_both_ways() -> None:
    down = SessionModeChanged(mode=Mode.CHAT)
    given(session, *TALKING).when(change(Mode.CHAT)).then(down)
    given(session, *TALKING).when(change(Mode.VIDEO)).then()
    given(session, *TALKING, down).when(change(Mode.VIDEO)).then(SessionModeChanged(mode=Mode.VIDEO))
    given(session, *BOTH_IN).when(change(Mode.AUDIO)).then_refused("not_connected")


def test_a_broken_connection_is_told_once_and_mended_once() -> None:
    given(session, *TALKING).when(interrupt()).then(BROKEN)
    given(session, *TALKING, BROKEN).when(interrupt()).then()
    given(session, *TALKING, BROKEN).when(connect()).then(MENDED)
    given(session, *TALKING, BROKEN).when(connect(Mode.AUDIO)).then(MENDED, SessionModeChanged(mode=Mode.AUDIO))
    given(session, *TALKING, BROKEN, MENDED).when(connect()).then()


def test_nothing_breaks_that_was_not_connected() -> None:
    given(session, *BOTH_IN).when(interrupt()).then()
    given(session, *TALKING, ENDED).when(interrupt()).then()
    given(session, *TALKING).when(interrupt(OTHER)).then_refused("no_such_participant")


def test_hanging_up_ends_consent_and_coming_back_means_waiting_again() -> None:
    given(session, *TALKING).when(leave()).then(LEFT)
    given(session, *TALKING, LEFT).when(leave()).then()
    given(session, *TALKING, LEFT).when(come_back()).then(RESIDENT_IN)
    back = (*TALKING, LEFT, RESIDENT_IN)
    given(session, *back).when(come_back()).then()
    given(session, *back).when(connect(Mode.AUDIO)).then_refused("not_both_joined")
    given(session, *back, ADMITTED).when(connect()).then_refused("view_not_allowed")
    given(session, *back, ADMITTED, VIEW).when(connect()).then(MENDED)


def test_who_leaves_after_the_end_changes_nothing_and_nobody_comes_back() -> None:
    given(session, *TALKING, ENDED).when(leave()).then()
    given(session, *TALKING, LEFT, ENDED).when(come_back()).then_refused("session_ended")
    given(session, *TALKING, LEFT).when(come_back(60)).then_refused("session_expired")
    given(session, CREATED).when(come_back()).then_refused("no_such_participant")


def test_an_interruption_lasts_ten_minutes_at_most() -> None:
    broken = (*TALKING, BROKEN)
    assert session.timers(session.fold(broken)) == {"expiry": LATE, INTERRUPTION: RECONNECTS_WITHIN}
    given(session, *broken).when(fired(INTERRUPTION)).then(SessionEnded(reason=EndReason.FAILED))
    given(session, *broken, MENDED).when(fired(INTERRUPTION)).then()


def test_a_session_that_one_left_ends_unless_they_come_back() -> None:
    alone = (*TALKING, LEFT)
    assert session.timers(session.fold(alone)) == {"expiry": LATE, ALONE: RETURNS_WITHIN}
    given(session, *alone).when(fired(ALONE)).then(ENDED)
    given(session, *BOTH_IN, LEFT).when(fired(ALONE)).then()


def test_the_officer_who_left_takes_the_place_again() -> None:
    gone = SessionParticipantLeft(participant_id=OFFICER, kind=Participant.OFFICER)
    given(session, *TALKING, gone).when(JoinStaff(at=NOON, staff_id=OFFICER)).then(OFFICER_IN)
