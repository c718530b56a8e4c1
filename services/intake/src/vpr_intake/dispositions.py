"""What is due for erasure by a rule, what a hold keeps from it, and what is open for too long."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events.contracts.access import AlarmKind
from vpr_intake.domain.retention import Retention, RetentionRule
from vpr_intake.tables import alarms, dispositions, holds, reports

HELD = select(holds.c.id).where(holds.c.report_id == dispositions.c.report_id, holds.c.lifted_at.is_(None)).exists()
FOLLOWED = reports.join(dispositions, dispositions.c.report_id == reports.c.id)
POSITION = (dispositions.c.ended_at, dispositions.c.report_id)


def _span(kept: timedelta) -> ColumnElement[Any]:
    """In seconds: a day as a day would follow the clock changes of the database's zone."""
    return func.make_interval(0, 0, 0, 0, 0, 0, kept.total_seconds())


def _due_at(retention: Retention) -> ColumnElement[Any]:
    own = [(reports.c.category == category, _span(rule.kept)) for category, rule in retention.categories.items()]
    kept = case(*own, else_=_span(retention.default.kept)) if own else _span(retention.default.kept)
    return dispositions.c.ended_at + kept


def _is_due(retention: Retention, now: datetime) -> ColumnElement[bool]:
    rules: list[RetentionRule] = [retention.default, *retention.categories.values()]
    shortest = min(rule.kept for rule in rules)
    ended = dispositions.c.ended_at <= now - shortest  # what the index finds
    return and_(dispositions.c.erased_at.is_(None), ended, _due_at(retention) <= now)


def _select_due(retention: Retention, now: datetime) -> Select[Any]:
    query = select(dispositions.c.report_id, dispositions.c.ended_at, reports.c.category).select_from(FOLLOWED)
    return query.where(_is_due(retention, now), ~HELD)


async def list_due(
    connection: AsyncConnection,
    retention: Retention,
    now: datetime,
    *,
    limit: int,
    after: tuple[datetime, UUID] | None = None,
) -> Sequence[Any]:
    """Reports (report_id, ended_at, category) that are due and not held, from behind ``after`` (ended_at, report_id).

    Those that ended first come first.
    """
    query = _select_due(retention, now)
    if after:
        query = query.where(tuple_(*POSITION) > tuple_(*after))
    rows: Sequence[Any] = (await connection.execute(query.order_by(*POSITION).limit(limit))).all()
    return rows


async def still_due(connection: AsyncConnection, retention: Retention, now: datetime, report_id: UUID) -> str | None:
    """The category of a report that is due and not held, whose row is locked; None for any other.

    None too while another process has it in hand.
    """
    query = _select_due(retention, now).where(dispositions.c.report_id == report_id)
    row = (await connection.execute(query.with_for_update(of=dispositions, skip_locked=True))).one_or_none()
    return row.category if row else None


async def count_due(
    connection: AsyncConnection, retention: Retention, now: datetime
) -> tuple[int, int, datetime | None]:
    """How many are due and not held, how many are due but held, and since when the first of those not held is due."""
    free = func.count().filter(~HELD)
    oldest = func.min(_due_at(retention)).filter(~HELD)
    query = select(free, func.count().filter(HELD), oldest).select_from(FOLLOWED).where(_is_due(retention, now))
    row = (await connection.execute(query)).one()
    return row[0], row[1], row[2]


async def list_unclosed(connection: AsyncConnection, before: datetime, *, limit: int) -> Sequence[UUID]:
    """Reports that were filed ``before``, have not ended, and of which no alarm tells.

    An alarm tells while it is open, and as long after it was raised as a report may be open.
    """
    tells = and_(
        alarms.c.report_id == reports.c.id,
        alarms.c.kind == AlarmKind.UNCLOSED_REPORT,
        or_(alarms.c.acknowledged_at.is_(None), alarms.c.raised_at > before),
    )
    followed = reports.outerjoin(dispositions, dispositions.c.report_id == reports.c.id)
    query = select(reports.c.id).select_from(followed).where(
        reports.c.filed_at <= before,
        dispositions.c.ended_at.is_(None),
        dispositions.c.erased_at.is_(None),
        ~select(alarms.c.id).where(tells).exists(),
    )  # fmt: skip
    return (await connection.execute(query.order_by(reports.c.filed_at, reports.c.id).limit(limit))).scalars().all()


async def holds_of(connection: AsyncConnection, report_id: UUID) -> list[dict[str, Any]]:
    """A report's holds, the newest first; those that were lifted have ``lifted_at``."""
    query = select(holds).where(holds.c.report_id == report_id).order_by(holds.c.placed_at.desc(), holds.c.id.desc())
    return [dict(row) for row in (await connection.execute(query)).mappings()]
