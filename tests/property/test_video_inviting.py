"""Whatever is asked of a session's invitations, in whatever order: their rules hold."""

from collections.abc import Sequence
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tests.examples import NOON, minutes
from vpr_events.contracts.session import (
    EndReason,
    SessionCreated,
    SessionEnded,
    SessionInviteFailed,
    SessionInviteIssued,
    SessionInviteOpened,
    SessionInviteRevoked,
    SessionInviteSent,
)
from vpr_events.decider import Command, Refused
from vpr_events.event import Event
from vpr_video.domain.commands import (
    EndSession,
    IssueInvite,
    NoteInviteFailed,
    NoteInviteSent,
    OpenInvite,
    RevokeInvite,
)
from vpr_video.domain.inviting import SENT_BY_US
from vpr_video.domain.session import session

END = NOON + minutes(60)
ZERO = UUID(int=0)
CREATED = SessionCreated(request_id=ZERO, case_id=ZERO, report_id=ZERO, officer_id=ZERO, expires_at=END)

ids = st.integers(1, 3).map(lambda number: UUID(int=number))
moments = st.sampled_from([0, 10, 20, 59, 60]).map(lambda count: NOON + minutes(count))
channels = st.sampled_from(["sms", "email", "link", "code"])
commands: st.SearchStrategy[Command] = st.one_of(
    st.builds(IssueInvite, at=moments, invite_id=ids, channel=channels, expires_at=moments, neutral=st.booleans()),
    st.builds(NoteInviteSent, at=moments, invite_id=ids, channel=st.sampled_from(sorted(SENT_BY_US))),
    st.builds(NoteInviteFailed, at=moments, invite_id=ids, reason=st.just("timeout")),
    st.builds(RevokeInvite, at=moments, invite_id=ids),
    st.builds(OpenInvite, at=moments, invite_id=ids, participant_id=ids),
    st.builds(EndSession, at=moments, reason=st.just(EndReason.DECLINED)),
)
lives = st.lists(commands, max_size=25)


def decided(command: Command, past: Sequence[Event]) -> Sequence[Event]:
    """What a command leads to; nothing when it is refused."""
    try:
        return session.decide(command, session.fold(past))
    except Refused:
        return []


def events_of(life: Sequence[Command]) -> list[Event]:
    past: list[Event] = [CREATED]
    for command in life:
        past += decided(command, past)
    return past


type Told = SessionInviteIssued | SessionInviteSent | SessionInviteFailed | SessionInviteOpened | SessionInviteRevoked
KINDS: tuple[type[Told], ...] = (
    SessionInviteIssued, SessionInviteSent, SessionInviteFailed, SessionInviteOpened, SessionInviteRevoked,
)  # fmt: skip


def of[E: Event](kind: type[E], events: Sequence[Event]) -> list[E]:
    return [one for one in events if isinstance(one, kind)]


@given(lives)
def test_each_invitation_begins_once_is_sent_once_fails_once_and_opens_once(life: Sequence[Command]) -> None:
    events = events_of(life)
    for kind in (
        SessionInviteIssued,
        SessionInviteSent,
        SessionInviteFailed,
        SessionInviteOpened,
        SessionInviteRevoked,
    ):
        told = [one.invite_id for one in events if isinstance(one, kind)]
        assert len(told) == len(set(told)), kind


@given(lives)
def test_what_we_send_is_issued_before_it_is_sent_and_the_rest_is_never_issued(life: Sequence[Command]) -> None:
    issued: set[UUID] = set()
    for event in events_of(life):
        match event:
            case SessionInviteIssued():
                issued.add(event.invite_id)
            case SessionInviteSent():
                assert (event.invite_id in issued) == (event.channel in SENT_BY_US)


@given(lives)
def test_nothing_fails_that_was_sent(life: Sequence[Command]) -> None:
    sent: set[UUID] = set()
    for event in events_of(life):
        match event:
            case SessionInviteSent():
                sent.add(event.invite_id)
            case SessionInviteFailed():
                assert event.invite_id not in sent


@given(lives)
def test_only_the_newest_opens_and_never_one_that_was_taken_back(life: Sequence[Command]) -> None:
    begun: list[UUID] = []
    revoked: set[UUID] = set()
    for event in events_of(life):
        match event:
            case SessionInviteIssued():
                begun.append(event.invite_id)
            case SessionInviteSent() if event.invite_id not in begun:
                begun.append(event.invite_id)
            case SessionInviteRevoked():
                revoked.add(event.invite_id)
            case SessionInviteOpened():
                assert event.invite_id == begun[-1]
                assert event.invite_id not in revoked


@given(lives)
def test_nothing_follows_the_end(life: Sequence[Command]) -> None:
    events = events_of(life)
    assert not of(SessionEnded, events[:-1])


@given(lives, commands)
def test_a_repeated_command_records_nothing_more(life: Sequence[Command], command: Command) -> None:
    past = events_of(life)
    past += decided(command, past)
    assert not decided(command, past)
