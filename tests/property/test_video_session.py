"""Whatever is asked of a session, in whatever order: its rules hold."""

from collections.abc import Sequence
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tests.examples import NOON, minutes
from vpr_events.contracts.session import (
    EndReason,
    Mode,
    SessionConnected,
    SessionCreated,
    SessionEnded,
    SessionExpired,
    SessionInviteOpened,
    SessionInviteSent,
    SessionParticipantJoined,
)
from vpr_events.decider import Command, Refused, TimerFired
from vpr_events.event import Event
from vpr_video.domain.commands import Connect, CreateSession, EndSession, IssueInvite, JoinOfficer, OpenInvite
from vpr_video.domain.session import session

END = NOON + minutes(60)

ids = st.integers(1, 2).map(lambda number: UUID(int=number))
moments = st.sampled_from([0, 10, 20, 59, 60, 61]).map(lambda count: NOON + minutes(count))
creations = st.builds(
    CreateSession, at=moments, request_id=ids, case_id=ids, report_id=ids, officer_id=ids, expires_at=st.just(END)
)
meeting: st.SearchStrategy[Command] = st.one_of(
    st.builds(IssueInvite, at=moments, invite_id=ids, channel=st.just("link"), expires_at=moments),
    st.builds(OpenInvite, at=moments, invite_id=ids, participant_id=ids),
    st.builds(JoinOfficer, at=moments, officer_id=ids),
    st.builds(Connect, at=moments, mode=st.sampled_from(Mode)),
)
commands: st.SearchStrategy[Command] = st.one_of(
    creations,
    meeting,
    st.builds(EndSession, at=moments, reason=st.sampled_from(EndReason)),
    st.builds(TimerFired, at=moments, name=st.just("expiry"), due_at=moments),
)
SCRIPT: Sequence[Command] = (
    IssueInvite(at=NOON, invite_id=UUID(int=1), channel="link", expires_at=END),
    OpenInvite(at=NOON, invite_id=UUID(int=1), participant_id=UUID(int=1)),
    JoinOfficer(at=NOON, officer_id=UUID(int=1)),
    Connect(at=NOON, mode=Mode.VIDEO),
)
"""A meeting as it should go."""
LIKELY = (*SCRIPT, IssueInvite(at=NOON, invite_id=UUID(int=2), channel="link", expires_at=END))


@st.composite
def meetings(draw: st.DrawFn) -> list[Command]:
    """A meeting with other commands in between, any of them twice."""
    life: list[Command] = [draw(creations)]
    for command in SCRIPT:
        life += [command, *draw(st.lists(meeting | st.sampled_from(LIKELY), max_size=2))]
    return life + draw(st.lists(commands | st.sampled_from(LIKELY), max_size=10))


sequences = st.lists(commands, max_size=20) | meetings()

type Step = tuple[Command, Sequence[Event]]


def attempt(command: Command, past: Sequence[Event]) -> Sequence[Event]:
    """What a command leads to; nothing when it is refused."""
    try:
        return session.decide(command, session.fold(past))
    except Refused:
        return []


def steps_of(life: Sequence[Command]) -> list[Step]:
    past: list[Event] = []
    steps: list[Step] = []
    for command in life:
        new = attempt(command, past)
        past += new
        steps.append((command, new))
    return steps


def events_of(life: Sequence[Command]) -> list[Event]:
    return [event for _, events in steps_of(life) for event in events]


@given(sequences)
def test_a_session_begins_once(life: Sequence[Command]) -> None:
    kinds = [type(event) for event in events_of(life)]
    assert kinds.count(SessionCreated) == (1 if kinds else 0)
    assert not kinds or kinds[0] is SessionCreated


@given(sequences)
def test_an_invite_is_opened_at_most_once_and_only_while_it_is_the_newest(life: Sequence[Command]) -> None:
    sent: list[SessionInviteSent] = []
    opened: list[UUID] = []
    for command, events in steps_of(life):
        for event in events:
            if isinstance(event, SessionInviteSent):
                sent.append(event)
            if isinstance(event, SessionInviteOpened):
                assert event.invite_id == sent[-1].invite_id
                assert command.at < sent[-1].expires_at <= END
                opened.append(event.invite_id)
    assert len(opened) == len(set(opened))


@given(sequences)
def test_a_session_is_connected_at_most_once_and_only_with_both_in(life: Sequence[Command]) -> None:
    events = events_of(life)
    connected = [number for number, event in enumerate(events) if isinstance(event, SessionConnected)]
    assert len(connected) <= 1
    for number in connected:
        kinds = {event.kind for event in events[:number] if isinstance(event, SessionParticipantJoined)}
        assert kinds == {"officer", "resident"}


@given(sequences)
def test_nothing_follows_the_end(life: Sequence[Command]) -> None:
    events = events_of(life)
    over = [isinstance(event, (SessionEnded, SessionExpired)) for event in events]
    assert not any(over[:-1])
    timers = session.timers(session.fold(events))
    assert timers == ({"expiry": END} if events and not over[-1] else {})


@given(sequences)
def test_nobody_joins_after_the_sessions_time(life: Sequence[Command]) -> None:
    joined = [
        command.at for command, events in steps_of(life) for e in events if isinstance(e, SessionParticipantJoined)
    ]
    assert all(at < END for at in joined)


@given(sequences, commands)
def test_repeating_a_command_that_was_accepted_records_nothing(life: Sequence[Command], command: Command) -> None:
    past = events_of(life)
    past += attempt(command, past)
    assert not attempt(command, past)


@given(creations, st.permutations(SCRIPT))
def test_a_meeting_comes_about_only_in_its_order(creation: CreateSession, order: Sequence[Command]) -> None:
    events = events_of([creation, *order])
    invite, opening, _, connection = SCRIPT
    met = order.index(invite) < order.index(opening) and order[-1] == connection
    assert any(isinstance(event, SessionConnected) for event in events) == met
