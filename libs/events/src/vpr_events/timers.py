"""Timers: what an aggregate waits for, as rows that outlive any process. The scheduler fires those that are due.

A timer fires once: the pass of its command removes the row, under the lock of the stream, and without the row there is
no pass. So a timer that was moved meanwhile, or that another scheduler fired, does nothing.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Row, Text, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events.decider import Decider, no_timers
from vpr_events.event import Recorded
from vpr_events.tables import timers
from vpr_events.writes import Write

type Fired = tuple[str, str, datetime]
"""Stream, name and due time of a timer."""

RETRY_DELAYS = (1, 5, 30, 120, 600)
"""Seconds until a timer whose command failed is tried again; the last one for ever, for a timer must not be lost."""

_new = insert(timers)
SET = _new.on_conflict_do_update(
    index_elements=["stream", "name"],
    set_={"due_at": _new.excluded.due_at, "attempts": 0, "retry_at": None},
)
_one = (timers.c.stream == bindparam("of"), timers.c.name == bindparam("timer"))
CLEAR = delete(timers).where(*_one)
MOVE = update(timers).where(*_one).values(due_at=bindparam("new_due_at"), attempts=0, retry_at=None)

_fired = (
    func.unnest(
        bindparam("streams", type_=ARRAY(Text)),
        bindparam("names", type_=ARRAY(Text)),
        bindparam("dues", type_=ARRAY(DateTime(timezone=True))),
    )
    .table_valued("stream", "name", "due_at")
    .render_derived(name="fired")
)
STANDING = select(timers.c.stream, timers.c.name, timers.c.due_at).where(
    timers.c.stream == _fired.c.stream, timers.c.name == _fired.c.name, timers.c.due_at == _fired.c.due_at
)

DUE = (
    select(timers)
    .where(
        timers.c.due_at <= bindparam("now"),
        or_(timers.c.retry_at.is_(None), timers.c.retry_at <= func.clock_timestamp()),
    )
    .order_by(timers.c.due_at)
    .limit(bindparam("limit"))
)


def changes(
    decider: Decider[Any, Any], before: Any, after: Any, *, stream: str, correlation_id: UUID, at: datetime
) -> Iterable[Write]:
    """What events that led from one state to another, and happened at ``at``, do to the rows of a stream's timers."""
    if decider.timers is no_timers:
        return
    old, new = decider.timers(before), decider.timers(after)
    for name in old.keys() - new.keys():
        yield Write(stream, CLEAR, {"of": stream, "timer": name})
    for name, due in new.items():
        if old.get(name) != due:
            due_at = at + due if isinstance(due, timedelta) else due
            row = {"stream": stream, "name": name, "due_at": due_at, "correlation_id": correlation_id}
            yield Write(stream, SET, row)


def rederived(decider: Decider[Any, Any], past: Sequence[Recorded]) -> Iterable[Write]:
    """What a stream's whole past leaves behind of timers: for one whose rows were lost. Renewals are lost with them."""
    before = decider.initial
    for event in past:
        after = decider.evolve(before, event.data)
        yield from changes(
            decider,
            before,
            after,
            stream=event.stream,
            correlation_id=event.correlation_id,
            at=event.occurred_at,
        )
        before = after


def removed(fired: Fired) -> Write:
    """A timer that fired is over, whatever its command led to."""
    stream, name, _ = fired
    return Write(stream, CLEAR, {"of": stream, "timer": name})


def moved(stream: str, name: str, due_at: datetime) -> Write:
    """A running timer gets another due time, without an event: a lease is renewed."""
    return Write(stream, MOVE, {"of": stream, "timer": name, "new_due_at": due_at})


async def standing(connection: AsyncConnection, fired: Collection[Fired]) -> set[Fired]:
    """Which of these timers are still as they were when they were found due; their streams are locked."""
    if not fired:
        return set()
    streams, names, dues = zip(*fired, strict=True)
    rows = await connection.execute(STANDING, {"streams": list(streams), "names": list(names), "dues": list(dues)})
    return {(row.stream, row.name, row.due_at) for row in rows}


async def due(connection: AsyncConnection, now: datetime, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Timers that are due, the longest overdue first, without those that wait for another try."""
    return (await connection.execute(DUE, {"now": now, "limit": limit})).all()


async def failed(connection: AsyncConnection, row: Row[*tuple[Any, ...]]) -> None:
    """Try a timer again later."""
    delay = timedelta(seconds=RETRY_DELAYS[min(row.attempts, len(RETRY_DELAYS) - 1)])
    changes = {"attempts": row.attempts + 1, "retry_at": func.clock_timestamp() + delay}
    same = (timers.c.stream == row.stream, timers.c.name == row.name, timers.c.due_at == row.due_at)
    await connection.execute(update(timers).where(*same).values(changes))
