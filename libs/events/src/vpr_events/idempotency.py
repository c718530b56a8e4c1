"""Idempotency keys: the same request of the same client is answered once and remembered."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ARRAY, Text, bindparam, delete, func, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events import store
from vpr_events.event import Recorded
from vpr_events.tables import idempotency as table
from vpr_events.writes import Write

INSERT = insert(table)

_asked = func.unnest(
    bindparam("clients", type_=ARRAY(Text)), bindparam("keys", type_=ARRAY(Text))
).table_valued("client", "key").render_derived(name="asked")  # fmt: skip
FIND = select(table, func.now().label("asked_at")).join(
    _asked, (table.c.client == _asked.c.client) & (table.c.key == _asked.c.key)
)


class KeyReused(Exception):
    """The key was used before, with another request."""


class KeyBusy(Exception):
    """The first request with this key is still running."""


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """``key`` as the client chose it, in the scope of ``client``; ``fingerprint`` is a digest of the request.

    After its ``lifetime``, by real time, the same key is a new one; without a lifetime it never is.
    """

    client: str
    key: str
    fingerprint: str
    lifetime: timedelta | None = None

    @property
    def lock(self) -> str:
        """The name of the lock that the first request holds while it runs."""
        return f"key:{self.client}\n{self.key}"


async def answers(
    connection: AsyncConnection, keys: Collection[IdempotencyKey]
) -> Mapping[IdempotencyKey, list[Recorded] | KeyReused]:
    """What was recorded under those of the keys that were used before, or KeyReused where the request differs.

    The keys' locks must be held: who looks before may miss a first request that commits just then. What outlived its
    lifetime is forgotten.
    """
    if not keys:
        return {}
    query = {"clients": [one.client for one in keys], "keys": [one.key for one in keys]}
    known = {(row.client, row.key): row for row in await connection.execute(FIND, query)}
    found: dict[IdempotencyKey, list[Recorded] | KeyReused] = {}
    over: list[IdempotencyKey] = []
    for one in keys:
        row = known.get((one.client, one.key))
        if row and one.lifetime and row.created_at <= row.asked_at - one.lifetime:
            over.append(one)
        elif row:
            same = row.fingerprint == one.fingerprint
            found[one] = await _recorded(connection, row.event_ids) if same else KeyReused()
    if over:
        named = tuple_(table.c.client, table.c.key).in_([(one.client, one.key) for one in over])
        await connection.execute(delete(table).where(named))
    return found


async def _recorded(connection: AsyncConnection, ids: Iterable[str]) -> list[Recorded]:
    return await store.load_events(connection, [UUID(event_id) for event_id in ids])


def remembered(key: IdempotencyKey, events: Iterable[Recorded]) -> Write:
    """The row that notes what the request recorded."""
    row = {"client": key.client, "key": key.key, "fingerprint": key.fingerprint}
    return Write(key, INSERT, {**row, "event_ids": [str(event.id) for event in events]})
