"""Encryption in chunks, so that nothing is held whole and any part can be read alone.

AES-256-GCM; the nonce is the chunk's number and whether it is the last one (the STREAM construction: Hoang,
Reyhanitabar, Rogaway and Vizár, 2015). A chunk that was changed, moved, left out or taken from another item does not
open, nor does an item that was cut short. The key is the item's own and never used again: so
counting nonces is safe.
"""

from collections.abc import AsyncIterable, AsyncIterator
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK = 64 * 1024
"""Bytes of content in a chunk; the last one may have fewer."""
TAG = 16
SEALED = CHUNK + TAG
"""Bytes of a full chunk as it is stored."""


class Damaged(Exception):
    """What is stored is not what was received."""


def chunks_of(size: int) -> int:
    """How many chunks so many bytes are; even nothing is one."""
    return max(1, -(-size // CHUNK))


def stored_size(size: int) -> int:
    """How many bytes are stored for so many of content."""
    return size + TAG * chunks_of(size)


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])


async def sealed(content: AsyncIterable[bytes], key: bytes, item: UUID) -> AsyncIterator[bytes]:
    """The content as it is stored."""
    cipher, number, waiting = AESGCM(key), 0, bytearray()
    async for part in content:
        waiting += part
        while len(waiting) > CHUNK:  # a full chunk waits until it is known not to be the last
            yield cipher.encrypt(_nonce(number, last=False), bytes(waiting[:CHUNK]), item.bytes)
            del waiting[:CHUNK]
            number += 1
    yield cipher.encrypt(_nonce(number, last=True), bytes(waiting), item.bytes)


async def opened(stored: AsyncIterable[bytes], key: bytes, item: UUID, size: int, first: int) -> AsyncIterator[bytes]:
    """The content of stored chunks from number ``first`` on, each verified. ``size`` is the whole item's.

    Raises Damaged for what does not open and for what is missing at the end of a chunk.
    """
    cipher, number, waiting, last = AESGCM(key), first, bytearray(), chunks_of(size) - 1
    async for part in stored:
        waiting += part
        while waiting:
            length = SEALED if number < last else stored_size(size) - last * SEALED
            if len(waiting) < length:
                break
            try:
                yield cipher.decrypt(_nonce(number, last=number == last), bytes(waiting[:length]), item.bytes)
            except InvalidTag:
                raise Damaged(f"chunk {number} does not open") from None
            del waiting[:length]
            number += 1
            if number > last and waiting:
                raise Damaged("there is more than was received")
    if waiting:
        raise Damaged(f"chunk {number} is cut short")
