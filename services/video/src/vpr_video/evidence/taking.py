"""Taking evidence: an item is opened, its chunks come one after the other, and it is completed."""

import asyncio
from collections.abc import AsyncIterable
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.exc import IntegrityError

from vpr_events import locks, timers
from vpr_events.contracts.session import EvidenceEnd, EvidenceKind
from vpr_events.decider import Refused
from vpr_events.event import stream_name
from vpr_events.outages import is_outage
from vpr_events.pipeline import Execution
from vpr_events.writes import run
from vpr_evidence.chunked import Chunk, hash_of, known_first, receive_chunk
from vpr_evidence.receiving import NotTaken, TooLarge, TypeRefused
from vpr_evidence.storage import StorageUnavailable, new_name
from vpr_service.evidence import Evidence, evidence_at, storing
from vpr_service.problems import Problem
from vpr_service.runtime import Runtime
from vpr_video.domain.evidence_commands import DiscardEvidence, EvidenceCommand
from vpr_video.domain.items import MEDIA_SERVER, Item, Stage
from vpr_video.domain.securing import COMPLETES_WITHIN, closed, timer_of
from vpr_video.domain.session import session
from vpr_video.evidence import items
from vpr_video.evidence.items import OBJECTS, Row
from vpr_video.evidence.kinds import check_size, type_of
from vpr_video.sending.wiring import settings_of

OFF = "evidence_off"

log = structlog.get_logger(__name__)


def evidence_of(runtime: Runtime) -> Evidence:
    """Where evidence lies. Raises Problem 503 where none is set up."""
    return evidence_at(settings_of(runtime), OFF)


def execution_of(row: Row, command: EvidenceCommand) -> Execution:
    """The command on the session that an item belongs to."""
    return Execution(decider=session, entity=row["session_id"], command=command, correlation_id=row["report_id"])


def problem_of(refused: NotTaken, field: str = "body") -> Problem:
    """The answer to what is not taken."""
    status = 413 if isinstance(refused, TooLarge) else 422
    return Problem(status, refused.code, str(refused), errors=[{"field": field, "detail": str(refused)}])


def expected(sequence: int) -> Problem:
    """409 that names the chunk to go on with."""
    errors = [{"field": "sequence", "detail": str(sequence)}]
    return Problem(409, "expected_sequence", f"the next chunk is number {sequence}", errors=errors)


def refuse_unless_open(row: Row | None) -> None:
    """Raise Refused for an item of which nothing more is taken."""
    if row is None or row["wrapped_key"] is None:
        raise Refused("evidence_closed", "nothing more is taken of this item: nothing of it is kept")
    if row["method"] == MEDIA_SERVER:
        raise Refused("at_media_server", "the media server makes this recording: it is stopped, and nothing is sent")
    if row["state"] != Stage.OPEN:
        reason = EvidenceEnd(row["reason"]) if row["reason"] in set(EvidenceEnd) else None
        raise closed(Item(row["id"], EvidenceKind(row["kind"]), row["participant_id"], Stage(row["state"]), reason))


async def take_chunk(row: Row, sequence: int, content: AsyncIterable[bytes], runtime: Runtime) -> None:
    """Store a chunk durably and acknowledge it; one that was acknowledged before is compared.

    Raises Refused for an item that takes no more, and Problem: 409 for a gap or for other bytes, 413 and 422 for what
    is not taken, 408, 503, 507.
    """
    refuse_unless_open(row)
    if sequence > row["chunks"]:
        raise expected(row["chunks"])
    try:
        if sequence < row["chunks"]:
            return await _compare(row, sequence, content, runtime)
        await _store(row, sequence, content, runtime)
    except TypeRefused as refused:
        await discard(row, refused, runtime)
        raise problem_of(refused) from None
    except NotTaken as refused:
        raise problem_of(refused) from None


async def discard(row: Row, refused: NotTaken, runtime: Runtime) -> None:
    """Nothing of an item is kept."""
    command = DiscardEvidence(at=runtime.now(), evidence_id=row["id"], reason=refused.code)
    await runtime.pipeline.execute(execution_of(row, command))


