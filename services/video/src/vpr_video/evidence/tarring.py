"""A tar archive that is written while it is sent: nothing of it lies anywhere. POSIX.1-2001 (pax)."""

import tarfile
from collections.abc import AsyncIterable, AsyncIterator
from datetime import datetime

BLOCK = 512
MODE = 0o644


def header(path: str, size: int, at: datetime) -> bytes:
    """What stands before a file of so many bytes."""
    info = tarfile.TarInfo(path)
    info.size, info.mtime, info.mode = size, int(at.timestamp()), MODE
    return info.tobuf(tarfile.PAX_FORMAT)


def padding(size: int) -> bytes:
    """What fills the last block of a file."""
    return bytes(-size % BLOCK)


END = bytes(2 * BLOCK)
"""What stands at the end of the archive."""


async def member(path: str, size: int, at: datetime, content: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """A file in the archive. Raises ValueError when it holds more or fewer bytes than it was said to."""
    yield header(path, size, at)
    sent = 0
    async for part in content:
        sent += len(part)
        if sent > size:
            break
        yield part
    if sent != size:
        raise ValueError(f"{path} holds another number of bytes than {size}")
    yield padding(size)
