"""Uploads as a state machine: whatever is sent, again, out of turn, after a withdrawal or the end, its rules hold."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tests.examples import NOON
from tests.property.test_video_session import OFFICER, RESIDENT, SCRIPT, attempt, creations
from vpr_events.contracts.session import (
    Consent,
    EndReason,
    EvidenceEnd,
    EvidenceKind,
    Participant,
    SessionConsented,
    SessionConsentWithdrawn,
    SessionEnded,
    SessionEvidenceCaptured,
    SessionEvidenceClosed,
    SessionEvidenceDiscarded,
    SessionEvidenceOpened,
    SessionEvidenceViewed,
    SessionExpired,
    SessionInterrupted,
    SessionParticipantJoined,
    SessionParticipantLeft,
)
from vpr_events.decider import Command, TimerFired
from vpr_events.event import Event
from vpr_video.domain.commands import Admit, EndSession, Interrupt, JoinStaff, Leave, Return, SetConsents
from vpr_video.domain.evidence_commands import (
    CaptureEvidence,
    CapturePart,
    DiscardEvidence,
    OpenEvidence,
    StopRecording,
    ViewEvidence,
)
from vpr_video.domain.items import MEDIA_SERVER
from vpr_video.domain.securing import timer_of
from vpr_video.domain.session import session

OTHER = UUID(int=22)
items = st.integers(31, 33).map(lambda number: UUID(int=number))
hashes = st.sampled_from(["0" * 64, "1" * 64])
kinds = st.sampled_from([EvidenceKind.RECORDING, EvidenceKind.SNAPSHOT, EvidenceKind.PHOTO, EvidenceKind.FILE])
scopes = st.frozensets(st.sampled_from([Consent.VIEW, Consent.RECORD, Consent.SNAPSHOT]))
now = st.just(NOON)
opening = st.builds(
    OpenEvidence,
    at=now,
    evidence_id=items,
    kind=kinds,
    participant_id=st.sampled_from([OFFICER, RESIDENT]),
    acts=st.booleans(),
)
serving = st.builds(
    OpenEvidence,
    at=now,
    evidence_id=items,
    kind=st.just(EvidenceKind.RECORDING),
    participant_id=st.sampled_from([OFFICER, OTHER]),
    acts=st.just(True),
    method=st.just(MEDIA_SERVER),
)
commands: st.SearchStrategy[Command] = st.one_of(
    opening,
    opening,
    serving,
    st.builds(StopRecording, at=now, evidence_id=items, reason=st.just(EvidenceEnd.STOPPED)),
    st.builds(
        CapturePart,
        at=now,
        evidence_id=items,
        sha256=hashes,
        size=st.just(1),
        media_type=st.just("video/webm"),
        part_of=items,
    ),
    st.builds(Interrupt, at=now, participant_id=st.sampled_from([OFFICER, OTHER, RESIDENT])),
    st.builds(JoinStaff, at=now, staff_id=st.just(OTHER)),
    st.builds(Leave, at=now, participant_id=st.sampled_from([OFFICER, OTHER])),
    st.builds(
        CaptureEvidence,
        at=now,
        evidence_id=items,
        sha256=hashes,
        size=st.just(1),
        media_type=st.just("video/webm"),
        incomplete=st.booleans(),
    ),
    st.builds(DiscardEvidence, at=now, evidence_id=items, reason=st.just("file_empty")),
    st.builds(ViewEvidence, at=now, evidence_id=items, viewer_id=st.just(OFFICER), purpose=st.just("claim")),
    st.builds(TimerFired, at=now, name=items.map(timer_of), due_at=now),
    st.builds(SetConsents, at=now, participant_id=st.just(RESIDENT), scopes=scopes),
    st.builds(Leave, at=now, participant_id=st.just(RESIDENT)),
    st.builds(Return, at=now, participant_id=st.just(RESIDENT)),
    st.builds(Admit, at=now, participant_id=st.just(RESIDENT), staff_id=st.just(OFFICER)),
    st.builds(EndSession, at=now, reason=st.just(EndReason.COMPLETED)),
)


ITEM = UUID(int=31)
SERVED = UUID(int=32)
BEGINNING: Sequence[Command] = (
    *SCRIPT,
    SetConsents(at=NOON, participant_id=RESIDENT, scopes=frozenset({Consent.VIEW, Consent.RECORD, Consent.SNAPSHOT})),
    OpenEvidence(at=NOON, evidence_id=ITEM, kind=EvidenceKind.RECORDING, participant_id=OFFICER, acts=True),
)
CAPTURE = CaptureEvidence(at=NOON, evidence_id=ITEM, sha256="0" * 64, size=1, media_type="video/webm")
LIKELY = st.sampled_from(
    [
        SetConsents(at=NOON, participant_id=RESIDENT, scopes=frozenset({Consent.VIEW})),
        TimerFired(at=NOON, name=timer_of(ITEM), due_at=NOON),
        CAPTURE,
        replace(CAPTURE, incomplete=True),
        replace(CAPTURE, sha256="1" * 64),
        DiscardEvidence(at=NOON, evidence_id=ITEM, reason="file_empty"),
        ViewEvidence(at=NOON, evidence_id=ITEM, viewer_id=OFFICER, purpose="claim"),
        EndSession(at=NOON, reason=EndReason.COMPLETED),
        OpenEvidence(
            at=NOON,
            evidence_id=SERVED,
            kind=EvidenceKind.RECORDING,
            participant_id=OFFICER,
            acts=True,
            method=MEDIA_SERVER,
        ),
        StopRecording(at=NOON, evidence_id=SERVED, reason=EvidenceEnd.STOPPED),
        replace(CAPTURE, evidence_id=SERVED),
        Interrupt(at=NOON, participant_id=OFFICER),
    ]
)


@st.composite
def calls(draw: st.DrawFn) -> list[Event]:
    """All events of a call in which evidence is secured."""
    past: list[Event] = []
    for command in [draw(creations), *BEGINNING, *draw(st.lists(LIKELY | commands, max_size=12))]:
        past += attempt(command, past)
    return past


FINAL = (SessionEvidenceCaptured, SessionEvidenceDiscarded)


@given(calls())
def test_an_item_is_opened_once_closed_at_most_once_and_ends_once(events: Sequence[Event]) -> None:
    for item in {event.evidence_id for event in events if isinstance(event, SessionEvidenceOpened)}:
        own = [event for event in events if getattr(event, "evidence_id", None) == item]
        told = [type(event) for event in own if not isinstance(event, SessionEvidenceViewed)]
        assert told[0] is SessionEvidenceOpened
        assert len(told) == len(set(told))
        assert not any(kind in FINAL for kind in told[:-1])
        if SessionEvidenceCaptured in told and own[0].method:  # type: ignore[attr-defined]
            assert SessionEvidenceClosed in told, "the media server's is closed before it is known"
        elif SessionEvidenceCaptured in told and SessionEvidenceClosed in told:
            assert own[told.index(SessionEvidenceCaptured)].incomplete  # type: ignore[attr-defined]
        elif SessionEvidenceCaptured in told:
            assert not own[told.index(SessionEvidenceCaptured)].incomplete  # type: ignore[attr-defined]


@given(calls())
def test_nothing_is_seen_that_was_not_captured(events: Sequence[Event]) -> None:
    captured: set[UUID] = set()
    for event in events:
        if isinstance(event, SessionEvidenceCaptured):
            captured.add(event.evidence_id)
        if isinstance(event, SessionEvidenceViewed):
            assert event.evidence_id in captured


@given(calls())
def test_no_recording_begins_or_goes_on_after_its_consent_was_withdrawn(events: Sequence[Event]) -> None:
    """Told from the events alone, apart from the decider's own state."""
    allowed: set[Consent] = set()
    running: set[UUID] = set()
    for place, event in enumerate(events):
        match event:
            case SessionConsented(participant_id=who, scopes=given_) if who == RESIDENT:
                allowed |= set(given_)
            case SessionConsentWithdrawn(participant_id=who, scopes=taken) if who == RESIDENT:
                allowed -= set(taken)
                if Consent.RECORD in taken:
                    following = events[place + 1 : place + 1 + len(running)]
                    ended = {one.evidence_id for one in following if isinstance(one, SessionEvidenceClosed)}
                    assert running <= ended
            case SessionParticipantJoined(participant_id=who) | SessionParticipantLeft(participant_id=who):
                allowed = allowed if who != RESIDENT else set()
            case SessionEvidenceOpened(kind=EvidenceKind.RECORDING):
                assert Consent.RECORD in allowed
                running.add(event.evidence_id)
            case SessionEvidenceOpened(kind=EvidenceKind.SNAPSHOT):
                assert Consent.SNAPSHOT in allowed
            case SessionEvidenceClosed() | SessionEvidenceCaptured() | SessionEvidenceDiscarded():
                running.discard(event.evidence_id)


