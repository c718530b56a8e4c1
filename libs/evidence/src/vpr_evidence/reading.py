"""Reading back, whole or a part, and verifying that it is what was received."""

import hashlib
from collections.abc import AsyncIterator
from uuid import UUID

from vpr_evidence.encryption import CHUNK, SEALED, Damaged, opened, stored_size
from vpr_evidence.keys import MasterKeys
from vpr_evidence.receiving import Item
from vpr_evidence.storage import Storage


async def read(
    item: Item, storage: Storage, keys: MasterKeys, start: int = 0, end: int | None = None
) -> AsyncIterator[bytes]:
    """The content from byte ``start`` to before ``end``; every chunk is verified before it is given out.

    Raises Damaged, NotStored, KeyMissing and StorageUnavailable.
    """
    key = keys.unwrap(item.id, item.wrapped_key)
    async for part in read_object(item.name, item.size, storage, key, item.id, start, end):
        yield part


async def read_object(
    name: str, size: int, storage: Storage, key: bytes, item: UUID, start: int = 0, end: int | None = None
) -> AsyncIterator[bytes]:
    """The same of the object ``name``, which holds ``size`` bytes that were encrypted with this ``key``."""
    end = size if end is None else min(end, size)
    if start >= end:
        return
    first, beyond = start // CHUNK, -(-end // CHUNK)
    stored = storage.get(name, first * SEALED, min(beyond * SEALED, stored_size(size)))
    at = first * CHUNK
    async for part in opened(stored, key, item, size, first):
        yield part[max(0, start - at) : end - at]
        at += len(part)
    if at < end:
        raise Damaged("the end is missing")


async def verify(item: Item, storage: Storage, keys: MasterKeys) -> None:
    """Read all of it and compare size and hash. Raises as ``read`` does."""
    size, digest = 0, hashlib.sha256()
    async for part in read(item, storage, keys):
        size += len(part)
        digest.update(part)
    if (size, digest.hexdigest()) != (item.size, item.sha256):
        raise Damaged("size or hash is another than was received")