async def _compare(row: Row, sequence: int, content: AsyncIterable[bytes], runtime: Runtime) -> None:
    """A chunk that was acknowledged. Raises Problem 409 for one that holds something else."""
    given = await hash_of(content, settings_of(runtime).chunk_bytes)
    async with runtime.reading() as connection:
        _check_same(given, await items.hash_at(connection, row["id"], sequence))


def _check_same(given: str, acknowledged: str | None) -> None:
    if given != acknowledged:
        raise Problem(409, "chunk_differs", "this chunk was acknowledged with other bytes")


async def _store(row: Row, sequence: int, content: AsyncIterable[bytes], runtime: Runtime) -> None:
    settings, evidence, name = settings_of(runtime), evidence_of(runtime), new_name()
    kind, said = EvidenceKind(row["kind"]), row["declared_type"]
    first = known_first(content, lambda head: type_of(kind, head, said)) if sequence == 0 else content
    runtime.gate.check()
    async with runtime.engine.begin() as connection:
        await OBJECTS.begin(connection, name)
    kept = False
    try:
        with storing(OFF):
            async with asyncio.timeout(settings.upload_time.total_seconds()):
                chunk = await receive_chunk(
                    first,
                    item=row["id"],
                    wrapped_key=row["wrapped_key"],
                    sequence=sequence,
                    name=name,
                    most=settings.chunk_bytes,
                    storage=evidence.storage,
                    keys=evidence.keys,
                )
        check_size(kind, said, row["received"] + chunk.size, settings)
        await _check_session(row, chunk, runtime)
        kept = await _acknowledge(row, chunk, runtime)
    except IntegrityError:
        raise Refused("evidence_closed", "nothing more is taken of this item: it was erased meanwhile") from None
    finally:
        if not kept:
            await _let_go(name, evidence, runtime)


async def _check_session(row: Row, chunk: Chunk, runtime: Runtime) -> None:
    """Whether the session may have this chunk as well. Raises TooLarge."""
    most = settings_of(runtime).evidence_most_bytes
    async with runtime.reading() as connection:
        if await items.received_of(connection, row["session_id"]) + chunk.size > most:
            raise TooLarge(f"the evidence of a session may have at most {most} bytes")


async def _acknowledge(row: Row, chunk: Chunk, runtime: Runtime) -> bool:
    """Under the lock of the session's stream: a consent that is withdrawn comes before or after, never in between.

    Whether the chunk is kept: not one that somebody else sent at the same time.
    """
    stream, now = stream_name("session", row["session_id"]), runtime.now()
    async with runtime.engine.begin() as connection:
        await locks.wait_for(connection, [stream])
        current = await items.one_item(connection, row["id"])
        refuse_unless_open(current)
        if current is not None and chunk.sequence < current["chunks"]:
            _check_same(chunk.sha256, await items.hash_at(connection, row["id"], chunk.sequence))
            return False
        renewed = timers.moved(stream, timer_of(row["id"]), _until(now))
        await run(connection, [*items.chunk_kept(row, chunk, now), renewed])
    return True


def _until(now: datetime) -> datetime:
    return now + COMPLETES_WITHIN


async def _let_go(name: str, evidence: Evidence, runtime: Runtime) -> None:
    """Remove what is not kept. What cannot be removed now, the sweeper removes later."""
    try:
        await OBJECTS.discard(runtime.engine, evidence.storage, [name])
    except Exception as error:
        if not (is_outage(error) or isinstance(error, StorageUnavailable)):
            raise
        log.warning("a chunk is left to the sweeper", error=type(error).__name__)


async def item_row(session_id: UUID, evidence_id: UUID, runtime: Runtime) -> Row:
    """An item of this session. Raises Problem 404."""
    async with runtime.reading() as connection:
        row = await items.one_item(connection, evidence_id)
    if row is None or row["session_id"] != session_id:
        raise Problem(404, "no_such_evidence", "there is no such item of this session")
    return row
