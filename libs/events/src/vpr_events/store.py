"""The event store: append with an expected version, load, and the hash chain of every stream."""

import hashlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, RowMapping, Text, bindparam, func, select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events import codec
from vpr_events.event import Event, Recorded
from vpr_events.tables import events as table
from vpr_events.writes import copy_rows

GENESIS = ""
"""What stands before a stream's first event in its hash chain."""

type History = Mapping[str, Sequence[Recorded]]


class Conflict(Exception):
    """Someone else appended to the stream first: load again and decide anew."""


RERUNS = 3
RACES = ("40001", "40P01")
"""SQLSTATEs of serialization failure and deadlock."""


async def rerunning[T](attempt: Callable[[], Awaitable[T]]) -> T:
    """Make a whole pass, and again when another writer won: at most three times more, then Conflict is raised.

    A transaction that the database undid for another one's sake, by a deadlock say, counts as one that lost.
    """
    for _ in range(RERUNS):
        with suppress(Conflict), _races():
            return await attempt()
    with _races():
        return await attempt()


def lost_a_race(error: BaseException) -> bool:
    """Whether another writer won, or the database undid a transaction for another's sake: once more will do."""
    undone = isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in RACES
    return undone or isinstance(error, Conflict)


@contextmanager
def _races() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if lost_a_race(error):
            raise Conflict from error
        raise


def chain_hash(previous: str, event: Mapping[str, Any]) -> str:
    """sha256 over the stream's previous hash, the event's attributes and its exact bytes, in hexadecimal.

    The attributes are part of it: with the body alone, times and ids could be changed unseen.
    """
    lines = [previous]
    lines += [f"{name}={event[name]}" for name in ("id", "stream", "version", "type", "correlation_id", "causation_id")]
    lines += [f"{name}={stamp(event[name])}" for name in ("occurred_at", "recorded_at")]
    return hashlib.sha256("\n".join(lines).encode() + b"\n\n" + event["body"]).hexdigest()


def stamp(when: datetime) -> str:
    """A moment as hashes cover it."""
    return when.astimezone(UTC).isoformat(timespec="microseconds")


def record(
    event: Event,
    *,
    event_id: UUID,
    stream: str,
    after: Recorded | None,
    occurred_at: datetime,
    recorded_at: datetime,
    correlation_id: UUID,
    causation_id: UUID | None,
) -> Recorded:
    """The event as it will be stored, chained to the stream's last one (``after``)."""
    attributes: dict[str, Any] = {
        "id": event_id,
        "stream": stream,
        "version": after.version + 1 if after else 1,
        "type": event.event_type(),
        "occurred_at": occurred_at,
        "recorded_at": recorded_at,
        "correlation_id": correlation_id,
        "causation_id": causation_id,
        "body": codec.encode(event),
    }
    return Recorded(**attributes, data=event, hash=chain_hash(after.hash if after else GENESIS, attributes))


LOAD = (
    select(table)
    .where(table.c.stream == func.any(bindparam("streams", type_=ARRAY(Text))))
    .order_by(table.c.stream, table.c.version)
)


async def load(connection: AsyncConnection, streams: Collection[str]) -> History:
    """The events of each stream in order; a stream without events is an empty list."""
    found: defaultdict[str, list[Recorded]] = defaultdict(list)
    for row in (await connection.execute(LOAD, {"streams": list(streams)})).mappings():
        found[row["stream"]].append(from_row(row))
    return found


async def load_events(connection: AsyncConnection, ids: Sequence[UUID]) -> list[Recorded]:
    """The events with these ids, in the order they were stored."""
    query = select(table).where(table.c.id.in_(ids)).order_by(table.c.position)
    return [from_row(row) for row in (await connection.execute(query)).mappings()]


async def append(connection: AsyncConnection, events: Iterable[Recorded]) -> None:
    """Store new events. Raises Conflict when one of their versions is taken."""
    rows = [to_row(event) for event in events]
    if not rows:
        return
    try:
        await copy_rows(connection, table, rows)
    except IntegrityError as error:
        if "events_stream_version_key" in str(error.orig):
            raise Conflict from error
        raise


def from_row(row: RowMapping | Mapping[str, Any]) -> Recorded:
    """A stored row as an event. Raises Malformed when its bytes break the contract."""
    data = codec.decode(row["type"], row["body"])
    if data is None:
        raise codec.Malformed(f"this service stored {row['type']}, which it does not know")
    return Recorded(data=data, **{name: row[name] for name in COLUMNS})


def to_row(event: Recorded) -> dict[str, Any]:
    """An event as a row of ``events``."""
    return {name: getattr(event, name) for name in COLUMNS}


COLUMNS = tuple(column.name for column in table.columns if column.name != "position")
