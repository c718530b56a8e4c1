"""What video decides about evidence: each command when it is right, refused, repeated, or out of place."""

from uuid import UUID

import pytest

from tests.examples import NOON, minutes
from tests.unit.test_video_session import BOTH_IN, ENDED, LATE, OFFICER, RESIDENT
from vpr_events.contracts.session import (
    Consent,
    EvidenceEnd,
    EvidenceKind,
    Participant,
    SessionConsented,
    SessionConsentWithdrawn,
    SessionEvidenceCaptured,
    SessionEvidenceClosed,
    SessionEvidenceDiscarded,
    SessionEvidenceOpened,
    SessionEvidenceViewed,
    SessionParticipantAdmitted,
    SessionParticipantJoined,
    SessionParticipantLeft,
)
from vpr_events.decider import Command, TimerFired
from vpr_events.event import Event
from vpr_events.testing import given
from vpr_video.domain.commands import Admit, SetConsents
from vpr_video.domain.evidence_commands import CaptureEvidence, DiscardEvidence, OpenEvidence, ViewEvidence
from vpr_video.domain.securing import COMPLETES_WITHIN, timer_of
from vpr_video.domain.session import session

ITEM, NEXT = UUID(int=41), UUID(int=42)
HASH, OTHER_HASH = "0" * 64, "1" * 64
RECORD = SessionConsented(scopes=(Consent.RECORD,), participant_id=RESIDENT)
ALLOWED = (*BOTH_IN, RECORD)


def opened(item: UUID = ITEM, kind: EvidenceKind = EvidenceKind.RECORDING) -> SessionEvidenceOpened:
    return SessionEvidenceOpened(evidence_id=item, kind=kind, participant_id=OFFICER, participant=Participant.OFFICER)


def closed(reason: EvidenceEnd, item: UUID = ITEM) -> SessionEvidenceClosed:
    return SessionEvidenceClosed(evidence_id=item, reason=reason)


def captured(*, incomplete: bool = False) -> SessionEvidenceCaptured:
    return SessionEvidenceCaptured(
        evidence_id=ITEM,
        kind=EvidenceKind.RECORDING,
        sha256=HASH,
        size=1,
        media_type="video/webm",
        incomplete=incomplete,
        participant_id=OFFICER,
    )


def open_(
    kind: EvidenceKind = EvidenceKind.RECORDING, *, item: UUID = ITEM, who: UUID = OFFICER, acts: bool = True
) -> OpenEvidence:
    return OpenEvidence(at=NOON, evidence_id=item, kind=kind, participant_id=who, acts=acts)


def capture(sha256: str = HASH, *, incomplete: bool = False) -> CaptureEvidence:
    return CaptureEvidence(
        at=NOON, evidence_id=ITEM, sha256=sha256, size=1, media_type="video/webm", incomplete=incomplete
    )


WITHDRAWN = closed(EvidenceEnd.CONSENT_WITHDRAWN)
DISCARDED = SessionEvidenceDiscarded(evidence_id=ITEM, reason="file_type_refused")
DISCARD = DiscardEvidence(at=NOON, evidence_id=ITEM, reason="file_type_refused")
VIEW = ViewEvidence(at=NOON, evidence_id=ITEM, viewer_id=OFFICER, purpose="claim")
VIEWED = SessionEvidenceViewed(evidence_id=ITEM, viewer_id=OFFICER, purpose="claim")
FIRED = TimerFired(at=NOON, name=timer_of(ITEM), due_at=NOON)
UNRECORDED = SetConsents(at=NOON, participant_id=RESIDENT, scopes=frozenset({Consent.VIEW}))
TAKEN_BACK = SessionConsentWithdrawn(scopes=(Consent.RECORD,), participant_id=RESIDENT)


