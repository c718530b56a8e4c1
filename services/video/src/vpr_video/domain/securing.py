"""Securing evidence: who may, for how long, and what becomes of what was not completed.

An item outlives its session: what was acknowledged is completed, closed and looked at after the end as well.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from vpr_events.contracts.session import (
    Consent,
    EvidenceEnd,
    EvidenceKind,
    SessionEvidenceCaptured,
    SessionEvidenceClosed,
    SessionEvidenceCopyRequested,
    SessionEvidenceDiscarded,
    SessionEvidenceErased,
    SessionEvidenceExported,
    SessionEvidenceOpened,
    SessionEvidenceViewed,
)
from vpr_events.decider import Command, Refused, TimerFired, Timers, Unknown
from vpr_events.event import Event
from vpr_video.domain.evidence_commands import (
    CaptureEvidence,
    DiscardEvidence,
    EraseEvidence,
    ExportEvidence,
    OpenEvidence,
    RequestCopy,
    SecureDocument,
    ViewEvidence,
)
from vpr_video.domain.items import MEDIA_SERVER, UNDER_WAY, Item, Stage, item_in, open_recordings
from vpr_video.domain.state import State
from vpr_video.domain.waiting import refuse_when_late, refuse_when_over

COMPLETES_WITHIN = timedelta(minutes=30)
"""How long an item may stay without another chunk."""

LONGEST = timedelta(hours=4)
"""How long the media server records for one item."""

SCOPES: Mapping[EvidenceKind, Consent] = {
    EvidenceKind.SNAPSHOT: Consent.SNAPSHOT,
    EvidenceKind.RECORDING: Consent.RECORD,
}
"""What the resident must allow."""

TIMER = "evidence/"


def timer_of(evidence_id: UUID) -> str:
    """The name of the timer that ends an item's waiting."""
    return f"{TIMER}{evidence_id}"


def evidence_timers(state: State) -> Timers:
    """When items that nobody completes are closed."""
    opened = (item for item in state.items if item.stage is Stage.OPEN)
    return {timer_of(item.id): LONGEST if item.served else COMPLETES_WITHIN for item in opened}


def open_evidence(command: OpenEvidence, state: State) -> Sequence[Event]:
    """What beginning to send leads to. A new recording replaces an earlier one of the same person.

    Of one session the media server makes one recording at a time.
    """
    if item_in(state.items, command.evidence_id):
        return []
    refuse_when_over(state)
    refuse_when_late(command, state)
    person = state.person(command.participant_id)
    if person is None or not (person.present and person.admitted):
        raise Refused("not_admitted", "who was not let in secures nothing")
    if scope := SCOPES.get(command.kind):
        _check_consent(command, scope, state)
    replaced = _replaced(command, state) if command.kind is EvidenceKind.RECORDING else ()
    opened = SessionEvidenceOpened(
        evidence_id=command.evidence_id,
        kind=command.kind,
        participant_id=person.id,
        participant=person.kind,
        method=command.method,
    )
    return [*closings(replaced, EvidenceEnd.REPLACED), opened]


def _replaced(command: OpenEvidence, state: State) -> Iterable[Item]:
    served = command.method == MEDIA_SERVER
    running = open_recordings(state.items)
    return [one for one in running if one.participant_id == command.participant_id or (served and one.served)]


def _check_consent(command: OpenEvidence, scope: Consent, state: State) -> None:
    if not command.acts:
        raise Refused("not_yours", f"only the officer who holds the case, or a supervisor, makes a {command.kind}")
    if not state.allows(scope):
        raise Refused("no_consent", f"the resident has not allowed this: {scope}")


def capture(command: CaptureEvidence, state: State) -> Sequence[Event]:
    """What knowing the hash leads to."""
    item = known(command.evidence_id, state)
    if item.stage is Stage.CAPTURED and item.sha256 == command.sha256:
        return []
    closing = command.incomplete or item.served
    wanted = Stage.CLOSING if closing else Stage.MAKING if item.copied_from else Stage.OPEN
    if item.stage is not wanted:
        raise closed(item)
    return [
        SessionEvidenceCaptured(
            evidence_id=item.id,
            kind=item.kind,
            sha256=command.sha256,
            size=command.size,
            media_type=command.media_type,
            incomplete=command.incomplete,
            participant_id=item.participant_id,
            made_with=command.made_with,
        )
    ]


def discard(command: DiscardEvidence, state: State) -> Sequence[Event]:
    """What keeping nothing leads to."""
    item = known(command.evidence_id, state)
    if item.stage not in UNDER_WAY:
        return []
    return [SessionEvidenceDiscarded(evidence_id=item.id, reason=command.reason)]


