"""Recovery: what the log holds of our own events and the database lost is appended again, exactly as it was.

Same ids, versions, times, bytes and hashes; the chain of each stream is verified on the way. The projectors run, but
nothing is decided and no effect is made: it all happened before. Then the inbox takes the others' events again that a
restored database has not seen; what they once led to is there already, so deciders have nothing to add.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import batched
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from vpr_events import store, timers, writes
from vpr_events.cloudevents import id_of
from vpr_events.contracts import families_of
from vpr_events.decider import Decider, by_family
from vpr_events.event import Recorded, family_of
from vpr_events.gate import Gate
from vpr_events.log import BATCH_LIMIT, EventLog
from vpr_events.outages import LogUnavailable
from vpr_events.passes import Projector
from vpr_events.pull import Delivery
from vpr_events.refill import LEADER, reading_alone
from vpr_events.replay import Interrupted, replaying
from vpr_events.sealing import Sealer, SealsDisagree
from vpr_events.seals import BadSeal
from vpr_events.tables import effects, events, outbox, published, recoveries

POLL = 0.1
AFTERMATH = "written before a recovery: it may have been done since; replay it if it was not"

log = structlog.get_logger(__name__)

type Head = tuple[int, str]
"""A stream's last version and hash."""


class Unrecoverable(Exception):
    """Log and database contradict each other, or the log lacks a part: an operator must look."""


class NotReset(Exception):
    """The durable consumer was not made anew, so the others' events would not all come again."""


@dataclass
class Recovery:
    """Brings a database to where the log is. ``durable`` is None for a service without an inbox.

    ``sealer`` takes back the seals that the database lost; one that was signed with an older key is an operator's to
    adopt.
    """

    engine: AsyncEngine
    log: EventLog
    gate: Gate
    projectors: Sequence[Projector]
    deciders: Sequence[Decider[Any, Any]]
    durable: str | None
    sealer: Sealer | None = None
    read: int = field(default=0, init=False)
    recovered: int = field(default=0, init=False)
    reports: set[UUID] = field(default_factory=set, init=False)
    _published: dict[UUID, int] = field(default_factory=dict, init=False)

    async def run(self, stop: asyncio.Event) -> None:
        """Recover and open the gate. It may be begun again after any end.

        Raises Unrecoverable, NotReset, Busy, Interrupted at ``stop``, and LogUnavailable when the log went away.
        """
        self.read = self.recovered = 0
        self.reports, self._published = set(), {}
        if self.durable and await self.log.delivered(self.durable):
            raise NotReset(f"the consumer {self.durable} stands in the middle of the log: `vpr recover` makes it anew")
        async with self.engine.connect() as connection, reading_alone(connection):
            await self._retake_own(stop)
        await self._settle_marks()
        await self._retake_others(stop)
        await self._done()

    async def _retake_own(self, stop: asyncio.Event) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(update(effects).where(~effects.c.dead).values(dead=True, error=AFTERMATH))
        for family in families_of(self.log.name):
            name, subject = f"{self.log.name}_replay", f"vpr.{family}.>"
            async with replaying(self.log, name, self._take, subject) as replay:
                await replay.catch_up(stop)

    async def _take(self, batch: Sequence[Delivery]) -> None:
        first = {id_of(one.headers): one for one in reversed(batch)}
        async with self.engine.begin() as connection:
            known = await _known(connection, first)
            missing = sorted((one for id_, one in first.items() if id_ not in known), key=lambda one: one.sequence)
            await self._append(connection, [_readable(one) for one in missing])
            for event_id in await _waiting(connection, first):
                self._published.setdefault(event_id, first[event_id].sequence)
        self.read += len(batch)

    async def _append(self, connection: AsyncConnection, missing: Sequence[Recorded]) -> None:
        """Append and project. Their rows in the outbox say that the relay's marks lack them (see ``_settle_marks``)."""
        if not missing:
            return
        verify(missing, await _heads(connection, {event.stream for event in missing}))
        await store.append(connection, missing)
        await writes.run(
            connection, (write for one in missing for project in self.projectors for write in project(one))
        )
        await self._rederive_timers(connection, {event.stream for event in missing})
        await connection.execute(insert(outbox), [{"event_id": event.id} for event in missing])
        self.recovered += len(missing)
        self.reports.update(event.correlation_id for event in missing)

    async def _rederive_timers(self, connection: AsyncConnection, streams: Collection[str]) -> None:
        deciders = by_family(self.deciders)
        ours = [stream for stream in streams if family_of(stream) in deciders]
        history = await store.load(connection, ours) if ours else {}
        await writes.run(
            connection,
            (write for name in ours for write in timers.rederived(deciders[family_of(name)], history[name])),
        )

    async def _settle_marks(self) -> None:
        """What the log holds does not wait for the relay, and stands in its marks in the log's order."""
        order = sorted(self._published, key=self._published.__getitem__)
        async with self.engine.begin() as connection:
            await connection.execute(select(func.pg_advisory_xact_lock(LEADER)))
            for ids in batched(order, BATCH_LIMIT, strict=False):
                await connection.execute(delete(outbox).where(outbox.c.event_id.in_(ids)))
                await connection.execute(insert(published).values(event_ids=list(ids)))

    async def _retake_others(self, stop: asyncio.Event) -> None:
        """Let the inbox work until it has seen all that the log holds."""
        if not self.durable:
            return
        self.gate.retaking = True
        try:
            while await self._left(self.durable):
                if stop.is_set():
                    raise Interrupted
                await asyncio.sleep(POLL)
        finally:
            self.gate.retaking = False

    async def _left(self, durable: str) -> bool:
        try:
            return await self.log.pending(durable) > 0
        except LogUnavailable:
            return True

    async def _done(self) -> None:
        done = {"done_at": func.clock_timestamp(), "recovered": self.recovered, "reports": sorted(self.reports)}
        async with self.engine.begin() as connection:
            await connection.execute(update(recoveries).where(recoveries.c.done_at.is_(None)).values(done))
        await self._adopt_seals()
        self.gate.reason = self.gate.compared = None
        log.warning("recovered", service=self.log.name, events=self.recovered, reports=len(self.reports))

    async def _adopt_seals(self) -> None:
        if self.sealer is None:
            return
        try:
            async with self.engine.begin() as connection:
                await self.sealer.adopt(connection)
        except (BadSeal, SealsDisagree) as error:
            log.exception("seals not adopted", service=self.log.name, reason=str(error))