@pytest.mark.parametrize(
    ("past", "command", "events"),
    [
        (ALLOWED, open_(), [opened()]),
        ((*ALLOWED, opened()), open_(), []),
        ((*ALLOWED, opened()), open_(item=NEXT), [closed(EvidenceEnd.REPLACED), opened(NEXT)]),
        (
            (*ALLOWED, opened()),
            open_(EvidenceKind.PHOTO, item=NEXT),
            [opened(NEXT, EvidenceKind.PHOTO)],
        ),
        ((*ALLOWED, opened()), capture(), [captured()]),
        ((*ALLOWED, opened(), captured()), capture(), []),
        ((*ALLOWED, opened(), ENDED), capture(), [captured()]),
        ((*ALLOWED, opened()), UNRECORDED, [TAKEN_BACK, WITHDRAWN]),
        ((*ALLOWED, opened(), captured()), UNRECORDED, [TAKEN_BACK]),
        ((*ALLOWED, opened(), WITHDRAWN), capture(incomplete=True), [captured(incomplete=True)]),
        ((*ALLOWED, opened()), FIRED, [closed(EvidenceEnd.ABANDONED)]),
        ((*ALLOWED, opened(), ENDED), FIRED, [closed(EvidenceEnd.ABANDONED)]),
        ((*ALLOWED, opened(), captured()), FIRED, []),
        ((*ALLOWED, opened()), DISCARD, [DISCARDED]),
        ((*ALLOWED, opened(), DISCARDED), DISCARD, []),
        ((*ALLOWED, opened(), captured()), DISCARD, []),
        ((*ALLOWED, opened(), captured()), VIEW, [VIEWED]),
        ((*ALLOWED, opened(), captured(), VIEWED, ENDED), VIEW, [VIEWED]),
    ],
)
def test_what_a_command_leads_to(past: tuple[Event, ...], command: Command, events: list[Event]) -> None:
    given(session, *past).when(command).then(*events)


@pytest.mark.parametrize(
    ("past", "command", "code"),
    [
        (BOTH_IN, open_(), "no_consent"),
        (BOTH_IN, open_(EvidenceKind.SNAPSHOT), "no_consent"),
        (ALLOWED, open_(acts=False), "not_yours"),
        (ALLOWED, open_(EvidenceKind.FILE, who=UUID(int=99)), "not_admitted"),
        ((*ALLOWED, ENDED), open_(EvidenceKind.PHOTO), "session_ended"),
        (ALLOWED, capture(), "no_such_evidence"),
        ((*ALLOWED, opened(), captured()), capture(OTHER_HASH), "evidence_closed"),
        ((*ALLOWED, opened(), WITHDRAWN), capture(), "consent_withdrawn"),
        ((*ALLOWED, opened()), capture(incomplete=True), "evidence_closed"),
        ((*ALLOWED, opened(), DISCARDED), capture(), "evidence_closed"),
        ((*ALLOWED, opened()), VIEW, "evidence_not_captured"),
        ((*ALLOWED, opened(), DISCARDED), VIEW, "evidence_not_captured"),
    ],
)
def test_what_is_refused(past: tuple[Event, ...], command: Command, code: str) -> None:
    given(session, *past).when(command).then_refused(code)


def test_a_resident_who_comes_back_without_leave_is_not_recorded() -> None:
    back = (
        SessionParticipantLeft(participant_id=RESIDENT, kind=Participant.RESIDENT),
        SessionParticipantJoined(participant_id=RESIDENT, kind=Participant.RESIDENT),
    )
    admit = Admit(at=NOON, participant_id=RESIDENT, staff_id=OFFICER)
    admitted = SessionParticipantAdmitted(participant_id=RESIDENT, kind=Participant.RESIDENT, admitted_by=OFFICER)
    given(session, *ALLOWED, opened(), *back).when(admit).then(admitted, WITHDRAWN)
    given(session, *ALLOWED, opened(), *back, RECORD).when(admit).then(admitted)


def test_an_open_item_has_a_timer_also_after_the_end_and_no_other_has() -> None:
    def timers(*more: Event) -> dict[str, object]:
        return dict(session.timers(session.fold((*ALLOWED, *more))))

    assert timers(opened())[timer_of(ITEM)] == COMPLETES_WITHIN
    assert timers(opened(), ENDED) == {timer_of(ITEM): COMPLETES_WITHIN}
    for more in (captured(), WITHDRAWN, DISCARDED):
        assert timers(opened(), ENDED, more) == {}
    assert timers()["expiry"] == LATE == NOON + minutes(60)
