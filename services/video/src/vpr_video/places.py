"""Where somebody stands who waits to be let in, and how long that may take by what was measured."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events.contracts.session import Participant
from vpr_video.domain.state import TALKING
from vpr_video.queries import SESSIONS, holder
from vpr_video.tables import participants, sessions

FEWEST = 5
"""Meetings that must have been measured before anybody is told a time."""

OFFICERS_LAST, EVERYBODYS_LAST = 50, 200


@dataclass(frozen=True, slots=True)
class Place:
    """``ahead`` others wait for the same officer; ``busy``: that officer is in a call now.

    ``minutes`` until the turn comes, by the median of measured meetings: None where too few were, or none is before.
    """

    ahead: int
    busy: bool
    minutes: int | None


async def place_of(
    connection: AsyncConnection, session: dict[str, Any], person: dict[str, Any], now: datetime
) -> Place:
    """The place of one who waits in this session.

    Nobody stands in line by a session that is over, also by its time alone, nor by one in which a resident was let in
    already (from another device), nor before themselves by an earlier session about the same report.
    """
    others = SESSIONS.where(
        sessions.c.ended_at.is_(None),
        sessions.c.expires_at > now,
        sessions.c.id != session["id"],
        holder.is_not_distinct_from(session["holder_id"]),
    ).subquery()
    ahead = select(func.count()).where(
        others.c.report_id != session["report_id"],
        exists().where(*_waits_before(others.c.id, person["joined_at"])),
        ~exists().where(*_inside(others.c.id)),
    )
    waiting = await connection.scalar(ahead.select_from(others)) or 0
    talking = select(func.max(others.c.connected_at)).where(others.c.status.in_(TALKING))
    since = await connection.scalar(talking)
    typical = await _typical(connection, session["holder_id"])
    return Place(waiting, since is not None, _minutes(waiting, since, typical, now))


def _residents(session_id: Any) -> tuple[Any, ...]:
    present = participants.c.left_at.is_(None)
    return (participants.c.session_id == session_id, participants.c.kind == Participant.RESIDENT, present)


def _waits_before(session_id: Any, joined_at: datetime) -> tuple[Any, ...]:
    waits = participants.c.admitted_at.is_(None)
    return (*_residents(session_id), waits, participants.c.joined_at < joined_at)


def _inside(session_id: Any) -> tuple[Any, ...]:
    return (*_residents(session_id), participants.c.admitted_at.is_not(None))


def _minutes(ahead: int, since: datetime | None, typical: timedelta | None, now: datetime) -> int | None:
    if typical is None:
        return None
    rest = max(timedelta(0), typical - (now - since)) if since else timedelta(0)
    return ceil((ahead * typical + rest) / timedelta(minutes=1)) or None


async def _typical(connection: AsyncConnection, officer: UUID | None) -> timedelta | None:
    """The median of how long the officer's last meetings took, of everybody's where those are too few."""
    own = select(sessions).where(sessions.c.officer_id == officer)
    return await _median(connection, own, OFFICERS_LAST) or await _median(connection, select(sessions), EVERYBODYS_LAST)


async def _median(connection: AsyncConnection, which: Select[Any], most: int) -> timedelta | None:
    met = which.where(sessions.c.connected_at.is_not(None), sessions.c.ended_at.is_not(None))
    last = met.order_by(sessions.c.created_at.desc()).limit(most).subquery()
    took = func.percentile_cont(0.5).within_group(last.c.ended_at - last.c.connected_at)
    measured, median = (await connection.execute(select(func.count(), took).select_from(last))).one()
    return median if measured >= FEWEST else None
