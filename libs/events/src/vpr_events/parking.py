"""Events that could not be handled yet: waiting for a retry, behind another of the same report, or dead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events.cloudevents import received
from vpr_events.codec import Malformed
from vpr_events.event import Recorded
from vpr_events.pull import Delivery
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

    def patience(self, attempts: int) -> float:
        """The same for what is tried however often it takes: at most the last of the delays."""
        return self.delays[min(attempts, len(self.delays) - 1)] if self.delays else 0


async def park(
    connection: AsyncConnection,
    delivery: Delivery,
    event: Recorded | None,
    *,
    envelope: Mapping[str, Any] | None = None,
    error: str | None = None,
    delay: float | None = 0,
    dead: bool = False,
) -> None:
    """Keep a message aside, once. ``event`` is None when it could not be read; then ``envelope`` is all we know."""
    row = {
        **(_identity(event) if event else _identity_of(envelope)),
        "subject": storable(delivery.subject),
        "headers": {storable(name): storable(value) for name, value in delivery.headers.items()},
        "body": delivery.body,
        "error": error and storable(error),
        "dead": dead or delay is None,
        "due_at": func.clock_timestamp() + timedelta(seconds=delay or 0),
    }
    if row["event_id"] is None and await _is_parked(connection, row):
        return
    await connection.execute(insert(parked).values(row).on_conflict_do_nothing())


def storable(text: str) -> str:
    """A text that PostgreSQL takes: a publisher may send NUL bytes, which it refuses."""
    return text.replace("\0", "\ufffd")


def _identity(event: Recorded) -> dict[str, Any]:
    return _identity_of({name: getattr(event, name) for name in ("id", "correlation_id", "recorded_at", "version")})


def _identity_of(envelope: Mapping[str, Any] | None) -> dict[str, Any]:
    known = envelope or {}
    return {"event_id": known.get("id")} | {
        name: known.get(name) for name in ("correlation_id", "recorded_at", "version")
    }


async def _is_parked(connection: AsyncConnection, row: Mapping[str, Any]) -> bool:
    """What cannot be read has no id by which a redelivery would be known: its whole message must serve."""
    same = [parked.c[name] == row[name] for name in ("subject", "headers", "body")]
    query = select(parked.c.id).where(parked.c.event_id.is_(None), *same).limit(1)
    return (await connection.execute(query)).one_or_none() is not None


async def due_reports(connection: AsyncConnection) -> Sequence[UUID]:
    """Reports whose earliest parked event is due for another try; a dead one holds its report back."""
    earliest = (
        select(parked.c.correlation_id, parked.c.due_at, parked.c.dead)
        .where(parked.c.correlation_id.is_not(None))
        .ext(distinct_on(parked.c.correlation_id))
        .order_by(parked.c.correlation_id, *IN_ORDER)
        .subquery()
    )
    query = select(earliest.c.correlation_id).where(~earliest.c.dead, earliest.c.due_at <= func.clock_timestamp())
    return (await connection.execute(query.limit(BATCH))).scalars().all()


IN_ORDER = (parked.c.recorded_at, parked.c.version, parked.c.id)


async def first_of(connection: AsyncConnection, report: UUID) -> ParkedRow | None:
    """The report's earliest parked event, locked; None when it is dead, or another process has it."""
    # The earliest is chosen before it is locked: skipping a locked one would take the event behind it out of order.
    earliest = select(parked.c.id).where(parked.c.correlation_id == report).order_by(*IN_ORDER).limit(1)
    query = select(parked).where(parked.c.id == earliest.scalar_subquery())
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
    """Give a dead letter its tries again, at once; False when there is no such letter, or nobody can read it yet."""
    query = select(parked).where(parked.c.id == letter, parked.c.dead).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    event = _readable(row) if row else None
    if event is None:
        return False
    changes = {**_identity(event), "dead": False, "attempts": 0, "due_at": func.clock_timestamp()}
    await connection.execute(update(parked).where(parked.c.id == letter).values(changes))
    return True


def _readable(row: ParkedRow) -> Recorded | None:
    try:
        return received(row.subject, row.headers, row.body)
    except Malformed:
        return None


async def discard(connection: AsyncConnection, letter: int) -> bool:
    """Drop a dead letter for good: what waits behind it goes on. False when there is no such letter."""
    query = delete(parked).where(parked.c.id == letter, parked.c.dead).returning(parked.c.id)
    return bool((await connection.execute(query)).one_or_none())
