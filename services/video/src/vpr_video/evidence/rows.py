"""Events to rows: how far each item of evidence is."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, insert, update
from sqlalchemy.dialects.postgresql import insert as upsert

from vpr_events.contracts.session import (
    SessionEvidenceCaptured,
    SessionEvidenceClosed,
    SessionEvidenceCopyRequested,
    SessionEvidenceDiscarded,
    SessionEvidenceErased,
    SessionEvidenceOpened,
    SessionUploadBegun,
)
from vpr_events.event import Recorded
from vpr_events.writes import Write
from vpr_video.domain.items import MEDIA_SERVER, Stage
from vpr_video.tables import evidence, evidence_files

INSERT, INSERT_COPY = insert(evidence), insert(evidence)
_made = upsert(evidence)
CAPTURE = _made.on_conflict_do_update(
    index_elements=["id"],
    set_={
        name: _made.excluded[name]
        for name in ("state", "captured_at", "media_type", "size", "sha256", "incomplete", "made_with")
    },
)
"""An item that participants sent has its row; one that the service made gets it now."""
_one = update(evidence).where(evidence.c.id == bindparam("item"))
CLOSE = _one.values(state=Stage.CLOSING, reason=bindparam("why"))
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
        case SessionUploadBegun(evidence_id=item, kind=kind, link_id=link):
            sent = {"id": item, "kind": kind, "participant_id": link, "participant": None, "method": None}
            yield Write(session, INSERT, _row(event) | sent)
        case SessionEvidenceClosed(evidence_id=item, reason=why):
            yield Write(session, CLOSE, {"item": item, "why": why})
        case SessionEvidenceCaptured() as captured:
            yield Write(session, CAPTURE, _row(event) | _captured(event, captured))
        case SessionEvidenceCopyRequested() as copy:
            told = copy.model_dump(include={"copied_from", "kind", "purpose", "method"})
            yield Write(session, INSERT_COPY, _row(event) | told | {"id": copy.evidence_id, "state": Stage.MAKING})
        case SessionEvidenceDiscarded(evidence_id=item, reason=why):
            yield Write(session, DISCARD, {"item": item, "why": why})
            yield Write(session, NOTHING_KEPT, {"item": item})
        case SessionEvidenceErased(evidence_id=item, rule=why):
            yield Write(session, ERASE, {"item": item, "why": why})


def _row(event: Recorded) -> dict[str, Any]:
    row = {"session_id": event.entity_id, "report_id": event.correlation_id, "opened_at": event.occurred_at}
    return row | {"state": Stage.OPEN, "incomplete": False}


def _sender(opened: SessionEvidenceOpened) -> dict[str, Any]:
    return opened.model_dump(include={"kind", "participant_id", "participant", "method"})


def _captured(event: Recorded, captured: SessionEvidenceCaptured) -> dict[str, Any]:
    names = {"kind", "media_type", "size", "sha256", "incomplete", "participant_id", "made_with", "part_of"}
    told = captured.model_dump(include=names) | {"method": MEDIA_SERVER if captured.part_of else None}
    told["made_with"] = list(captured.made_with) if captured.made_with else None
    return told | {"id": captured.evidence_id, "state": Stage.CAPTURED, "captured_at": event.occurred_at}