@given(calls())
def test_exactly_the_open_items_are_waited_for(events: Sequence[Event]) -> None:
    opened = {event.evidence_id for event in events if isinstance(event, SessionEvidenceOpened)}
    over = {
        event.evidence_id
        for event in events
        if isinstance(event, (SessionEvidenceClosed, SessionEvidenceCaptured, SessionEvidenceDiscarded))
    }
    timers = session.timers(session.fold(events))
    assert {name for name in timers if name.startswith("evidence/")} == {timer_of(item) for item in opened - over}


@given(calls(), commands.filter(lambda command: not isinstance(command, ViewEvidence)))
def test_repeating_a_command_that_was_accepted_records_nothing(events: Sequence[Event], command: Command) -> None:
    past = [*events, *attempt(command, events)]
    assert not attempt(command, past)


@given(calls())
def test_the_media_server_records_one_item_and_for_nobody_who_is_gone(events: Sequence[Event]) -> None:
    """Told from the events alone: ``running`` is for whom."""
    running: dict[UUID, UUID] = {}
    for event in events:
        match event:
            case SessionEvidenceOpened(method="media_server"):
                assert not running
                running[event.evidence_id] = event.participant_id
            case SessionEvidenceClosed() | SessionEvidenceDiscarded():
                running.pop(event.evidence_id, None)
            case SessionParticipantLeft(participant_id=who, kind=kind):
                assert who not in running.values()
                assert kind is not Participant.RESIDENT or not running
            case SessionInterrupted(participant_id=who):
                assert who not in running.values()
            case SessionEnded() | SessionExpired():
                assert not running
