"""The jail's outside: snapshots that are fresh enough, a process for each query, and its end at the deadline."""

import asyncio
import json
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import structlog
from duckdb import DuckDBPyConnection

from vpr_metrics.sql.jailed import REFUSED
from vpr_metrics.sql.snapshot import Kind, write
from vpr_service.clock import Clock
from vpr_service.problems import Problem

AT_ONCE = 2
WAITING = 8
"""So many queries more may wait for their turn."""
GRACE = 2.0
"""Seconds beyond the deadline for starting the process and handing over the rows."""


log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one query may use: seconds, bytes of memory, rows and bytes of its answer."""

    seconds: int
    memory: int
    rows: int
    answer: int = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Result:
    """What a query found, in a snapshot of ``as_of``; ``truncated`` where there were more rows than are given.

    ``columns`` have name and type; ``body`` are the rows in the form that was asked for, of JSON a list of lists.
    """

    columns: list[dict[str, str]]
    body: bytes
    as_of: datetime
    truncated: bool


def _locks() -> dict[Kind, asyncio.Lock]:
    return {kind: asyncio.Lock() for kind in Kind}


@dataclass
class Jail:
    """Runs queries. ``read`` gives a reader of the current read model, ``folder`` keeps the snapshots; days are those
    of the city's ``zone``.
    """

    folder: Path
    read: Callable[[Callable[[DuckDBPyConnection], None]], Awaitable[None]]
    now: Clock
    limits: Limits
    fresh_for: timedelta
    zone: str
    _taken_at: dict[Kind, datetime] = field(default_factory=dict, init=False)
    _taking: dict[Kind, asyncio.Lock] = field(default_factory=_locks, init=False)
    _turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE), init=False)
    _waiting: int = field(default=0, init=False)
    """Those that run and those that wait for their turn."""

    async def run(self, stop: asyncio.Event) -> None:
        """Remove what an earlier process left, and in the end its own."""
        self._clear()
        await stop.wait()
        self._clear()

    def _clear(self) -> None:
        self._taken_at.clear()
        for kind in Kind:
            for path in (self._path(kind), _new(self._path(kind))):
                path.unlink(missing_ok=True)

    async def query(self, sql: str, kind: Kind, form: str) -> Result:
        """Run one SELECT, its rows written in the form: json, csv, arrow or parquet.

        Raises Problem: 422 for what cannot be run, 503 while too many are.
        """
        if self._waiting >= AT_ONCE + WAITING:
            detail = "too many queries wait already, try again"
            raise Problem(503, "queries_busy", detail, headers={"Retry-After": "5"})
        self._waiting += 1
        try:
            async with self._turn:
                as_of = await self._snapshot(kind)
                told, _, body = (await self._rows(self._order(sql, kind, form))).partition(b"\n")
        finally:
            self._waiting -= 1
        return Result(body=body, as_of=as_of, **orjson.loads(told))

    def _path(self, kind: Kind) -> Path:
        return self.folder / f"sql-{kind}.duckdb"

    async def _snapshot(self, kind: Kind) -> datetime:
        """When the snapshot that is used was taken: a new one, unless the last is fresh."""
        async with self._taking[kind]:
            taken, now = self._taken_at.get(kind), self.now()
            if taken is None or now - taken > self.fresh_for:
                new = _new(self._path(kind))
                await self.read(lambda connection: write(connection, new, kind, self.zone))
                new.replace(self._path(kind))
                taken = self._taken_at[kind] = now
            return taken

    def _order(self, sql: str, kind: Kind, form: str) -> bytes:
        limits = self.limits
        told = {"sql": sql, "form": form, "path": str(self._path(kind).resolve()), "memory": limits.memory}
        return orjson.dumps(told | {"seconds": limits.seconds, "rows": limits.rows})

    async def _rows(self, order: bytes) -> bytes:
        """What the process wrote. It is over when this returns, however it does."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-m", "vpr_metrics.sql.jailed", env={}, cwd="/", start_new_session=True,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(self.limits.seconds + GRACE):
                return await self._answer(process, order)
        except TimeoutError:
            raise _too_slow(self.limits.seconds) from None
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _answer(self, process: asyncio.subprocess.Process, order: bytes) -> bytes:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise TypeError("the process has pipes")
        process.stdin.write(order)
        process.stdin.close()
        rows = bytearray()
        while part := await process.stdout.read(2**18):
            rows += part
            if len(rows) > self.limits.answer:
                raise _refused("answer_too_large", f"the answer is larger than {self.limits.answer} bytes")
        told = await process.stderr.read()
        await process.wait()
        if process.returncode == 0:
            return bytes(rows)
        raise self._ended(process.returncode, told)

    def _ended(self, code: int | None, told: bytes) -> Problem:
        """Why the process ended otherwise: it says so itself, or it was stopped by a limit."""
        if code == REFUSED:
            return _refused(**json.loads(told))
        if code in {-signal.SIGXCPU, -signal.SIGKILL}:
            return _too_slow(self.limits.seconds)
        if code in {-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGBUS}:
            return _refused("query_too_large", "the query needs more memory than it may use")
        log.error("a query's process failed", code=code, told=told.decode(errors="replace")[-2000:])
        return Problem(500, "internal", "something went wrong here; the request id names it in our logs")


def _new(path: Path) -> Path:
    return path.with_suffix(".new")


def _refused(code: str, detail: str) -> Problem:
    return Problem(422, code, f"sql: {detail}", errors=[{"field": "sql", "detail": detail}])


def _too_slow(seconds: int) -> Problem:
    return _refused("query_too_slow", f"the query took more than {seconds} seconds")
