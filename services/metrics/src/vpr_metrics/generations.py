"""Generations of the read model: files ``metrics-<n>.duckdb``, of which the newest complete one answers."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import duckdb
import structlog
from duckdb import DuckDBPyConnection

from vpr_events.event import Recorded
from vpr_metrics import model

FILE = re.compile(r"metrics-(\d+)\.duckdb(\.wal)?")

log = structlog.get_logger(__name__)


def _one_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="duckdb")


@dataclass
class Generation:
    """One file, open. Everything that writes runs on one thread; readers have cursors of their own, on any thread."""

    number: int
    path: Path
    _connection: DuckDBPyConnection
    _writer: ThreadPoolExecutor = field(default_factory=_one_thread)
    written: int = 0
    """How many times something was written since it was opened."""
    _readers: int = 0
    _unread: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def create(cls, folder: Path) -> Self:
        """A new, empty and incomplete generation behind the newest in the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        number = max(_numbers(folder), default=0) + 1
        connection = _connected(folder, number)
        model.create(connection)
        return cls(number, path_of(folder, number), connection)

    @classmethod
    def newest(cls, folder: Path) -> Self | None:
        """The newest complete generation; the other files are removed. Raises duckdb.Error for one in use elsewhere."""
        found = None
        for number in sorted(_numbers(folder), reverse=True):
            found = found or cls._if_complete(folder, number)
            if found is None or found.number != number:
                remove(folder, number)
        return found

    @classmethod
    def _if_complete(cls, folder: Path, number: int) -> Self | None:
        """A file without its main part, or that is no database of ours, is as good as none."""
        try:
            connection = _connected(folder, number)
        except duckdb.IOException as error:
            if "lock" in str(error):
                raise
            log.warning("unreadable generation", number=number)
            return None
        if model.is_complete(connection):
            return cls(number, path_of(folder, number), connection)
        connection.close()
        return None

    async def write[T](self, work: Callable[[DuckDBPyConnection], T]) -> T:
        """Run on the writing thread; a caller that is cancelled leaves the work to its end."""

        def done(connection: DuckDBPyConnection) -> T:
            try:
                return work(connection)
            finally:
                self.written += 1  # afterwards: who reads meanwhile must not take the old for the new

        return await asyncio.get_running_loop().run_in_executor(self._writer, done, self._connection)

    async def apply(self, events: Sequence[Recorded]) -> None:
        """Take events in, in one transaction."""
        await self.write(lambda connection: model.apply(connection, events))

    async def read[T](self, query: Callable[[DuckDBPyConnection], T]) -> T:
        """Run a query on a cursor, in a transaction of its own, off the event loop."""
        with self._reading():
            return await asyncio.to_thread(_queried, self._connection, query)

    async def stream(self, query: Callable[[DuckDBPyConnection], Iterator[bytes]]) -> AsyncGenerator[bytes]:
        """What a query yields, piece by piece, from one transaction; the file stays open for as long."""
        with self._reading():
            cursor = self._connection.cursor()
            cursor.begin()
            pieces = query(cursor)
            try:
                while (piece := await _undisturbed(asyncio.to_thread(next, pieces, None))) is not None:
                    yield piece
            finally:
                cursor.close()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        self._readers += 1
        self._unread.clear()
        try:
            yield
        finally:
            self._readers -= 1
            if not self._readers:
                self._unread.set()

    async def close(self) -> None:
        """Close the file once its readers and its last write are done."""
        if self._readers:
            await self._unread.wait()
        await self.write(lambda connection: connection.close())
        self._writer.shutdown()

    async def discard(self) -> None:
        """Close and remove it."""
        await self.close()
        remove(self.path.parent, self.number)


async def _undisturbed[T](work: Coroutine[Any, Any, T]) -> T:
    """Wait for work on a cursor even when whoever waits is cancelled: nobody may close the cursor under it."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def path_of(folder: Path, number: int) -> Path:
    """Where a generation is kept."""
    return folder / f"metrics-{number}.duckdb"


def remove(folder: Path, number: int) -> None:
    """Remove a generation's files; DuckDB would take a left-behind write-ahead log for a new file's own."""
    path = path_of(folder, number)
    path.unlink(missing_ok=True)
    path.with_name(path.name + ".wal").unlink(missing_ok=True)


def _numbers(folder: Path) -> set[int]:
    if not folder.is_dir():
        return set()
    return {int(match[1]) for path in folder.iterdir() if (match := FILE.fullmatch(path.name))}


def _connected(folder: Path, number: int) -> DuckDBPyConnection:
    return duckdb.connect(str(path_of(folder, number)))


def _queried[T](connection: DuckDBPyConnection, query: Callable[[DuckDBPyConnection], T]) -> T:
    with connection.cursor() as cursor:
        cursor.begin()
        return query(cursor)
