"""Events to rows: how far each item of evidence is."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, insert, update

from vpr_events.contracts.session import (
    SessionEvidenceCaptured,
    SessionEvidenceClosed,
    SessionEvidenceDiscarded,
    SessionEvidenceErased,
    SessionEvidenceOpened,
)
from vpr_events.event import Recorded
from vpr_events.writes import Write
from vpr_video.domain.items import Stage
from vpr_video.tables import Moment, evidence, evidence_files

INSERT = insert(evidence)
_one = update(evidence).where(evidence.c.id == bindparam("item"))
CLOSE = _one.values(state=Stage.CLOSING, reason=bindparam("why"))
CAPTURE = _one.values(
    state=Stage.CAPTURED,
    captured_at=bindparam("at", type_=Moment),
    media_type=bindparam("type"),
    size=bindparam("bytes"),
    sha256=bindparam("hash"),
    incomplete=bindparam("part"),
)
DISCARD = _one.values(state=Stage.DISCARDED, reason=bindparam("why"))
ERASE = _one.values(state=Stage.ERASED, reason=bindparam("why"))
NOTHING_KEPT = (
    update(evidence_files)
    .where(evidence_files.c.evidence_id == bindparam("item"))
    .values(wrapped_key=None, file_name=None, note=None, device_time=None, facts=None)
)


def project_evidence(event: Recorded) -> Iterable[Write]:
    """Items of a session."""
    session = event.entity_id
    match event.data:
        case SessionEvidenceOpened() as opened:
            yield Write(session, INSERT, _row(event) | {"id": opened.evidence_id} | _sender(opened))
        case SessionEvidenceClosed(evidence_id=item, reason=why):
            yield Write(session, CLOSE, {"item": item, "why": why})
        case SessionEvidenceCaptured() as captured:
            made: dict[str, Any] = {"type": captured.media_type, "bytes": captured.size, "hash": captured.sha256}
            made |= {"at": event.occurred_at, "part": captured.incomplete, "item": captured.evidence_id}
            yield Write(session, CAPTURE, made)
        case SessionEvidenceDiscarded(evidence_id=item, reason=why):
            yield Write(session, DISCARD, {"item": item, "why": why})
            yield Write(session, NOTHING_KEPT, {"item": item})
        case SessionEvidenceErased(evidence_id=item, rule=why):
            yield Write(session, ERASE, {"item": item, "why": why})


def _row(event: Recorded) -> dict[str, Any]:
    row = {"session_id": event.entity_id, "report_id": event.correlation_id, "opened_at": event.occurred_at}
    return row | {"state": Stage.OPEN, "incomplete": False}


def _sender(opened: SessionEvidenceOpened) -> dict[str, Any]:
    return {"kind": opened.kind, "participant_id": opened.participant_id, "participant": opened.participant}
