"""What intake reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_intake.tables import particulars, progress, reports

PROGRESS = tuple(column for column in progress.c if column.name != "report_id")
PARTICULARS = tuple(column for column in particulars.c if column.name != "report_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which reports: of one client, of these codes, filed between two moments (both inclusive)."""

    client_id: UUID | None = None
    ids: Sequence[UUID] = ()
    categories: Sequence[str] = ()
    closed: bool | None = None
    start: datetime | None = None
    end: datetime | None = None


async def one_report(connection: AsyncConnection, report_id: UUID) -> dict[str, Any] | None:
    """A report with its particulars and progress."""
    query = _base(*PARTICULARS).outerjoin(particulars, particulars.c.report_id == reports.c.id)
    row = (await connection.execute(query.where(reports.c.id == report_id))).mappings().one_or_none()
    return dict(row) if row else None


async def list_reports(
    connection: AsyncConnection,
    wanted: Filter,
    *,
    limit: int,
    after: Sequence[Any] | None = None,
    personal: bool = False,
) -> list[dict[str, Any]]:
    """Reports, newest first, from behind ``after`` (filed_at, id); particulars only when ``personal``."""
    query = _base(*(PARTICULARS if personal else ()))
    if personal:
        query = query.outerjoin(particulars, particulars.c.report_id == reports.c.id)
    query = _matching(query, wanted)
    if after:
        query = query.where(tuple_(reports.c.filed_at, reports.c.id) < tuple(after))
    query = query.order_by(reports.c.filed_at.desc(), reports.c.id.desc()).limit(limit)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


def _base(*columns: Any) -> Select[Any]:
    return (
        select(reports, *PROGRESS, *columns)
        .select_from(reports)
        .outerjoin(progress, progress.c.report_id == reports.c.id)
    )


def _matching(query: Select[Any], wanted: Filter) -> Select[Any]:
    ended = reports.c.withdrawn_at.is_not(None) | progress.c.closed_at.is_not(None)
    if wanted.client_id:
        query = query.where(reports.c.client_id == wanted.client_id)
    if wanted.ids:
        query = query.where(reports.c.id.in_(wanted.ids))
    if wanted.categories:
        query = query.where(reports.c.category.in_(wanted.categories))
    if wanted.closed is not None:
        query = query.where(ended if wanted.closed else ~ended)
    if wanted.start:
        query = query.where(reports.c.filed_at >= wanted.start)
    return query.where(reports.c.filed_at <= wanted.end) if wanted.end else query


def status_of(row: dict[str, Any]) -> str:
    """The public status: withdrawn, closed, dispatched, in_progress or received."""
    if row["withdrawn_at"]:
        return "withdrawn"
    if row["closed_at"]:
        return "closed"
    if row["dispatched_at"]:
        return "dispatched"
    return "in_progress" if row["claimed_at"] else "received"
