"""An item in numbered chunks: each is stored and acknowledged alone, so that it outlives whatever breaks afterwards.

A chunk is encrypted with a key of its own, derived from the item's, its number and the random name of its object. So a
chunk that is sent again after a failure never meets the same key, and none can stand in another one's place.
"""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from vpr_evidence.encryption import Damaged, sealed
from vpr_evidence.keys import BYTES, MasterKeys
from vpr_evidence.media_types import HEAD
from vpr_evidence.reading import read_object
from vpr_evidence.receiving import Empty, TooLarge
from vpr_evidence.storage import Storage


class ChunkEmpty(Empty):
    """There is nothing in it."""

    code = "chunk_empty"


class ChunkTooLarge(TooLarge):
    """It is larger than a chunk may be."""

    code = "chunk_too_large"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk that is stored under ``name``; ``size`` in bytes."""

    sequence: int
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Chunked:
    """An item with its key and its chunks, in their order."""

    id: UUID
    wrapped_key: bytes
    chunks: Sequence[Chunk]

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return sum(chunk.size for chunk in self.chunks)


@dataclass(frozen=True, slots=True)
class Examined:
    """What an item is as it is stored: hash and size of the whole, and the ``head`` by which its type is known."""

    sha256: str
    size: int
    head: bytes


@dataclass
class Passing:
    """Bytes that pass are counted and hashed. ``most`` bytes may come, None for any number."""

    most: int | None = None
    size: int = 0
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def note(self, part: bytes) -> bytes:
        """Take a part in. Raises ChunkTooLarge."""
        self.size += len(part)
        if self.most is not None and self.size > self.most:
            raise ChunkTooLarge(f"a chunk may have at most {self.most} bytes")
        self.digest.update(part)
        return part

    async def of(self, content: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        """The content, noted. Raises ChunkTooLarge and ChunkEmpty."""
        async for part in content:
            yield self.note(part)
        if not self.size:
            raise ChunkEmpty("the chunk is empty")


async def known_first(content: AsyncIterable[bytes], check: Callable[[bytes], object]) -> AsyncIterator[bytes]:
    """A first chunk, of which nothing comes out before ``check`` saw how it begins. Raises what that raises.

    One that is too short to tell passes: then the whole item tells.
    """
    head: bytearray | None = bytearray()
    async for part in content:
        if head is None:
            yield part
            continue
        head += part
        if len(head) >= HEAD:
            check(bytes(head))
            yield bytes(head)
            head = None
    if head:
        yield bytes(head)


async def receive_chunk(
    content: AsyncIterable[bytes],
    *,
    item: UUID,
    wrapped_key: bytes,
    sequence: int,
    name: str,
    most: int,
    storage: Storage,
    keys: MasterKeys,
) -> Chunk:
    """Store a chunk under ``name``. Raises as ``receiving.receive`` does: then nothing is stored."""
    key = _key_of(keys.unwrap(item, wrapped_key), sequence, name)
    passing = Passing(most)
    await storage.put(name, sealed(passing.of(content), key, item))
    return Chunk(sequence, name, passing.size, passing.digest.hexdigest())


async def hash_of(content: AsyncIterable[bytes], most: int) -> str:
    """The SHA-256 of a chunk that is not stored. Raises ChunkTooLarge and ChunkEmpty."""
    passing = Passing(most)
    async for _ in passing.of(content):
        pass
    return passing.digest.hexdigest()


async def read_chunks(
    item: Chunked, storage: Storage, keys: MasterKeys, start: int = 0, end: int | None = None
) -> AsyncIterator[bytes]:
    """The item's bytes from ``start`` to before ``end``. Raises as ``reading.read`` does."""
    key, end, at = keys.unwrap(item.id, item.wrapped_key), item.size if end is None else end, 0
    for chunk in item.chunks:
        first, beyond = max(0, start - at), min(chunk.size, end - at)
        at += chunk.size
        if first < beyond:
            own = _key_of(key, chunk.sequence, chunk.name)
            async for part in read_object(chunk.name, chunk.size, storage, own, item.id, first, beyond):
                yield part


async def examine(item: Chunked, storage: Storage, keys: MasterKeys) -> Examined:
    """Read all of it, each chunk compared with what was acknowledged of it. Raises as ``reading.read`` does."""
    key, whole, head = keys.unwrap(item.id, item.wrapped_key), Passing(), bytearray()
    for place, chunk in enumerate(item.chunks):
        passing, own = Passing(), _key_of(key, chunk.sequence, chunk.name)
        async for part in read_object(chunk.name, chunk.size, storage, own, item.id):
            whole.note(passing.note(part))
            head += part[: HEAD - len(head)]
        if (place, chunk.size, chunk.sha256) != (chunk.sequence, passing.size, passing.digest.hexdigest()):
            raise Damaged(f"chunk {place} is not what was acknowledged")
    return Examined(whole.digest.hexdigest(), whole.size, bytes(head))


def _key_of(key: bytes, sequence: int, name: str) -> bytes:
    return HKDF(SHA256(), BYTES, salt=None, info=f"vpr chunk {sequence} {name}".encode()).derive(key)
