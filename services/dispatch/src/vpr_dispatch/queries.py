"""What dispatch reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Select, case, cast, extract, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_dispatch.tables import dispatch_units, dispatches, units, withdrawals

WAITING = "waiting"
OVER = ("completed", "cancelled")
NO_PRIORITY = 2**63 - 1

_over = dispatches.c.status.in_(OVER)
_graver = case((dispatches.c.gravest == "highest", -dispatches.c.priority), else_=dispatches.c.priority)
_age = cast(extract("epoch", dispatches.c.requested_at) * 1_000_000, BigInteger)
ORDER = (
    case((dispatches.c.status == WAITING, 0), (_over, 2), else_=1),
    case((_over, 0), else_=func.coalesce(_graver, literal(NO_PRIORITY, BigInteger))),
    case((_over, -_age), else_=_age),
    dispatches.c.id,
)
"""Who waits comes first, the gravest and then the oldest before the others; what is over comes last, newest first."""

KEY = tuple(column.label(f"key_{number}") for number, column in enumerate(ORDER))


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which dispatches: of these statuses, this report, this case; ``to_recall``: cancelled with units still on."""

    statuses: Sequence[str] = ()
    report_id: UUID | None = None
    case_id: UUID | None = None
    to_recall: bool = False


async def one_dispatch(connection: AsyncConnection, dispatch_id: UUID) -> dict[str, Any] | None:
    """A dispatch with its units."""
    rows = await _with_units(connection, _base().where(dispatches.c.id == dispatch_id))
    return rows[0] if rows else None


async def list_dispatches(
    connection: AsyncConnection, wanted: Filter, *, limit: int, after: Sequence[Any] | None = None
) -> list[dict[str, Any]]:
    """Dispatches with their units, in ORDER, from behind ``after``: the ``key`` of the previous page's last."""
    query = _matching(_base(), wanted)
    if after:
        query = query.where(tuple_(*ORDER) > tuple_(*after))
    return await _with_units(connection, query.order_by(*ORDER).limit(limit))


def _base() -> Select[Any]:
    return select(dispatches, withdrawals.c.withdrawn_at.label("report_withdrawn_at"), *KEY).outerjoin(
        withdrawals, withdrawals.c.report_id == dispatches.c.report_id
    )


def _matching(query: Select[Any], wanted: Filter) -> Select[Any]:
    if wanted.statuses:
        query = query.where(dispatches.c.status.in_(wanted.statuses))
    if wanted.report_id:
        query = query.where(dispatches.c.report_id == wanted.report_id)
    if wanted.case_id:
        query = query.where(dispatches.c.case_id == wanted.case_id)
    if wanted.to_recall:
        query = query.where(dispatches.c.status == "cancelled", dispatches.c.active_units > 0)
    return query


async def _with_units(connection: AsyncConnection, query: Select[Any]) -> list[dict[str, Any]]:
    rows = [dict(row) for row in (await connection.execute(query)).mappings()]
    on_them = await _units_on(connection, [row["id"] for row in rows])
    for row in rows:
        row["units"] = [unit for unit in on_them if unit["dispatch_id"] == row["id"]]
        row["key"] = [row.pop(column.name) for column in KEY]
    return rows


async def _units_on(connection: AsyncConnection, dispatch_ids: Sequence[UUID]) -> list[dict[str, Any]]:
    query = (
        select(dispatch_units, units.c.call_sign)
        .join(units, units.c.id == dispatch_units.c.unit_id)
        .where(dispatch_units.c.dispatch_id.in_(dispatch_ids))
        .order_by(dispatch_units.c.assigned_at, units.c.call_sign)
    )
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def one_unit(connection: AsyncConnection, unit_id: UUID) -> dict[str, Any] | None:
    """A unit."""
    row = (await connection.execute(select(units).where(units.c.id == unit_id))).mappings().one_or_none()
    return dict(row) if row else None


async def list_units(
    connection: AsyncConnection,
    statuses: Sequence[str],
    capabilities: Sequence[str],
    *,
    limit: int,
    after: Sequence[Any] | None = None,
) -> list[dict[str, Any]]:
    """Units by call sign, from behind ``after`` (call_sign, id): of these statuses, with any of these capabilities."""
    query = select(units)
    if statuses:
        query = query.where(units.c.status.in_(statuses))
    if capabilities:
        query = query.where(units.c.capabilities.overlap(capabilities))
    if after:
        query = query.where(tuple_(units.c.call_sign, units.c.id) > tuple_(*after))
    query = query.order_by(units.c.call_sign, units.c.id).limit(limit)
    return [dict(row) for row in (await connection.execute(query)).mappings()]
