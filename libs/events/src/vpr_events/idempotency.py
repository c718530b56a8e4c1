"""Idempotency keys: the same request of the same client is answered once and remembered."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, bindparam, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events import store
from vpr_events.event import Recorded
from vpr_events.tables import idempotency as table


class KeyReused(Exception):
    """The key was used before, with another request."""


class KeyBusy(Exception):
    """The first request with this key is still running."""


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """``key`` as the client chose it, in the scope of ``client``; ``fingerprint`` is a digest of the request."""

    client: str
    key: str
    fingerprint: str


_lock = select(func.pg_try_advisory_xact_lock(func.hashtextextended(bindparam("name"), 0)).label("held")).cte("lock")

FIND = select(_lock.c.held, table.c.fingerprint, table.c.event_ids).select_from(
    _lock.outerjoin(table, and_(table.c.client == bindparam("client"), table.c.key == bindparam("key")))
)


async def answered(connection: AsyncConnection, key: IdempotencyKey) -> list[Recorded] | None:
    """The events that the first request recorded; None when this is the first.

    Raises KeyBusy while another transaction holds the key, KeyReused when the request differs.
    """
    parameters = {"name": f"{key.client}\n{key.key}", "client": key.client, "key": key.key}
    row = (await connection.execute(FIND, parameters)).one()
    if not row.held:
        raise KeyBusy
    if row.fingerprint is None:
        return None
    if row.fingerprint != key.fingerprint:
        raise KeyReused
    return await store.load_events(connection, [UUID(event_id) for event_id in row.event_ids])


async def remember(connection: AsyncConnection, key: IdempotencyKey, events: Iterable[Recorded]) -> None:
    """Note what the request recorded, in its own transaction.

    Raises Conflict when the first request committed between our look and our lock: the next pass will see it.
    """
    row = {"client": key.client, "key": key.key, "fingerprint": key.fingerprint}
    try:
        await connection.execute(insert(table), {**row, "event_ids": [str(event.id) for event in events]})
    except IntegrityError as error:
        raise store.Conflict from error
