"""The sealer: seals what its service's streams have gained, every minute, by one leader at a time.

Positions are given before commits land, so of two overlapping transactions the one with the lower position may land
last. A seal must not pass it by. Every writer holds the table's ROW EXCLUSIVE lock from before it is given a position
until its events can be seen, so the sealer notes the highest position, then who holds that lock, and waits until none
of those does. Nobody waits for the sealer.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, bindparam, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from vpr_events.outages import is_outage
from vpr_events.seals import Head, PublicKeys, Seal, SealFolder, SealKey, digest_of, key_id, opened
from vpr_events.tables import events, seals

LEADER = 7_266_003
"""The advisory lock of a database's sealer."""
EVERY = 60.0
HEARTBEAT = timedelta(hours=1)
"""With nothing new, a seal this often says that nothing is new."""
PATIENCE = 5.0
GLANCE = 0.02
BACK_OFF = 1.0
MOST = 50_000
"""Events in one seal: what the first seal of an old database holds is bounded too."""

log = structlog.get_logger(__name__)

type SealRow = Row[*tuple[Any, ...]]

_WRITERS = text(
    "select virtualtransaction from pg_locks where locktype = 'relation' and granted and mode = 'RowExclusiveLock'"
    " and relation = 'events'::regclass"
    " and database = (select oid from pg_database where datname = current_database())"
)
_NEWEST = select(seals).order_by(seals.c.number.desc()).limit(1)
_HIGHEST = select(func.coalesce(func.max(events.c.position), 0))

_next = (
    select(events.c.position, events.c.stream, events.c.version, events.c.hash)
    .where(events.c.position > bindparam("low"), events.c.position <= bindparam("high"))
    .order_by(events.c.position)
    .limit(bindparam("most"))
    .subquery()
)
_GROWTH = select(
    _next.c.stream,
    func.min(_next.c.version).label("first"),
    func.max(_next.c.version).label("last"),
    func.array_agg(aggregate_order_by(_next.c.hash, _next.c.version.desc()))[1].label("hash"),
    func.count().label("events"),
    func.max(_next.c.position).label("position"),
).group_by(_next.c.stream).order_by(_next.c.stream)  # fmt: skip


class SealsDisagree(Exception):
    """Folder and table do not tell the same: nothing is sealed on top of that before an operator has looked."""


