"""What triage reads."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_triage.status import Status
from vpr_triage.tables import cases, progress

CASE = tuple(column for column in cases.c if column.name != "status")
PROGRESS = tuple(column for column in progress.c if column.name != "report_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which cases; an empty collection means all. ``holder`` is an officer."""

    statuses: Collection[Status] = ()
    holder: UUID | None = None
    categories: Sequence[str] = ()
    districts: Sequence[str] = ()


async def one_case(connection: AsyncConnection, case_id: UUID, now: datetime) -> dict[str, Any] | None:
    """A case with its progress, as it stands at ``now``."""
    row = (await connection.execute(_base(now).where(cases.c.id == case_id))).mappings().one_or_none()
    return dict(row) if row else None


async def queue(
    connection: AsyncConnection, wanted: Filter, now: datetime, *, limit: int, after: Sequence[Any] | None = None
) -> list[dict[str, Any]]:
    """Cases with their progress as they stand at ``now``: gravest first, then oldest, from behind ``after``
    (gravity, opened_at, id)."""
    position = (cases.c.gravity, cases.c.opened_at, cases.c.id)
    query = _matching(_base(now), wanted, now)
    if after:
        query = query.where(tuple_(*position) > tuple(after))
    return [dict(row) for row in (await connection.execute(query.order_by(*position).limit(limit))).mappings()]


def _base(now: datetime) -> Select[Any]:
    status = case((_lapsed(now), Status.OPEN), else_=cases.c.status).label("status")
    joined = cases.outerjoin(progress, progress.c.report_id == cases.c.report_id)
    return select(*CASE, status, *PROGRESS).select_from(joined)


def _lapsed(now: datetime) -> ColumnElement[bool]:
    """A claim whose lease ended: without an event yet, the case is anyone's again."""
    return and_(cases.c.status == Status.CLAIMED, cases.c.lease_until <= now)


def _matching(query: Select[Any], wanted: Filter, now: datetime) -> Select[Any]:
    if wanted.statuses:
        query = query.where(or_(*(_stands(status, now) for status in wanted.statuses)))
    if wanted.holder:
        query = query.where(cases.c.holder == wanted.holder)
    if wanted.categories:
        query = query.where(cases.c.category.in_(wanted.categories))
    return query.where(cases.c.district.in_(wanted.districts)) if wanted.districts else query


def _stands(status: Status, now: datetime) -> ColumnElement[bool]:
    match status:
        case Status.OPEN:
            return or_(cases.c.status == status, _lapsed(now))
        case Status.CLAIMED:
            return and_(cases.c.status == status, ~_lapsed(now))
    return cases.c.status == status