def verify(new: Iterable[Recorded], heads: Mapping[str, Head]) -> None:
    """Each event must continue its stream, by version and by hash, from ``heads`` on. Raises Unrecoverable."""
    standing = dict(heads)
    for event in new:
        version, last = standing.get(event.stream, (0, store.GENESIS))
        what = f"{event.stream} version {event.version} ({event.id})"
        if event.version <= version:
            raise Unrecoverable(f"{what}: the database has another event in that place")
        if event.version > version + 1:
            raise Unrecoverable(f"{what}: the log lacks what stands between it and version {version}")
        if store.chain_hash(last, store.to_row(event)) != event.hash:
            raise Unrecoverable(f"{what}: its hash does not fit: the log was changed")
        standing[event.stream] = (event.version, event.hash)


def _readable(delivery: Delivery) -> Recorded:
    """The event. Raises Unrecoverable for a type unknown here (an older version of the service), Malformed."""
    event = delivery.event()
    if event is None:
        raise Unrecoverable(f"{id_of(delivery.headers)}: this version of the service does not know {delivery.subject}")
    return event


async def _known(connection: AsyncConnection, ids: Collection[UUID]) -> set[UUID]:
    return set((await connection.execute(select(events.c.id).where(events.c.id.in_(ids)))).scalars())


async def _waiting(connection: AsyncConnection, ids: Collection[UUID]) -> set[UUID]:
    return set((await connection.execute(select(outbox.c.event_id).where(outbox.c.event_id.in_(ids)))).scalars())


async def _heads(connection: AsyncConnection, streams: Collection[str]) -> dict[str, Head]:
    query: Any = (
        select(events.c.stream, events.c.version, events.c.hash)
        .where(events.c.stream.in_(streams))
        .ext(distinct_on(events.c.stream))
        .order_by(events.c.stream, events.c.version.desc())
    )
    return {row.stream: (row.version, row.hash) for row in await connection.execute(query)}
