"""Whatever is asked of a session, in whatever order: its rules hold."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tests.examples import NOON, minutes
from vpr_events.contracts.session import (
    Consent,
    EndReason,
    Mode,
    Participant,
    SessionConnected,
    SessionConsented,
    SessionConsentWithdrawn,
    SessionCreated,
    SessionEnded,
    SessionExpired,
    SessionGuestInvited,
    SessionGuestInviteOpened,
    SessionGuestInviteRevoked,
    SessionInviteOpened,
    SessionInviteSent,
    SessionModeChanged,
    SessionParticipantAdmitted,
    SessionParticipantJoined,
    SessionParticipantLeft,
    SessionResumed,
)
from vpr_events.decider import Command, Refused, TimerFired
from vpr_events.event import Event
from vpr_video.domain.commands import (
    Admit,
    ChangeMode,
    Connect,
    CreateSession,
    EndSession,
    Interrupt,
    IssueInvite,
    JoinStaff,
    Leave,
    OpenInvite,
    Return,
    SetConsents,
)
from vpr_video.domain.guests import ComeAsGuest, InviteGuest, RevokeGuestInvite
from vpr_video.domain.session import session

END = NOON + minutes(60)

RESIDENT, OFFICER = UUID(int=11), UUID(int=21)

ids = st.integers(1, 2).map(lambda number: UUID(int=number))
residents = st.integers(11, 12).map(lambda number: UUID(int=number))
staff = st.integers(21, 22).map(lambda number: UUID(int=number))
guests = st.integers(31, 32).map(lambda number: UUID(int=number))
anyone = residents | staff | guests
moments = st.sampled_from([0, 10, 20, 59, 60, 61]).map(lambda count: NOON + minutes(count))
creations = st.builds(
    CreateSession, at=moments, request_id=ids, case_id=ids, report_id=ids, officer_id=ids, expires_at=st.just(END)
)
meeting: st.SearchStrategy[Command] = st.one_of(
    st.builds(IssueInvite, at=moments, invite_id=ids, channel=st.just("link"), expires_at=moments),
    st.builds(OpenInvite, at=moments, invite_id=ids, participant_id=residents),
    st.builds(JoinStaff, at=moments, staff_id=staff, kind=st.sampled_from(Participant)),
    st.builds(Admit, at=moments, participant_id=anyone, staff_id=staff),
    st.builds(SetConsents, at=moments, participant_id=anyone, scopes=st.frozensets(st.sampled_from(Consent))),
    st.builds(
        InviteGuest, at=moments, invite_id=ids, kind=st.sampled_from(Participant), expires_at=moments, staff_id=staff
    ),
    st.builds(RevokeGuestInvite, at=moments, invite_id=ids, staff_id=staff),
    st.builds(ComeAsGuest, at=moments, invite_id=ids, participant_id=guests),
    st.builds(Leave, at=moments, participant_id=anyone),
    st.builds(Return, at=moments, participant_id=anyone),
    st.builds(Interrupt, at=moments, participant_id=anyone),
    st.builds(ChangeMode, at=moments, mode=st.sampled_from(Mode)),
    st.builds(Connect, at=moments, mode=st.sampled_from(Mode)),
)
commands: st.SearchStrategy[Command] = st.one_of(
    creations,
    meeting,
    st.builds(EndSession, at=moments, reason=st.sampled_from(EndReason)),
    st.builds(TimerFired, at=moments, name=st.sampled_from(["expiry", "interruption", "alone"]), due_at=moments),
)
SCRIPT: Sequence[Command] = (
    IssueInvite(at=NOON, invite_id=UUID(int=1), channel="link", expires_at=END),
    OpenInvite(at=NOON, invite_id=UUID(int=1), participant_id=RESIDENT),
    JoinStaff(at=NOON, staff_id=OFFICER),
    SetConsents(at=NOON, participant_id=RESIDENT, scopes=frozenset({Consent.VIEW})),
    Admit(at=NOON, participant_id=RESIDENT, staff_id=OFFICER),
    Connect(at=NOON, mode=Mode.VIDEO),
)
"""A meeting as it should go."""
LIKELY = (
    *SCRIPT,
    IssueInvite(at=NOON, invite_id=UUID(int=2), channel="link", expires_at=END),
    Interrupt(at=NOON, participant_id=RESIDENT),
    Leave(at=NOON, participant_id=RESIDENT),
    Return(at=NOON, participant_id=RESIDENT),
    ChangeMode(at=NOON, mode=Mode.AUDIO),
    SetConsents(at=NOON, participant_id=RESIDENT, scopes=frozenset()),
)


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
def test_a_guests_link_is_spent_at_most_once_in_its_time_and_never_after_it_was_taken_back(
    life: Sequence[Command],
) -> None:
    until: dict[UUID, datetime] = {}
    for command, events in steps_of(life):
        for event in events:
            match event:
                case SessionGuestInvited(kind=kind):
                    assert kind in {Participant.INTERPRETER, Participant.SPECIALIST}
                    assert event.invite_id not in until
                    until[event.invite_id] = event.expires_at
                case SessionGuestInviteRevoked():
                    until[event.invite_id] = NOON - minutes(1)
                case SessionGuestInviteOpened():
                    assert command.at < until[event.invite_id]
                    until[event.invite_id] = NOON - minutes(1)


@dataclass
class Watched:
    """Who is in, who was let in and what they allow: told from the events alone, apart from the decider's own state."""

    kinds: dict[UUID, Participant] = field(default_factory=dict)
    admitted: set[UUID] = field(default_factory=set)
    viewed: set[UUID] = field(default_factory=set)

    def see(self, event: Event) -> None:
        """Take an event in."""
        match event:
            case SessionParticipantJoined():
                self._forget(event.participant_id)
                self.kinds[event.participant_id] = event.kind
                if event.kind is Participant.OFFICER:
                    self.admitted.add(event.participant_id)
            case SessionParticipantLeft():
                self._forget(event.participant_id)
            case SessionParticipantAdmitted():
                assert self.kinds[event.participant_id] is event.kind
                self.admitted.add(event.participant_id)
            case SessionConsented(participant_id=UUID() as who) if Consent.VIEW in event.scopes:
                self.viewed.add(who)
            case SessionConsentWithdrawn(participant_id=UUID() as who) if Consent.VIEW in event.scopes:
                assert who in self.viewed
                self.viewed.discard(who)

    def _forget(self, who: UUID) -> None:
        self.kinds.pop(who, None)
        self.admitted.discard(who)
        self.viewed.discard(who)

    def inside(self, kind: Participant) -> set[UUID]:
        """The admitted of a kind."""
        return {who for who in self.admitted if self.kinds[who] is kind}


