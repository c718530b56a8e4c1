"""Items that the service makes itself: copies, and documents of what it holds. Stored as those that are sent."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from vpr_events.writes import Write
from vpr_evidence.chunked import Chunk, Passing, receive_chunk
from vpr_evidence.storage import new_name
from vpr_service.runtime import Runtime
from vpr_video.evidence.items import OBJECTS, chunk_kept
from vpr_video.evidence.taking import evidence_of
from vpr_video.sending.wiring import settings_of


@dataclass(frozen=True, slots=True)
class Made:
    """Content that is stored and that nothing needs yet."""

    chunks: Sequence[Chunk]
    sha256: str
    size: int

    def kept(self, evidence_id: UUID, report_id: UUID, runtime: Runtime) -> Iterable[Write]:
        """The rows by which the item needs it."""
        row = {"id": evidence_id, "report_id": report_id}
        return [write for chunk in self.chunks for write in chunk_kept(row, chunk, runtime.now())]


async def store(content: AsyncIterable[bytes], evidence_id: UUID, wrapped_key: bytes, runtime: Runtime) -> Made:
    """Store content in chunks. What nothing comes to need afterwards, the sweeper removes.

    Raises NotTaken for nothing at all, and as storing does.
    """
    evidence, most, whole = evidence_of(runtime), settings_of(runtime).chunk_bytes, Passing()
    chunks: list[Chunk] = []
    async for piece in _pieces(content, most):
        name = new_name()
        runtime.gate.check()
        async with runtime.engine.begin() as connection:
            await OBJECTS.begin(connection, name)
        chunk = await receive_chunk(
            _once(whole.note(piece)),
            item=evidence_id,
            wrapped_key=wrapped_key,
            sequence=len(chunks),
            name=name,
            most=most,
            storage=evidence.storage,
            keys=evidence.keys,
        )
        chunks.append(chunk)
    return Made(chunks, whole.digest.hexdigest(), whole.size)


async def _pieces(content: AsyncIterable[bytes], size: int) -> AsyncIterator[bytes]:
    waiting = bytearray()
    async for part in content:
        waiting += part
        while len(waiting) >= size:
            yield bytes(waiting[:size])
            del waiting[:size]
    if waiting:
        yield bytes(waiting)


async def _once(piece: bytes) -> AsyncIterator[bytes]:
    yield piece