def view(command: ViewEvidence, state: State) -> Sequence[Event]:
    """What looking at an item leads to: it is recorded each time."""
    item = known(command.evidence_id, state)
    if item.stage is not Stage.CAPTURED:
        raise Refused("evidence_not_captured", f"there is nothing to be seen: it is {item.stage}")
    viewed = SessionEvidenceViewed(evidence_id=item.id, viewer_id=command.viewer_id, purpose=command.purpose)
    return [viewed]


def export(command: ExportEvidence, state: State) -> Sequence[Event]:
    """What handing an item over leads to: it is recorded each time."""
    item = known(command.evidence_id, state)
    if item.stage is not Stage.CAPTURED:
        raise Refused("evidence_not_captured", f"there is nothing to be handed over: it is {item.stage}")
    handed = SessionEvidenceExported(evidence_id=item.id, exporter_id=command.exporter_id, purpose=command.purpose)
    return [handed]


def erase(command: EraseEvidence, state: State) -> Sequence[Event]:
    """What erasing an item leads to: also one that was not captured yet takes nothing more."""
    item = known(command.evidence_id, state)
    if item.stage in {Stage.ERASED, Stage.DISCARDED}:
        return []
    return [SessionEvidenceErased(evidence_id=item.id, rule=command.rule)]


def request_copy(command: RequestCopy, state: State) -> Sequence[Event]:
    """What asking for a working copy leads to. Of a copy none is made: each has an original."""
    if item_in(state.items, command.evidence_id):
        return []
    original = known(command.copied_from, state)
    if original.stage is not Stage.CAPTURED:
        raise Refused("evidence_not_captured", f"there is nothing to be copied: it is {original.stage}")
    if original.copied_from:
        raise Refused("evidence_is_a_copy", "this is a copy: make another one of its original")
    return [
        SessionEvidenceCopyRequested(
            evidence_id=command.evidence_id,
            copied_from=original.id,
            kind=original.kind,
            requester_id=command.requester_id,
            purpose=command.purpose,
            method=command.method,
        )
    ]


def secure_document(command: SecureDocument, state: State) -> Sequence[Event]:
    """What a document that the service made leads to."""
    if item_in(state.items, command.evidence_id):
        return []
    return [
        SessionEvidenceCaptured(
            evidence_id=command.evidence_id,
            kind=command.kind,
            sha256=command.sha256,
            size=command.size,
            media_type=command.media_type,
            participant_id=command.staff_id,
        )
    ]


def abandon(command: TimerFired, state: State) -> Sequence[Event]:
    """What waiting in vain for another chunk leads to."""
    items = (one for one in state.items if timer_of(one.id) == command.name and one.stage is Stage.OPEN)
    return closings(items, EvidenceEnd.ABANDONED)


def closings(items: Iterable[Item], reason: EvidenceEnd) -> Sequence[Event]:
    """Nothing more is taken of these."""
    return [SessionEvidenceClosed(evidence_id=item.id, reason=reason) for item in items]


def without_consent(state: State) -> Sequence[Event]:
    """What the end of the consent to be recorded leads to: ``state`` is what it is before that."""
    return closings(open_recordings(state.items), EvidenceEnd.CONSENT_WITHDRAWN)


def without_link(link_id: UUID, state: State) -> Sequence[Event]:
    """What taking a link back leads to for what is being sent by it."""
    return closings(
        (one for one in state.items if one.participant_id == link_id and one.stage is Stage.OPEN), EvidenceEnd.STOPPED
    )


def closed(item: Item) -> Refused:
    """Why nothing more is taken of an item."""
    if item.reason is EvidenceEnd.CONSENT_WITHDRAWN:
        return Refused("consent_withdrawn", "the consent to be recorded was withdrawn: what was sent before is kept")
    return Refused("evidence_closed", f"nothing more is taken of this item: it is {item.stage}")


def known(evidence_id: UUID, state: State) -> Item:
    if item := item_in(state.items, evidence_id):
        return item
    raise Unknown("no_such_evidence", "there is no such item of this session")


SECURING: Mapping[type[Command], Callable[[Any, State], Sequence[Event]]] = {
    OpenEvidence: open_evidence,
    CaptureEvidence: capture,
    DiscardEvidence: discard,
    ViewEvidence: view,
    RequestCopy: request_copy,
    SecureDocument: secure_document,
    ExportEvidence: export,
    EraseEvidence: erase,
}
"""What is decided also after the session's end."""
