"""Webhooks as rows: who is told of what, with which secrets, and what became of each delivery."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events.event import new_id
from vpr_events.tables import effects
from vpr_intake.announcing import PING, WEBHOOK
from vpr_intake.pausing import RELEASE
from vpr_intake.tables import clients, deliveries, delivery_attempts, webhook_secrets, webhooks

MOST = 20
"""How many webhooks a client may have."""

type Row = dict[str, Any]


class TooMany(Exception):
    """The client has all the webhooks that it may have."""


class Unknown(Exception):
    """There is no such client, or it was revoked."""


class Gone(Exception):
    """The webhook was deleted meanwhile."""


async def create(connection: AsyncConnection, client: UUID, url: str, types: Sequence[str], secret: bytes) -> Row:
    """A new webhook with its first secret, encrypted. Raises TooMany and Unknown."""
    await _lock(connection, client)
    mine = select(func.count()).select_from(webhooks).where(webhooks.c.client_id == client)
    if (await connection.execute(mine)).scalar_one() >= MOST:
        raise TooMany
    row = {"id": new_id(), "client_id": client, "url": url, "event_types": list(types), "enabled": True}
    made = await connection.execute(insert(webhooks).values(row).returning(webhooks))
    await connection.execute(insert(webhook_secrets).values(id=new_id(), webhook_id=row["id"], encrypted=secret))
    return dict(made.mappings().one())


async def one_webhook(connection: AsyncConnection, webhook: UUID, client: UUID | None) -> Row | None:
    """A webhook of this client, or of any."""
    query = _of(select(webhooks).where(webhooks.c.id == webhook), client)
    found = (await connection.execute(query)).mappings().one_or_none()
    return dict(found) if found else None


async def list_webhooks(
    connection: AsyncConnection, client: UUID | None, *, limit: int, after: Sequence[Any] | None
) -> list[Row]:
    """Webhooks, newest first, from behind ``after`` (created_at, id)."""
    query = _of(select(webhooks), client)
    if after:
        query = query.where(tuple_(webhooks.c.created_at, webhooks.c.id) < tuple(after))
    query = query.order_by(webhooks.c.created_at.desc(), webhooks.c.id.desc()).limit(limit)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


def _of(query: Select[Any], client: UUID | None) -> Select[Any]:
    return query.where(webhooks.c.client_id == client) if client else query


async def _lock(connection: AsyncConnection, client: UUID) -> None:
    """Nothing may be told to who is being revoked at the same moment. Raises Unknown."""
    known = select(clients.c.id).where(clients.c.id == client, clients.c.revoked_at.is_(None))
    if (await connection.execute(known.with_for_update())).one_or_none() is None:
        raise Unknown


async def change(
    connection: AsyncConnection, webhook: UUID, changes: Mapping[str, Any], version: int | None
) -> Row | None:
    """Change it; None when it is gone, or is not at ``version`` any more. Raises Unknown: its client was revoked."""
    if row := await one_webhook(connection, webhook, None):
        await _lock(connection, row["client_id"])
    statement = update(webhooks).where(webhooks.c.id == webhook)
    if version is not None:
        statement = statement.where(webhooks.c.version == version)
    values = {**changes, "version": webhooks.c.version + 1}
    afresh = not changes.keys().isdisjoint({"url", "enabled"})
    if afresh:
        values |= {"failing_since": None, "paused_until": None}
    found = (await connection.execute(statement.values(values).returning(webhooks))).mappings().one_or_none()
    if found and afresh:
        await connection.execute(RELEASE, {"webhook": webhook})
    return dict(found) if found else None


async def remove(connection: AsyncConnection, webhook: UUID) -> None:
    """Delete it with its secrets and its log; what still waits goes nowhere."""
    await connection.execute(delete(webhooks).where(webhooks.c.id == webhook))


async def switch_off_all(connection: AsyncConnection, client: UUID) -> None:
    """Tell a client nothing more: it was revoked."""
    off = {"enabled": False, "disabled_reason": "revoked", "version": webhooks.c.version + 1}
    await connection.execute(update(webhooks).where(webhooks.c.client_id == client, webhooks.c.enabled).values(off))


async def rotate(connection: AsyncConnection, webhook: UUID, secret: bytes, overlap: timedelta) -> datetime:
    """A new secret beside the newest old one, which is valid until the moment returned; older ones are gone.

    Raises Gone.
    """
    await _hold(connection, select(webhooks.c.id).where(webhooks.c.id == webhook).with_for_update())
    mine = webhook_secrets.c.webhook_id == webhook
    newest = select(webhook_secrets.c.id).where(mine).order_by(webhook_secrets.c.created_at.desc()).limit(1)
    await connection.execute(delete(webhook_secrets).where(mine, webhook_secrets.c.id != newest.scalar_subquery()))
    until = func.clock_timestamp() + overlap
    ending = update(webhook_secrets).where(mine).values(valid_until=until).returning(webhook_secrets.c.valid_until)
    valid_until: datetime = (await connection.execute(ending)).scalar_one()
    await connection.execute(insert(webhook_secrets).values(id=new_id(), webhook_id=webhook, encrypted=secret))
    return valid_until


async def ping(connection: AsyncConnection, webhook: UUID, now: datetime) -> UUID:
    """A test event for it, delivered once: the delivery's id. Raises Gone."""
    standing = select(webhooks.c.id).where(webhooks.c.id == webhook)
    await _hold(connection, standing.with_for_update(read=True, key_share=True))
    delivery = new_id()
    row = {"id": delivery, "webhook_id": webhook, "type": PING, "occurred_at": now}
    await connection.execute(insert(deliveries).values(row))
    await _send(connection, delivery, webhook, webhook)
    return delivery