@given(sequences)
def test_nobody_talks_or_is_seen_who_was_not_let_in_and_did_not_allow_it(life: Sequence[Command]) -> None:
    watched = Watched()
    for event in events_of(life):
        watched.see(event)
        match event:
            case SessionConnected() | SessionResumed():
                assert watched.inside(Participant.OFFICER)
                assert watched.inside(Participant.RESIDENT)
        match event:
            case SessionConnected(mode=Mode.VIDEO) | SessionModeChanged(mode=Mode.VIDEO):
                assert watched.inside(Participant.RESIDENT) <= watched.viewed


@given(sequences)
def test_a_session_is_connected_at_most_once(life: Sequence[Command]) -> None:
    kinds = [type(event) for event in events_of(life)]
    assert kinds.count(SessionConnected) <= 1
    assert SessionResumed not in kinds[: kinds.index(SessionConnected)] if SessionConnected in kinds else True


@given(sequences)
def test_nothing_follows_the_end(life: Sequence[Command]) -> None:
    events = events_of(life)
    over = [isinstance(event, (SessionEnded, SessionExpired)) for event in events]
    assert not any(over[:-1])
    timers = session.timers(session.fold(events))
    assert timers.get("expiry") == (END if events and not over[-1] else None)
    assert bool(timers) is bool(events and not over[-1])


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
    invite, opening, officer, consent, admission, connection = SCRIPT
    in_order = [order.index(one) for one in (invite, opening, admission, connection)]
    met = in_order == sorted(in_order) and order.index(opening) < order.index(consent) < order.index(connection)
    met = met and order.index(officer) < order.index(connection)
    assert any(isinstance(event, SessionConnected) for event in events) == met
