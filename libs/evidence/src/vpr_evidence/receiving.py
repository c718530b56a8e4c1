"""Receiving a stream: counted, hashed, recognised and encrypted on its way, and never held whole."""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from vpr_evidence.encryption import sealed
from vpr_evidence.keys import MasterKeys, new_item_key
from vpr_evidence.media_types import HEAD, KINDS, Kind, declared, sniffed
from vpr_evidence.storage import Storage


class NotTaken(Exception):
    """A file that is not taken. ``code`` is stable, the text says why."""

    code = "file_not_taken"


class Empty(NotTaken):
    """There is nothing in it."""

    code = "file_empty"


class TooLarge(NotTaken):
    """It is larger than its kind may be."""

    code = "file_too_large"


class TypeRefused(NotTaken):
    """Its content is of no type that is taken, or of another than was declared."""

    code = "file_type_refused"


def recognised(head: bytes, said: str | None) -> str:
    """The media type of a file that begins so. ``said`` is what its sender declared, None for nothing.

    Raises Empty, and TypeRefused for what is not taken or not what was declared.
    """
    if not head:
        raise Empty("the file is empty")
    found = sniffed(head)
    if found is None:
        raise TypeRefused(f"the content is none of: {', '.join(KINDS)}")
    if said not in {None, found}:
        raise TypeRefused(f"the content is {found}, which is not what was declared")
    return found


@dataclass(frozen=True, slots=True)
class Item:
    """Something that is stored: under which ``name``, with which key, and what it is. ``size`` in bytes."""

    id: UUID
    name: str
    wrapped_key: bytes
    media_type: str
    size: int
    sha256: str


@dataclass
class _Receipt:
    """What is known of a stream so far."""

    limits: Mapping[Kind, int]
    said: str | None
    media_type: str = ""
    size: int = 0
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    async def passing(self, content: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        """The content, looked at. Nothing of it comes out before it is known what it is. Raises NotTaken."""
        head = bytearray()
        async for part in content:
            if self.media_type:
                yield self._noted(part)
                continue
            head += part
            if len(head) >= HEAD:
                self._recognise(bytes(head))
                yield self._noted(bytes(head))
        if not self.media_type:
            self._recognise(bytes(head))
            yield self._noted(bytes(head))

    def _recognise(self, head: bytes) -> None:
        self.media_type = recognised(head, self.said)

    def _noted(self, part: bytes) -> bytes:
        self.size += len(part)
        kind = KINDS[self.media_type]
        if self.size > self.limits[kind]:
            raise TooLarge(f"a {kind} may have at most {self.limits[kind]} bytes")
        self.digest.update(part)
        return part


async def receive(
    content: AsyncIterable[bytes],
    *,
    item: UUID,
    name: str,
    content_type: str | None,
    limits: Mapping[Kind, int],
    storage: Storage,
    keys: MasterKeys,
) -> Item:
    """Store a stream under ``name``, encrypted with a key of its own. ``limits``: most bytes, by kind.

    Raises NotTaken, StorageFull, StorageUnavailable, KeyMissing, and what reading the stream raises: then nothing is
    stored.
    """
    key = new_item_key()
    wrapped = keys.wrap(item, key)
    receipt = _Receipt(limits, declared(content_type))
    await storage.put(name, sealed(receipt.passing(content), key, item))
    return Item(item, name, wrapped, receipt.media_type, receipt.size, receipt.digest.hexdigest())