@dataclass
class Sealer:
    """One per service process that has the key; of several on one database, one leads at a time."""

    engine: AsyncEngine
    service: str
    key: SealKey
    folder: SealFolder
    every: float = EVERY
    most: int = MOST
    patience: float = PATIENCE
    heartbeat: timedelta = HEARTBEAT
    _bound: int = field(default=0, init=False)
    _writers: frozenset[str] = field(default=frozenset(), init=False)

    async def run(self, stop: asyncio.Event) -> None:
        """Seal until ``stop``, and then what came last."""
        while not stop.is_set():
            await self._rest(stop, self.every if await self._sealed_up() else BACK_OFF)
        await self._sealed_up()

    async def _rest(self, stop: asyncio.Event, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)

    async def _sealed_up(self) -> bool:
        try:
            await self.seal()
        except SealsDisagree as error:
            log.exception("nothing is sealed", service=self.service, reason=str(error))
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("sealer waits", service=self.service, error=type(error).__name__)
            return False
        return True

    async def seal(self) -> int:
        """Seal all that is there now; how many seals were made. A long transaction leaves it for the next time.

        Raises SealsDisagree when the folder holds what the table does not know.
        """
        made = 0
        if not await self._bounded():
            log.info("sealing waits for a long transaction", service=self.service)
            return made
        while (step := await self._step()) is not None:
            made += step
        return made

    async def adopt(self, connection: AsyncConnection) -> int:
        """Take into the table what only the folder has (see ``adopt``); how many seals."""
        return await adopt(connection, self.service, self.folder, {key_id(self.key.public): self.key.public})

    async def _bounded(self) -> bool:
        """Whether everything up to ``_bound`` has landed that ever will."""
        async with self.engine.connect() as connection:
            if not self._writers:
                self._bound = (await connection.execute(_HIGHEST)).scalar_one()
                self._writers = await _writers(connection)
            end = asyncio.get_running_loop().time() + self.patience
            while self._writers and asyncio.get_running_loop().time() < end:
                if still := self._writers & await _writers(connection):
                    await asyncio.sleep(GLANCE)
                self._writers = still
        return not self._writers

    async def _step(self) -> int | None:
        """File the newest seal if that was not done yet, or make the next one (1); None when there is nothing to do."""
        async with self.engine.begin() as connection:
            if not (await connection.execute(select(func.pg_try_advisory_xact_lock(LEADER)))).scalar_one():
                return None
            newest = (await connection.execute(_NEWEST)).one_or_none()
            if newest and not newest.filed:
                await self._file(connection, newest)
                return 0
            await self._agree(newest)
            return await self._make(connection, newest)

    async def _file(self, connection: AsyncConnection, row: SealRow) -> None:
        """The row was committed first: whatever happens now, the very same file is written in the end."""
        if not await asyncio.to_thread(self.folder.add, row.number, row.content):
            raise SealsDisagree(f"{self.folder.place(row.number)} is not the seal that the table holds")
        await connection.execute(update(seals).where(seals.c.number == row.number).values(filed=True))

    async def _agree(self, newest: SealRow | None) -> None:
        number = newest.number if newest else 0
        if self.folder.place(number + 1).exists():
            raise SealsDisagree(
                f"{self.folder.path} is ahead of the table: was the database restored? (vpr adopt-seals {self.service})"
            )
        kept = await asyncio.to_thread(self.folder.read, number) if newest else None
        if newest and kept is None:
            log.error("a seal's file is missing", service=self.service, number=number)
        elif newest and kept != newest.content:
            raise SealsDisagree(f"{self.folder.place(number)} is not the seal that the table holds")

    async def _make(self, connection: AsyncConnection, newest: SealRow | None) -> int | None:
        low, now = newest.last_position if newest else 0, datetime.now(UTC)
        growth = (await connection.execute(_GROWTH, {"low": low, "high": self._bound, "most": self.most})).all()
        if not growth and (newest is None or now - newest.sealed_at < self.heartbeat):
            return None
        heads = tuple(Head(row.stream, row.first, row.last, row.hash) for row in growth)
        seal = Seal(
            service=self.service,
            number=newest.number + 1 if newest else 1,
            sealed_at=now,
            previous=digest_of(newest.content) if newest else "",
            events=(newest.events if newest else 0) + sum(row.events for row in growth),
            streams=(newest.streams if newest else 0) + sum(head.first == 1 for head in heads),
            heads=heads,
        )
        position = max((row.position for row in growth), default=low)
        await connection.execute(insert(seals), _row(seal, await asyncio.to_thread(self.key.seal, seal), position))
        return 1


def _row(seal: Seal, content: bytes, last_position: int) -> dict[str, Any]:
    return {
        "number": seal.number,
        "sealed_at": seal.sealed_at,
        "last_position": last_position,
        "events": seal.events,
        "streams": seal.streams,
        "content": content,
    }


async def _writers(connection: AsyncConnection) -> frozenset[str]:
    """The transactions that may hold positions whose events cannot be seen yet."""
    found = frozenset((await connection.execute(_WRITERS)).scalars())
    await connection.rollback()
    return found


async def adopt(connection: AsyncConnection, service: str, folder: SealFolder, keys: PublicKeys) -> int:
    """Take seals into the table that only the folder has, as after a restored backup; how many there were.

    The cursor and the counts stay those of the last row, so that all that was recovered since is sealed once more.
    Raises BadSeal and SealsDisagree: then nothing may be taken.
    """
    newest = (await connection.execute(_NEWEST)).one_or_none()
    number, position = (newest.number, newest.last_position) if newest else (0, 0)
    counts = {"events": newest.events, "streams": newest.streams} if newest else {"events": 0, "streams": 0}
    previous = digest_of(newest.content) if newest else ""
    missing = [one for one in folder.numbers() if one > number]
    for expected, found in enumerate(missing, number + 1):
        content = folder.read(found) or b""
        seal = opened(content, keys)
        if (seal.service, seal.number, seal.previous, found) != (service, expected, previous, expected):
            raise SealsDisagree(f"{folder.place(found)} does not follow seal {expected - 1} of {service}")
        await connection.execute(insert(seals), _row(seal, content, position) | counts | {"filed": True})
        previous = digest_of(content)
    return len(missing)
