"""What video reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_video.tables import invites, sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which sessions: of one officer, of one case, in these states."""

    officer_id: UUID | None = None
    case_id: UUID | None = None
    statuses: Sequence[str] = ()


async def one_session(connection: AsyncConnection, session_id: UUID) -> dict[str, Any] | None:
    """A session's row."""
    query = select(sessions).where(sessions.c.id == session_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return dict(row) if row else None


async def list_sessions(
    connection: AsyncConnection, wanted: Filter, *, limit: int, after: Sequence[Any] | None = None
) -> list[dict[str, Any]]:
    """Sessions, newest first, from behind ``after``, the (created_at, id) of a page's last."""
    query = select(sessions).order_by(sessions.c.created_at.desc(), sessions.c.id.desc()).limit(limit)
    if wanted.officer_id:
        query = query.where(sessions.c.officer_id == wanted.officer_id)
    if wanted.case_id:
        query = query.where(sessions.c.case_id == wanted.case_id)
    if wanted.statuses:
        query = query.where(sessions.c.status.in_(wanted.statuses))
    if after:
        query = query.where(tuple_(sessions.c.created_at, sessions.c.id) < after)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def invite_of(connection: AsyncConnection, token_digest: str) -> dict[str, Any] | None:
    """The invite_id, session_id and report_id behind a token; None for any other text."""
    query = (
        select(invites.c.invite_id, invites.c.session_id, sessions.c.report_id)
        .join(sessions, sessions.c.id == invites.c.session_id)
        .where(invites.c.token_digest == token_digest)
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    return dict(row) if row else None
