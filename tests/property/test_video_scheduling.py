"""Whatever happens around an appointment, in whatever order: its rules hold."""

from collections.abc import Sequence
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tests.examples import NOON, minutes
from vpr_events.contracts.scheduled import SessionOfficerAbsent, SessionReminderDue, SessionScheduled
from vpr_events.contracts.session import (
    EndReason,
    Participant,
    SessionEnded,
    SessionExpired,
    SessionInviteOpened,
    SessionParticipantJoined,
    SessionParticipantLeft,
)
from vpr_events.decider import Command, Refused, TimerFired
from vpr_events.event import Event
from vpr_video.domain.commands import EndSession, JoinStaff, Leave, MoveSession, OpenInvite, Return, ScheduleSession
from vpr_video.domain.schedule import Invitation, Schedule
from vpr_video.domain.session import session
from vpr_video.domain.state import OVER, State

ZERO, OFFICER, RESIDENT = (UUID(int=number) for number in (0, 21, 11))
LAST = 400


def schedule(told_by: int, start: int) -> Schedule:
    at = NOON + minutes(start)
    return Schedule(at, "UTC", at - minutes(15), at + minutes(15), NOON + minutes(LAST), told_by, at - minutes(60))


def invitation(number: int) -> Invitation:
    return Invitation(UUID(int=number), "sms", NOON + minutes(LAST))


booking = ScheduleSession(
    at=NOON, request_id=ZERO, case_id=ZERO, report_id=ZERO, officer_id=OFFICER, expires_at=NOON + minutes(LAST),
    schedule=schedule(1, 120), invitation=invitation(1),
)  # fmt: skip
moves = st.builds(
    lambda told_by, start: MoveSession(at=NOON, schedule=schedule(told_by, start), invitation=invitation(told_by)),
    st.integers(1, 4),
    st.sampled_from([100, 120, 180, 240]),
)
ends = st.builds(
    EndSession, at=st.just(NOON), reason=st.sampled_from([EndReason.APPOINTMENT_CANCELLED, EndReason.COMPLETED])
)
moments = st.integers(0, LAST).map(lambda count: NOON + minutes(count))
coming: st.SearchStrategy[Command] = st.one_of(
    st.builds(
        OpenInvite, at=moments, invite_id=st.integers(1, 4).map(lambda n: UUID(int=n)), participant_id=st.just(RESIDENT)
    ),
    st.builds(JoinStaff, at=moments, staff_id=st.just(OFFICER)),
    st.builds(Leave, at=moments, participant_id=st.sampled_from([OFFICER, RESIDENT])),
    st.builds(Return, at=moments, participant_id=st.sampled_from([OFFICER, RESIDENT])),
)
lives = st.lists(st.one_of(moves, coming, coming, ends, st.just("time")), max_size=14)


def attempt(command: Command, state: State) -> Sequence[Event]:
    try:
        return session.decide(command, state)
    except Refused:
        return []


def due(state: State) -> TimerFired | None:
    """The timer that is due first; those of a session for now have no moment."""
    moments = [(at, name) for name, at in session.timers(state).items() if not hasattr(at, "days")]
    return TimerFired(at=min(moments)[0], name=min(moments)[1], due_at=min(moments)[0]) if moments else None


def lived(life: Sequence[Command | str]) -> list[Event]:
    """The events of a life; "time" lets the timer fire that is due first."""
    state, events = session.initial, list[Event]()
    for one in [booking, *life]:
        command = due(state) if isinstance(one, str) else one
        new = attempt(command, state) if command else []
        state = session.fold(new, state)
        events += new
        if isinstance(command, TimerFired):
            assert session.timers(state).get(command.name) != command.due_at, "a timer that fired is gone"
    return events


@given(lives)
def test_a_no_show_is_one_where_an_officer_came_and_the_resident_did_not(life: list[Command | str]) -> None:
    came, there = set[Participant](), set[Participant]()
    for event in lived(life):
        match event:
            case SessionScheduled():
                came = set(there)
            case SessionParticipantJoined(kind=kind):
                came.add(kind)
                there.add(kind)
            case SessionParticipantLeft(kind=kind):
                there.discard(kind)
            case SessionEnded(reason=EndReason.NO_SHOW):
                assert Participant.OFFICER in came
                assert Participant.RESIDENT not in came
            case SessionOfficerAbsent():
                assert Participant.OFFICER not in came
                assert event.resident_came == (Participant.RESIDENT in came)


@given(lives)
def test_one_reminder_a_time_and_none_to_who_came(life: list[Command | str]) -> None:
    reminded, opened = False, False
    for event in lived(life):
        match event:
            case SessionScheduled():
                reminded = opened = False
            case SessionInviteOpened():
                opened = True
            case SessionReminderDue():
                assert not reminded
                assert not opened
                reminded = True


@given(lives)
def test_nothing_is_awaited_or_said_after_the_end(life: list[Command | str]) -> None:
    events = lived(life)
    over = [isinstance(event, (SessionEnded, SessionExpired)) for event in events]
    assert not any(over[:-1])
    state = session.fold(events)
    assert bool(session.timers(state)) == (state.status not in OVER)


@given(lives, st.permutations([2, 3, 4]), st.booleans())
def test_the_times_end_up_the_same_in_whatever_order_they_are_told(
    life: list[Command | str], order: list[int], twice: bool
) -> None:
    past = session.fold(lived([one for one in life if not isinstance(one, (EndSession, MoveSession, str))]))
    told = [*order, *(order if twice else ())]
    for number in told:
        moving = MoveSession(at=NOON, schedule=schedule(number, 60 * number), invitation=invitation(number))
        past = session.fold(attempt(moving, past), past)
    assert past.schedule == schedule(4, 240)
    assert past.invites[-1].id == UUID(int=4)
