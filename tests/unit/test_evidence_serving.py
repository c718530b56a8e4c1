"""Recordings at the media server: what begins, ends and completes them, and which feed is recorded when."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from tests.examples import NOON
from tests.unit.test_evidence_securing import ALLOWED, HASH, ITEM, NEXT, TAKEN_BACK, UNRECORDED, closed, opened
from tests.unit.test_video_session import CASE, CONNECTED, ENDED, LATE, OFFICER, OTHER, REPORT, RESIDENT
from vpr_events.contracts.session import (
    Consent,
    EndReason,
    EvidenceEnd,
    EvidenceKind,
    Participant,
    SessionEvidenceCaptured,
    SessionInterrupted,
    SessionParticipantJoined,
    SessionParticipantLeft,
)
from vpr_events.decider import Command, TimerFired
from vpr_events.event import Event
from vpr_events.testing import given
from vpr_video.domain.commands import EndSession, Interrupt, Leave
from vpr_video.domain.evidence_commands import CaptureEvidence, CapturePart, OpenEvidence, StopRecording
from vpr_video.domain.items import MEDIA_SERVER
from vpr_video.domain.securing import LONGEST, timer_of
from vpr_video.domain.session import session
from vpr_video.media.recordings import Wanted, wanted_of
from vpr_video.seats import Seat

MADE_WITH = ("janus-pp-rec/1.1.2", "ffmpeg/7.1")
OTHER_IN = SessionParticipantJoined(participant_id=OTHER, kind=Participant.OFFICER)
OPEN = OpenEvidence(
    at=NOON, evidence_id=ITEM, kind=EvidenceKind.RECORDING, participant_id=OFFICER, acts=True, method=MEDIA_SERVER
)
STOP = StopRecording(at=NOON, evidence_id=ITEM, reason=EvidenceEnd.STOPPED)
CAPTURE = CaptureEvidence(at=NOON, evidence_id=ITEM, sha256=HASH, size=1, media_type="video/webm", made_with=MADE_WITH)
PART = CapturePart(
    at=NOON, evidence_id=NEXT, sha256=HASH, size=1, media_type="video/webm", made_with=MADE_WITH, part_of=ITEM
)


def served(item: UUID = ITEM) -> Event:
    return opened(item).model_copy(update={"method": MEDIA_SERVER})


def captured(item: UUID = ITEM, part_of: UUID | None = None, *, incomplete: bool = False) -> Event:
    return SessionEvidenceCaptured(
        evidence_id=item, kind=EvidenceKind.RECORDING, sha256=HASH, size=1, media_type="video/webm",
        incomplete=incomplete, participant_id=OFFICER, made_with=MADE_WITH, part_of=part_of,
    )  # fmt: skip


def left(who: UUID, kind: Participant) -> Event:
    return SessionParticipantLeft(participant_id=who, kind=kind)


RUNNING = (*ALLOWED, served())
STOPPED, LOST = closed(EvidenceEnd.STOPPED), closed(EvidenceEnd.LEFT)
OVER = EndSession(at=NOON, reason=EndReason.COMPLETED)
GONE = SessionInterrupted(kind=Participant.OFFICER, participant_id=OFFICER)


@pytest.mark.parametrize(
    ("past", "command", "events"),
    [
        (ALLOWED, OPEN, [served()]),
        (RUNNING, replace(OPEN, evidence_id=NEXT), [closed(EvidenceEnd.REPLACED), served(NEXT)]),
        (
            (*RUNNING, OTHER_IN),
            replace(OPEN, evidence_id=NEXT, participant_id=OTHER),
            [closed(EvidenceEnd.REPLACED), served(NEXT).model_copy(update={"participant_id": OTHER})],
        ),
        (RUNNING, STOP, [STOPPED]),
        ((*RUNNING, STOPPED), STOP, []),
        ((*RUNNING, STOPPED), CAPTURE, [captured()]),
        ((*RUNNING, STOPPED, captured()), CAPTURE, []),
        ((*RUNNING, STOPPED, captured()), PART, [captured(NEXT, ITEM)]),
        ((*RUNNING, STOPPED, captured(), captured(NEXT, ITEM)), PART, []),
        (RUNNING, UNRECORDED, [TAKEN_BACK, closed(EvidenceEnd.CONSENT_WITHDRAWN)]),
        (RUNNING, OVER, [closed(EvidenceEnd.SESSION_ENDED), ENDED]),
        ((*ALLOWED, opened()), OVER, [ENDED]),
        (RUNNING, Leave(at=NOON, participant_id=RESIDENT), [LOST, left(RESIDENT, Participant.RESIDENT)]),
        (RUNNING, Leave(at=NOON, participant_id=OFFICER), [LOST, left(OFFICER, Participant.OFFICER)]),
        ((*RUNNING, OTHER_IN), Leave(at=NOON, participant_id=OTHER), [left(OTHER, Participant.OFFICER)]),
        (RUNNING, Interrupt(at=NOON, participant_id=OFFICER), [LOST]),
        ((*RUNNING, CONNECTED), Interrupt(at=NOON, participant_id=OFFICER), [LOST, GONE]),
        (
            (*RUNNING, CONNECTED),
            Interrupt(at=NOON, participant_id=RESIDENT),
            [SessionInterrupted(kind=Participant.RESIDENT, participant_id=RESIDENT)],
        ),
        (RUNNING, TimerFired(at=NOON, name=timer_of(ITEM), due_at=NOON), [closed(EvidenceEnd.ABANDONED)]),
        (RUNNING, TimerFired(at=LATE, name="expiry", due_at=LATE), None),
    ],
)
def test_what_a_command_leads_to(past: tuple[Event, ...], command: Command, events: list[Event] | None) -> None:
    if events is not None:
        given(session, *past).when(command).then(*events)
    else:
        came = session.decide(command, session.fold(past))
        assert came[0] == closed(EvidenceEnd.SESSION_ENDED), "whatever ends the session"


@pytest.mark.parametrize(
    ("past", "command", "code"),
    [
        ((*ALLOWED, opened()), STOP, "not_at_media_server"),
        (ALLOWED, STOP, "no_such_evidence"),
        (ALLOWED, PART, "no_such_evidence"),
        (RUNNING, CAPTURE, "evidence_closed"),
        (RUNNING, replace(OPEN, evidence_id=NEXT, acts=False), "not_yours"),
    ],
)
def test_what_is_refused(past: tuple[Event, ...], command: Command, code: str) -> None:
    given(session, *past).when(command).then_refused(code)


def test_the_media_server_records_for_some_hours_at_most() -> None:
    assert dict(session.timers(session.fold(RUNNING)))[timer_of(ITEM)] == LONGEST


def person(who: UUID, kind: Participant, *consents: str, **changed: Any) -> dict[str, Any]:
    row = {"participant_id": who, "kind": kind, "consents": list(consents), "admitted_at": NOON, "left_at": None}
    return row | changed


DESK = person(OFFICER, Participant.OFFICER)
PHONE = person(RESIDENT, Participant.RESIDENT, Consent.VIEW, Consent.RECORD)
SECOND = UUID(int=51)
FOR_OFFICER = {"id": ITEM, "participant_id": OFFICER}


def seat(*people: dict[str, Any], served: Any = FOR_OFFICER, **row: Any) -> Seat:
    whole = {"id": UUID(int=1), "case_id": CASE, "report_id": REPORT, "version": 1, "ended_at": None} | row
    return Seat(whole, people, RESIDENT, served=served)


@pytest.mark.parametrize(
    ("place", "online", "wanted"),
    [
        (seat(DESK, PHONE), [OFFICER, RESIDENT], Wanted(ITEM, pictures=True)),
        (seat(DESK, PHONE | {"consents": ["record"]}), [OFFICER], Wanted(ITEM, pictures=False)),
        (seat(DESK, PHONE | {"consents": ["view"]}), [OFFICER], None),
        (seat(DESK, PHONE, served=None), [OFFICER], None),
        (seat(DESK, PHONE), [RESIDENT], None),
        (seat(DESK | {"left_at": NOON}, PHONE), [OFFICER], None),
        (seat(DESK, PHONE | {"left_at": NOON}), [OFFICER], None),
        (seat(DESK, PHONE | {"admitted_at": None}), [OFFICER], None),
        (seat(DESK, PHONE, ended_at=NOON), [OFFICER], None),
        (seat(DESK, person(SECOND, Participant.RESIDENT, "record", "view"), PHONE), [OFFICER], None),
        (seat(DESK, PHONE, person(SECOND, Participant.RESIDENT, "view")), [OFFICER], None),
        (seat(DESK, PHONE, person(SECOND, Participant.INTERPRETER)), [OFFICER], Wanted(ITEM, pictures=True)),
    ],
    ids=["all", "heard", "no record", "none", "offline", "officer gone", "gone", "waiting", "over", "not the first",
         "another without leave", "interpreter"],
)  # fmt: skip
def test_what_is_recorded_of_a_resident(place: Seat, online: Sequence[UUID], wanted: Wanted | None) -> None:
    assert wanted_of(place, online) == wanted
