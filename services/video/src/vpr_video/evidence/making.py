"""Items that the service makes itself: copies, and documents of what it holds. Stored as those that are sent."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from vpr_events.leasing import beating
from vpr_events.writes import Write
from vpr_evidence.chunked import Chunk, Passing, receive_chunk
from vpr_evidence.storage import new_name
from vpr_service.runtime import Runtime
from vpr_video.evidence.items import OBJECTS, chunk_kept
from vpr_video.evidence.taking import evidence_of
from vpr_video.sending.wiring import settings_of

RENEWALS = 4
"""How often what is being made is renewed within the age at which it would be swept."""


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


@asynccontextmanager
async def lasting(runtime: Runtime) -> AsyncIterator[list[str]]:
    """However long it takes to make something: until the end of the block no object that this list names is swept."""
    begun: list[str] = []
    every = settings_of(runtime).orphan_age / RENEWALS
    async with beating(runtime.engine, "objects", every, partial(OBJECTS.renew, names=begun)):
        yield begun


async def store(
    content: AsyncIterable[bytes],
    evidence_id: UUID,
    wrapped_key: bytes,
    runtime: Runtime,
    begun: list[str] | None = None,
) -> Made:
    """Store content in chunks, whose names ``begun`` gets. What nothing comes to need, the sweeper removes.

    Raises NotTaken for nothing at all, and as storing does.
    """
    evidence, most, whole = evidence_of(runtime), settings_of(runtime).chunk_bytes, Passing()
    chunks: list[Chunk] = []
    async for piece in _pieces(content, most):
        name = new_name()
        runtime.gate.check()
        async with runtime.engine.begin() as connection:
            await OBJECTS.begin(connection, name)
        if begun is not None:
            begun.append(name)
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
