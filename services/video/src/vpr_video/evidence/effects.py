"""What evidence makes video do: hash what was closed, read an image's facts, make copies and documents, remove."""

import asyncio
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy import bindparam, update

from vpr_events.contracts.session import (
    SessionEnded,
    SessionEvidenceCaptured,
    SessionEvidenceClosed,
    SessionEvidenceCopyRequested,
    SessionEvidenceDiscarded,
    SessionEvidenceErased,
    SessionExpired,
)
from vpr_events.effect_runner import Handler, Task, Tried
from vpr_events.effects import Effect
from vpr_events.event import Recorded
from vpr_events.writes import Write
from vpr_evidence.chunked import read_chunks
from vpr_evidence.encryption import Damaged
from vpr_evidence.facts import FORMATS, UNREADABLE, Facts, facts_of
from vpr_evidence.storage import NotStored
from vpr_service.evidence import Remover
from vpr_service.runtime import Runtime
from vpr_video.erased import ERASURE, OBJECT_REMOVAL
from vpr_video.evidence import items
from vpr_video.evidence.completing import CLOSING, REMOVAL, Closer, DiscardedRemover
from vpr_video.evidence.copying import COPYING, Copier
from vpr_video.evidence.documents import DOCUMENTING, Documenter
from vpr_video.evidence.erasing import Eraser
from vpr_video.evidence.recorded import REMOVING, FilesRemover
from vpr_video.evidence.taking import evidence_of
from vpr_video.sending.wiring import settings_of
from vpr_video.tables import evidence_files

FACTS = "evidence_facts"
"""The kind of the effect."""

SET_FACTS = (
    update(evidence_files).where(evidence_files.c.evidence_id == bindparam("item")).values(facts=bindparam("found"))
)


def follow_evidence(event: Recorded) -> Iterable[Effect | Write]:
    """The effects of an event about evidence."""
    match event.data:
        case SessionEvidenceClosed(evidence_id=item):
            told = {"evidence": str(item), "at": event.occurred_at.isoformat()}
            yield Effect(CLOSING, told, purpose=str(item))
        case SessionEvidenceDiscarded(evidence_id=item):
            yield _about(REMOVAL, item)
        case SessionEvidenceCaptured(evidence_id=item, media_type=media_type) if media_type in FORMATS:
            yield _about(FACTS, item)
        case SessionEvidenceCaptured(evidence_id=item, made_with=made_with, part_of=None) if made_with:
            yield _about(REMOVING, item)
        case SessionEvidenceErased(evidence_id=item):
            yield _about(REMOVING, item)
        case SessionEvidenceCopyRequested(evidence_id=item):
            yield _about(COPYING, item)
        case SessionEnded() | SessionExpired():
            yield Effect(DOCUMENTING, {"session": str(event.entity_id)})


def _about(kind: str, item: UUID) -> Effect:
    return Effect(kind, {"evidence": str(item)}, purpose=str(item))


@dataclass(frozen=True)
class FactsReader:
    """The handler that reads what an image tells of itself; the original keeps all of it."""

    runtime: Runtime

    async def __call__(self, task: Task) -> Tried:
        """Read one. An item that is erased by then has none."""
        async with self.runtime.reading() as connection:
            row = await items.one_item(connection, UUID(str(task.data["evidence"])))
            if row is None or row["wrapped_key"] is None:
                return Tried()
            item = await items.chunked(connection, row)
        evidence = evidence_of(self.runtime)
        try:
            content = b"".join([part async for part in read_chunks(item, evidence.storage, evidence.keys)])
        except (Damaged, NotStored):
            return Tried(writes=[_facts(item.id, UNREADABLE)])
        facts = await asyncio.to_thread(facts_of, content, row["media_type"])
        return Tried(writes=[_facts(item.id, facts)] if facts else ())


def _facts(item: UUID, facts: Facts) -> Write:
    return Write(item, SET_FACTS, {"item": item, "found": asdict(facts)})


def handlers(runtime: Runtime) -> dict[str, Handler]:
    """What carries the effects out, by their kind."""
    return {
        CLOSING: Closer(runtime),
        REMOVAL: DiscardedRemover(runtime),
        REMOVING: FilesRemover(runtime),
        FACTS: FactsReader(runtime),
        COPYING: Copier(runtime),
        DOCUMENTING: Documenter(runtime),
        ERASURE: Eraser(runtime),
        OBJECT_REMOVAL: Remover(settings_of(runtime), items.object_forgotten),
    }