async def _hold(connection: AsyncConnection, webhook: Select[Any]) -> None:
    """Nobody deletes it before this transaction is over."""
    if (await connection.execute(webhook)).one_or_none() is None:
        raise Gone


async def replay(connection: AsyncConnection, delivery: UUID) -> bool:
    """Send a delivery that is over again, under the same id; False while it is not over."""
    over = (deliveries.c.id == delivery, deliveries.c.state != "pending")
    again = {"state": "pending", "begun_at": None, "finished_at": None}
    statement = update(deliveries).where(*over).values(again).returning(deliveries)
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        return False
    await _send(connection, row.id, row.webhook_id, row.report_id or row.webhook_id)
    return True


async def _send(connection: AsyncConnection, delivery: UUID, webhook: UUID, correlation: UUID) -> None:
    row = upsert(effects).values(id=delivery, kind=WEBHOOK, data={"lane": str(webhook)}, correlation_id=correlation)
    fresh = {"attempts": 0, "failures": 0, "dead": False, "error": None, "due_at": func.clock_timestamp()}
    await connection.execute(row.on_conflict_do_update(index_elements=["id"], set_=fresh))


async def one_delivery(connection: AsyncConnection, webhook: UUID, delivery: UUID) -> Row | None:
    """A delivery with its attempts."""
    query = select(deliveries).where(deliveries.c.webhook_id == webhook, deliveries.c.id == delivery)
    rows = [dict(row) for row in (await connection.execute(query)).mappings()]
    return (await _with_attempts(connection, rows))[0] if rows else None


async def list_deliveries(
    connection: AsyncConnection, webhook: UUID, *, state: str | None, limit: int, after: Sequence[Any] | None
) -> list[Row]:
    """Deliveries with their attempts, newest first, from behind ``after`` (created_at, id)."""
    query = select(deliveries).where(deliveries.c.webhook_id == webhook)
    if state:
        query = query.where(deliveries.c.state == state)
    if after:
        query = query.where(tuple_(deliveries.c.created_at, deliveries.c.id) < tuple(after))
    query = query.order_by(deliveries.c.created_at.desc(), deliveries.c.id.desc()).limit(limit)
    return await _with_attempts(connection, [dict(row) for row in (await connection.execute(query)).mappings()])


async def _with_attempts(connection: AsyncConnection, rows: list[Row]) -> list[Row]:
    by_id: dict[UUID, Row] = {row["id"]: row | {"attempts": []} for row in rows}
    query = select(delivery_attempts).where(delivery_attempts.c.delivery_id.in_(by_id))
    for attempt in (await connection.execute(query.order_by(delivery_attempts.c.at))).mappings():
        by_id[attempt["delivery_id"]]["attempts"].append(dict(attempt))
    return list(by_id.values())


async def forget_old(connection: AsyncConnection, age: timedelta) -> int:
    """Drop what was over so long ago from the log, but for what somebody else has in hand just now; how many."""
    old = select(deliveries.c.id).where(deliveries.c.finished_at < func.clock_timestamp() - age)
    free = old.with_for_update(skip_locked=True).scalar_subquery()
    return (await connection.execute(delete(deliveries).where(deliveries.c.id.in_(free)))).rowcount
