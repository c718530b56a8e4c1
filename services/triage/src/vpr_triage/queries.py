"""What triage reads."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_triage.status import Status
from vpr_triage.tables import attachments, cases, progress

PROGRESS = tuple(column for column in progress.c if column.name != "report_id")
_files = select(func.count()).select_from(attachments).where(attachments.c.report_id == cases.c.report_id)
BASE = select(cases, _files.scalar_subquery().label("attachments"), *PROGRESS).outerjoin(
    progress, progress.c.report_id == cases.c.report_id
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which cases; an empty collection means all. ``holder`` is an officer."""

    statuses: Collection[Status] = ()
    holder: UUID | None = None
    categories: Sequence[str] = ()
    districts: Sequence[str] = ()


async def one_case(connection: AsyncConnection, case_id: UUID) -> dict[str, Any] | None:
    """A case with its progress."""
    row = (await connection.execute(BASE.where(cases.c.id == case_id))).mappings().one_or_none()
    return dict(row) if row else None


async def queue(
    connection: AsyncConnection, wanted: Filter, *, limit: int, after: Sequence[Any] | None = None
) -> list[dict[str, Any]]:
    """Cases with their progress: gravest first, then oldest, from behind ``after`` (gravity, opened_at, id)."""
    position = (cases.c.gravity, cases.c.opened_at, cases.c.id)
    query = _matching(BASE, wanted)
    if after:
        query = query.where(tuple_(*position) > tuple(after))
    return [dict(row) for row in (await connection.execute(query.order_by(*position).limit(limit))).mappings()]


def _matching(query: Select[Any], wanted: Filter) -> Select[Any]:
    if wanted.statuses:
        query = query.where(cases.c.status.in_(wanted.statuses))
    if wanted.holder:
        query = query.where(cases.c.holder == wanted.holder)
    if wanted.categories:
        query = query.where(cases.c.category.in_(wanted.categories))
    return query.where(cases.c.district.in_(wanted.districts)) if wanted.districts else query
