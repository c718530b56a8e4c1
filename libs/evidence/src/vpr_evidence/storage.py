"""Where encrypted bytes lie: a local folder, S3 or another object store, chosen by a URL. Built on ``obstore``."""

import asyncio
import errno
import os
import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import from_url

NAME = re.compile(r"[0-9a-f]{2}/[0-9a-f]{32}")
READ_AHEAD = 256 * 1024
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
NO_ROOM_TOLD = tuple(f"os error {code}" for code in NO_ROOM)


class StorageFull(Exception):
    """There is no room left; nothing was stored."""


class StorageUnavailable(Exception):
    """The store does not answer, or refuses us."""


class NotStored(Exception):
    """There is nothing of this name."""


class Storage(Protocol):
    """Keeps objects under names that say nothing. Every operation may raise StorageUnavailable."""

    async def put(self, name: str, content: AsyncIterator[bytes]) -> None:
        """Store a stream, whole or not at all: also when reading it raises. Raises StorageFull."""

    def get(self, name: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from ``start`` to before ``end``. Raises NotStored."""

    async def delete(self, name: str) -> None:
        """Remove it; what is not there is removed already."""


def new_name() -> str:
    """A random name, which tells neither what is stored nor for whom nor when."""
    name = secrets.token_hex(16)
    return f"{name[:2]}/{name}"


class ObjectStorage:
    """The store at this URL: ``file:///folder`` or ``s3://bucket/prefix`` (also gs, az, memory).

    A store's credentials come from its usual environment variables, such as AWS_ACCESS_KEY_ID. Raises ValueError for a
    URL that names none.
    """

    def __init__(self, url: str) -> None:
        self._folder = _folder_of(url)
        if self._folder:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._store = from_url(url)
        except BaseError as error:
            raise ValueError(f"no store of ours: {error}") from error

    async def put(self, name: str, content: AsyncIterator[bytes]) -> None:
        """Store a stream, whole or not at all. On a local disk it is flushed to it, with its folders."""
        failed: list[Exception] = []
        try:
            await obstore.put_async(self._store, _checked(name), _kept(content, failed))
        except (BaseError, OSError) as error:
            if failed:
                raise failed[0] from None
            raise _told(error) from error
        if self._folder:
            await asyncio.to_thread(_flush, self._folder / name, self._folder)

    async def get(self, name: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from ``start`` to before ``end``."""
        try:
            found = await obstore.get_async(self._store, _checked(name), options={"range": (start, end)})
            async for part in found.stream(min_chunk_size=READ_AHEAD):
                yield bytes(part)
        except FileNotFoundError:
            raise NotStored(name) from None
        except (BaseError, OSError) as error:
            raise _told(error) from error

    async def delete(self, name: str) -> None:
        """Remove it, and on a local disk what a killed process had of it."""
        if self._folder:
            await asyncio.to_thread(_remove_drafts, self._folder / _checked(name))
        try:
            await obstore.delete_async(self._store, _checked(name))
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise _told(error) from error


def _folder_of(url: str) -> Path | None:
    parts = urlsplit(url)
    if not parts.scheme:
        raise ValueError("a store is named by a URL, such as file:///folder or s3://bucket/prefix")
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def _checked(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError("no name of ours")
    return name


async def _kept(content: AsyncIterator[bytes], failed: list[Exception]) -> AsyncIterator[bytes]:
    """The same stream; what it raises is its own affair and no fault of the store."""
    try:
        async for part in content:
            yield part
    except Exception as error:
        failed.append(error)
        raise


def _told(error: Exception) -> Exception:
    """What a store's error means. Its text is the store's own and may name paths: it goes to the log alone."""
    if getattr(error, "errno", None) in NO_ROOM or any(text in str(error) for text in NO_ROOM_TOLD):
        return StorageFull("the store has no room left")
    return StorageUnavailable("the store does not answer")


def _remove_drafts(file: Path) -> None:
    """A local store writes beside the name, under the name with a number behind it, until all is there."""
    for draft in file.parent.glob(f"{file.name}#*"):
        draft.unlink(missing_ok=True)


def _flush(file: Path, root: Path) -> None:
    """To the disk itself: file, its folder, and the folder's entry."""
    for path in (file, file.parent, root):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
