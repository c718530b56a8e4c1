"""Checking stored evidence against the events that tell of it: each fault is named, and nothing else is asked."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from vpr_events import store
from vpr_events.codec import Malformed
from vpr_events.contracts.session import SessionEvidenceCaptured, SessionEvidenceDiscarded, SessionEvidenceErased
from vpr_events.event import Recorded, stream_name
from vpr_events.tables import events
from vpr_evidence.chunked import examine
from vpr_evidence.encryption import Damaged
from vpr_evidence.keys import KeyMissing
from vpr_evidence.storage import NotStored
from vpr_service.evidence import Evidence
from vpr_video.evidence import items
from vpr_video.evidence.items import Row

CAPTURED = "session.evidence_captured.%"


@dataclass(frozen=True, slots=True)
class Checked:
    """An item, or a session's custody, and what is wrong with it; None: nothing is."""

    what: str
    fault: str | None = None

    def __str__(self) -> str:
        return f"{self.what}: {self.fault or 'whole'}"


async def check(engine: AsyncEngine, evidence: Evidence, session_id: UUID | None = None) -> AsyncIterator[Checked]:
    """Check every captured item of a session, or of all, and the chains of their sessions.

    Raises StorageUnavailable, and what an unreachable database raises.
    """
    async with engine.connect() as connection:
        streams = [stream_name("session", session_id)] if session_id else await _streams(connection)
    for stream in streams:
        async with engine.connect() as connection:
            try:
                past = (await store.load(connection, [stream]))[stream]
            except Malformed as error:
                yield Checked(stream, f"the custody log cannot be read: {error}")
                continue
        async for checked in _session(stream, past, engine, evidence):
            yield checked


async def _streams(connection: AsyncConnection) -> Sequence[str]:
    query = select(events.c.stream).where(events.c.type.like(CAPTURED)).distinct().order_by(events.c.stream)
    return (await connection.execute(query)).scalars().all()


async def _session(
    stream: str, past: Sequence[Recorded], engine: AsyncEngine, evidence: Evidence
) -> AsyncIterator[Checked]:
    for fault in _broken(past):
        yield Checked(stream, fault)
    captured: dict[UUID, SessionEvidenceCaptured] = {}
    for event in past:
        match event.data:
            case SessionEvidenceCaptured() as told:
                captured[told.evidence_id] = told
            case SessionEvidenceErased(evidence_id=gone) | SessionEvidenceDiscarded(evidence_id=gone):
                captured.pop(gone, None)
    for evidence_id, told in captured.items():
        async with engine.connect() as connection:
            row = await items.one_item(connection, evidence_id)
        yield Checked(f"{stream} evidence/{evidence_id}", await _fault(row, told, engine, evidence))


def _broken(past: Sequence[Recorded]) -> Sequence[str]:
    """Where a stream's chain breaks."""
    faults, previous = [], store.GENESIS
    for place, event in enumerate(past, 1):
        if event.version != place:
            faults.append(f"event {event.version} stands where {place} must")
        if store.chain_hash(previous, store.to_row(event)) != event.hash:
            faults.append(f"event {event.version} ({event.type}) is not what was chained")
        previous = event.hash
    return faults


async def _fault(row: Row | None, told: SessionEvidenceCaptured, engine: AsyncEngine, evidence: Evidence) -> str | None:
    if row is None:
        return "the item's row is missing"
    if row["wrapped_key"] is None:
        return "the item's key is missing, and no event tells of its erasure"
    if (row["sha256"], row["size"], row["media_type"]) != (told.sha256, told.size, told.media_type):
        return "the item's row says something else than the event"
    async with engine.connect() as connection:
        item = await items.chunked(connection, row)
    try:
        found = await examine(item, evidence.storage, evidence.keys)
    except Damaged as error:
        return f"what is stored was changed: {error}"
    except NotStored as error:
        return f"an object is missing: {error}"
    except KeyMissing:
        return "none of the given keys opens the item's key"
    if (found.sha256, found.size) != (told.sha256, told.size):
        return "what is stored is not what the event tells of"
    return None
