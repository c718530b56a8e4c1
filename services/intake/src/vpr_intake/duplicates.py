"""Reports that may tell of the same incident: near in place, time and category. Found when asked for, never merged."""

import math
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Float, and_, exists, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_intake.queries import PROGRESS
from vpr_intake.tables import particulars, progress, reports, sensitive_reports

METRES = 50.0
STEP = 10.0
"""Distances are told in such steps: who files reports around a home must not find it by them."""
SPAN = timedelta(hours=24)
EARTH = 6_371_008.8
"""Mean radius in metres (IUGG)."""
MOST = 50

HAPPENED = func.coalesce(reports.c.occurred_to, reports.c.occurred_from, reports.c.filed_at)
"""When it happened, as far as is known."""


async def possible_duplicates(connection: AsyncConnection, report_id: UUID) -> list[dict[str, Any]]:
    """Other reports of the same category within 50 metres and 24 hours, the nearest first; at most 50, no sensitive
    ones.

    Rows of id, filed_at, happened_at, the progress, and how far: ``metres``, and ``seconds`` apart. None for a report
    without a point.
    """
    place = await _place(connection, report_id)
    if place is None:
        return []
    category, happened, latitude, longitude = place
    metres, apart = _metres_to(latitude, longitude), _apart(happened)
    told = [reports.c.id, reports.c.filed_at, reports.c.withdrawn_at, reports.c.stopped_at, *PROGRESS]
    far = [HAPPENED.label("happened_at"), (func.ceil(metres / STEP) * STEP).label("metres")]
    query = (
        select(*told, *far, apart.label("seconds"))
        .join(particulars, particulars.c.report_id == reports.c.id)
        .outerjoin(progress, progress.c.report_id == reports.c.id)
        .where(~exists().where(sensitive_reports.c.report_id == reports.c.id))
        .where(_boxed(latitude, longitude), reports.c.id != report_id, reports.c.category == category)
        .where(metres <= METRES, apart <= SPAN.total_seconds())
        .order_by(metres, apart, reports.c.id)
        .limit(MOST)
    )
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def _place(connection: AsyncConnection, report_id: UUID) -> tuple[str, datetime, float, float] | None:
    query = select(reports.c.category, HAPPENED, particulars.c.latitude, particulars.c.longitude).where(
        reports.c.id == report_id,
        particulars.c.report_id == reports.c.id,
        particulars.c.latitude.is_not(None),
        particulars.c.longitude.is_not(None),
    )
    row = (await connection.execute(query)).one_or_none()
    return (row[0], row[1], row[2], row[3]) if row else None


def _boxed(latitude: float, longitude: float) -> ColumnElement[bool]:
    """Within a box around the circle, which an index finds; it ends at the antimeridian, where no city lies."""
    high = math.degrees(METRES / EARTH) * 1.001
    wide = high / max(math.cos(math.radians(latitude)), 1e-6)
    return and_(
        particulars.c.latitude.between(latitude - high, latitude + high),
        particulars.c.longitude.between(longitude - wide, longitude + wide),
    )


def _metres_to(latitude: float, longitude: float) -> ColumnElement[float]:
    """The great-circle distance, by the haversine formula."""
    up = func.sin(func.radians(particulars.c.latitude - latitude) / 2)
    across = func.sin(func.radians(particulars.c.longitude - longitude) / 2)
    cosines = func.cos(func.radians(particulars.c.latitude)) * literal(math.cos(math.radians(latitude)))
    return 2 * EARTH * func.asin(func.sqrt(up * up + cosines * across * across))


def _apart(happened: datetime) -> ColumnElement[float]:
    return func.abs(func.extract("epoch", HAPPENED - happened)).cast(Float)
