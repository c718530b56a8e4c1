"""The end of an item: completed by who sent it, or closed with what was acknowledged.

All of it is read back for its hash: what the hash is of is what lies there, and opens.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from vpr_events import locks
from vpr_events.contracts.session import EvidenceKind
from vpr_events.effect_runner import Task, Tried
from vpr_events.event import stream_name
from vpr_events.leasing import renewing
from vpr_events.store import rerunning
from vpr_evidence.chunked import Chunked, Examined, examine, read_chunks
from vpr_evidence.encryption import Damaged
from vpr_evidence.receiving import NotTaken
from vpr_evidence.storage import NotStored
from vpr_service.evidence import storing
from vpr_service.problems import Problem, invalid_field
from vpr_service.runtime import Runtime
from vpr_video.domain.evidence_commands import CaptureEvidence, DiscardEvidence
from vpr_video.domain.items import MEDIA_SERVER, Stage
from vpr_video.evidence import items
from vpr_video.evidence.items import Row, object_forgotten
from vpr_video.evidence.kinds import check_size, type_of
from vpr_video.evidence.recorded import AGAIN, Taker, remove_files
from vpr_video.evidence.scanning import FROM_OUTSIDE, scanner_of
from vpr_video.evidence.taking import (
    OFF,
    discard,
    evidence_of,
    execution_of,
    expected,
    problem_of,
    refuse_unless_open,
)
from vpr_video.sending.wiring import settings_of

CLOSING, REMOVAL = "evidence_closing", "evidence_removal"
"""The kinds of the effects."""

log = structlog.get_logger(__name__)


async def complete(row: Row, chunks: int, sha256: str | None, runtime: Runtime) -> None:
    """An item is whole, with so many chunks. The same again changes nothing.

    Raises Refused for an item that takes no more; Problem 409 ``expected_sequence``, 422 ``hash_differs`` (it stays
    open), 422 ``file_type_refused`` and 413 (nothing of it is kept).
    """
    if row["state"] == Stage.CAPTURED and row["chunks"] == chunks and sha256 in {None, row["sha256"]}:
        return
    refuse_unless_open(row)
    if row["chunks"] != chunks:
        raise expected(row["chunks"])
    async with runtime.reading() as connection:
        item = await items.chunked(connection, row)
    try:
        with storing(OFF), _readable(row):
            command = await _examined(row, item, runtime)
    except NotTaken as refused:
        await discard(row, refused, runtime)
        raise problem_of(refused) from None
    if sha256 not in {None, command.sha256}:
        raise _differs()
    await rerunning(lambda: _capture(row, chunks, command, runtime))
    runtime.pipeline.committed()


def _differs() -> Problem:
    problem = invalid_field("sha256", "this is not the hash of what was acknowledged")
    problem.code = "hash_differs"
    return problem


async def _examined(row: Row, item: Chunked, runtime: Runtime, *, incomplete: bool = False) -> CaptureEvidence:
    """The command that captures what is stored. Raises NotTaken, and as reading does."""
    evidence = evidence_of(runtime)
    found: Examined = await examine(item, evidence.storage, evidence.keys)
    kind = EvidenceKind(row["kind"])
    media_type = type_of(kind, found.head, row["declared_type"])
    check_size(kind, media_type, found.size, settings_of(runtime))
    if kind in FROM_OUTSIDE and (scanner := scanner_of(settings_of(runtime))):
        await scanner.check(read_chunks(item, evidence.storage, evidence.keys))
    return CaptureEvidence(
        at=runtime.now(),
        evidence_id=row["id"],
        sha256=found.sha256,
        size=found.size,
        media_type=media_type,
        incomplete=incomplete,
    )


@contextmanager
def _readable(row: Row) -> Iterator[None]:
    """What is stored is what was acknowledged. Raises Problem 500."""
    try:
        yield
    except (Damaged, NotStored) as error:
        log.exception("evidence cannot be read", evidence=str(row["id"]), error=type(error).__name__)
        raise Problem(500, "evidence_damaged", "what is stored is not what was acknowledged") from None


async def _capture(row: Row, chunks: int, command: CaptureEvidence, runtime: Runtime) -> None:
    """Under the lock of the session's stream, that no chunk comes in between."""
    runtime.pipeline.gate()
    async with runtime.engine.begin() as connection:
        await locks.wait_for(connection, [stream_name("session", row["session_id"])])
        current = await items.one_item(connection, row["id"])
        if current is not None and current["chunks"] != chunks:
            raise expected(current["chunks"])
        await runtime.pipeline.apply(connection, [execution_of(row, command)])


@dataclass(frozen=True)
class Closer:
    """The handler that captures what was acknowledged of an item that nobody completed."""

    runtime: Runtime

    async def __call__(self, task: Task) -> Tried:
        """Close one; of which nothing came, or which is of no type that is taken, is discarded."""
        async with renewing(self.runtime.engine, task):
            return await self._close(UUID(str(task.data["evidence"])), task.data.get("at"))

    async def _close(self, evidence_id: UUID, at: object) -> Tried:
        async with self.runtime.reading() as connection:
            row = await items.one_item(connection, evidence_id)
            if row is None or row["state"] != Stage.CLOSING:
                return Tried()
            if row["wrapped_key"] is None:
                gone = DiscardEvidence(at=self.runtime.now(), evidence_id=row["id"], reason="erased")
                return Tried(executions=[execution_of(row, gone)])
            item = await items.chunked(connection, row)
        if row["method"] == MEDIA_SERVER:
            return await Taker(row, datetime.fromisoformat(str(at)) if at else None, self.runtime).taken()
        try:
            command: CaptureEvidence | DiscardEvidence = await _examined(row, item, self.runtime, incomplete=True)
        except NotTaken as refused:
            command = DiscardEvidence(at=self.runtime.now(), evidence_id=row["id"], reason=refused.code)
        return Tried(executions=[execution_of(row, command)])


@dataclass(frozen=True)
class DiscardedRemover:
    """The handler that removes what was stored of an item of which nothing is kept. Its key is gone already."""

    runtime: Runtime

    async def __call__(self, task: Task) -> Tried:
        """Remove its objects; what is gone is gone."""
        async with self.runtime.reading() as connection:
            chunks = await items.chunks_of(connection, UUID(str(task.data["evidence"])))
        for chunk in chunks:
            await evidence_of(self.runtime).storage.delete(chunk.name)
        again = AGAIN if remove_files(UUID(str(task.data["evidence"])), self.runtime) else None
        return Tried(writes=[write for chunk in chunks for write in object_forgotten(chunk.name)], again=again)
