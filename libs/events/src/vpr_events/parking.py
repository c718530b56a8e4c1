"""Events that could not be handled yet: waiting for a retry, behind another of the same report, or dead."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events.event import Recorded
from vpr_events.log import Delivery
from vpr_events.tables import parked

BATCH = 50

type ParkedRow = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Policy:
    """When a failed event is tried again: after each of ``delays`` (seconds); then it is a dead letter."""

    delays: Sequence[float] = (1, 5, 30, 120, 600)

    def delay(self, attempts: int) -> float | None:
        """Seconds until the next try after ``attempts`` retries; None when there is none."""
        return self.delays[attempts] if attempts < len(self.delays) else None


async def park(
    connection: AsyncConnection,
    delivery: Delivery,
    event: Recorded | None,
    *,
    error: str | None = None,
    delay: float | None = 0,
    dead: bool = False,
) -> None:
    """Keep a message aside, once. ``event`` is None when it could not even be read."""
    row = {
        "event_id": event.id if event else None,
        "correlation_id": event.correlation_id if event else None,
        "recorded_at": event.recorded_at if event else None,
        "version": event.version if event else None,
        "subject": delivery.subject,
        "headers": dict(delivery.headers),
        "body": delivery.body,
        "error": error,
        "dead": dead or delay is None,
        "due_at": func.clock_timestamp() + timedelta(seconds=delay or 0),
    }
    await connection.execute(insert(parked).values(row).on_conflict_do_nothing())


async def due_reports(connection: AsyncConnection) -> Sequence[UUID]:
    """Reports whose earliest parked event is due for another try; a dead one holds its report back."""
    earliest = (
        select(parked.c.correlation_id, parked.c.due_at, parked.c.dead)
        .where(parked.c.correlation_id.is_not(None))
        .distinct(parked.c.correlation_id)
        .order_by(parked.c.correlation_id, *IN_ORDER)
        .subquery()
    )
    query = select(earliest.c.correlation_id).where(~earliest.c.dead, earliest.c.due_at <= func.clock_timestamp())
    return (await connection.execute(query.limit(BATCH))).scalars().all()


IN_ORDER = (parked.c.recorded_at, parked.c.version, parked.c.id)


async def first_of(connection: AsyncConnection, report: UUID) -> ParkedRow | None:
    """The report's earliest parked event, locked; None when it is dead, or another process has it."""
    query = select(parked).where(parked.c.correlation_id == report).order_by(*IN_ORDER).limit(1)
    row = (await connection.execute(query.with_for_update(skip_locked=True))).one_or_none()
    return None if row is None or row.dead else row


async def failed(connection: AsyncConnection, row: ParkedRow, policy: Policy, error: str) -> None:
    """Note another failure: a later try, or a dead letter when there is none left."""
    attempts = row.attempts + 1
    delay = policy.delay(attempts)
    due_at = func.clock_timestamp() + timedelta(seconds=delay or 0)
    changes = {"attempts": attempts, "error": error, "due_at": due_at, "dead": delay is None}
    await connection.execute(update(parked).where(parked.c.id == row.id).values(changes))


async def dead_letters(connection: AsyncConnection) -> Sequence[ParkedRow]:
    """The dead letters, oldest first, without their bodies."""
    columns = [column for column in parked.c if column.name not in {"body", "headers"}]
    query = select(*columns, parked.c.headers["ce-type"].astext.label("type")).where(parked.c.dead)
    return (await connection.execute(query.order_by(parked.c.id))).all()


async def replay(connection: AsyncConnection, letter: int) -> bool:
    """Give a dead letter its tries again, at once; False when there is no such letter."""
    changes = {"dead": False, "attempts": 0, "due_at": func.clock_timestamp()}
    query = update(parked).where(parked.c.id == letter, parked.c.dead, parked.c.event_id.is_not(None))
    return bool((await connection.execute(query.values(changes).returning(parked.c.id))).one_or_none())


async def discard(connection: AsyncConnection, letter: int) -> bool:
    """Drop a dead letter for good: what waits behind it goes on. False when there is no such letter."""
    query = delete(parked).where(parked.c.id == letter, parked.c.dead).returning(parked.c.id)
    return bool((await connection.execute(query)).one_or_none())
