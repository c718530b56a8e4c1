"""What video reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, exists, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events.contracts.session import EvidenceKind
from vpr_video.domain.inviting import SMS
from vpr_video.domain.items import MEDIA_SERVER, Stage
from vpr_video.tables import (
    chat,
    checklist_ticks,
    credentials,
    evidence,
    guests,
    holders,
    invite_attempts,
    invite_tokens,
    invites,
    locations,
    participants,
    positions,
    sessions,
)

LOCATION = ("latitude", "longitude", "accuracy", "located_at")
"""What is known of where somebody is: degrees (WGS 84), metres, when."""

_located = (locations.c.session_id == participants.c.session_id) & (
    locations.c.participant_id == participants.c.participant_id
)

APPOINTMENT = (sessions.c.scheduled_at, sessions.c.scheduled_zone, sessions.c.opens_at)

TIMEOUT, UNDER_WAY = "timeout", "under_way"
"""The codes of tries whose end nobody knows (yet)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which sessions: of one officer, of one case, in these states."""

    officer_id: UUID | None = None
    case_id: UUID | None = None
    statuses: Sequence[str] = ()


holder = case((holders.c.case_id.is_not(None), holders.c.officer_id), else_=sessions.c.officer_id).label("holder_id")
_recorder = participants.alias("recorder")
_recording = (
    select(evidence.c.id)
    .join(
        _recorder,
        (_recorder.c.session_id == evidence.c.session_id) & (_recorder.c.participant_id == evidence.c.participant_id),
    )
    .where(
        evidence.c.session_id == sessions.c.id,
        evidence.c.kind == EvidenceKind.RECORDING,
        evidence.c.state == Stage.OPEN,
        _recorder.c.left_at.is_(None),
        sessions.c.ended_at.is_(None),
    )
    .exists()
    .label("recording")
)
"""Whether somebody who is there makes a recording."""
SESSIONS: Select[*tuple[Any, ...]] = select(sessions, holder, _recording).outerjoin(
    holders, holders.c.case_id == sessions.c.case_id
)
"""Sessions, each with who holds its case: until triage tells otherwise, the officer who asked for it."""


async def one_session(connection: AsyncConnection, session_id: UUID) -> dict[str, Any] | None:
    """A session's row."""
    query = SESSIONS.where(sessions.c.id == session_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return dict(row) if row else None


async def served_recording(connection: AsyncConnection, session_id: UUID) -> dict[str, Any] | None:
    """The recording that the media server makes of a session: its id, and the participant_id for whom."""
    query = select(evidence.c.id, evidence.c.participant_id).where(
        evidence.c.session_id == session_id, evidence.c.state == Stage.OPEN, evidence.c.method == MEDIA_SERVER
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    return dict(row) if row else None


async def list_sessions(
    connection: AsyncConnection, wanted: Filter, *, limit: int, after: Sequence[Any] | None = None
) -> list[dict[str, Any]]:
    """Sessions, newest first, from behind ``after``, the (created_at, id) of a page's last."""
    query = SESSIONS.order_by(sessions.c.created_at.desc(), sessions.c.id.desc()).limit(limit)
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
    """The invitation behind a token, with its session's report_id and appointment; None for any other text."""
    query = (
        select(invites, sessions.c.report_id, *APPOINTMENT)
        .join(invite_tokens, invite_tokens.c.invite_id == invites.c.invite_id)
        .join(sessions, sessions.c.id == invites.c.session_id)
        .where(invite_tokens.c.token_digest == token_digest)
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    return dict(row) if row else None


async def people_of(connection: AsyncConnection, session_id: UUID) -> list[dict[str, Any]]:
    """Everyone who came to a session, also who left, in the order of their (last) coming.

    With where they last were, and the name of a guest.
    """
    query = (
        select(participants, *(locations.c[name] for name in LOCATION), guests.c.name)
        .outerjoin(locations, _located)
        .outerjoin(guests, guests.c.participant_id == participants.c.participant_id)
        .where(participants.c.session_id == session_id)
        .order_by(participants.c.joined_at, participants.c.participant_id)
    )
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def credential_of(connection: AsyncConnection, token_digest: str) -> dict[str, Any] | None:
    """The session_id and participant_id that a resident's credential stands for; None for any other text."""
    query = select(credentials).where(credentials.c.token_digest == token_digest)
    row = (await connection.execute(query)).mappings().one_or_none()
    return dict(row) if row else None


async def chat_of(connection: AsyncConnection, session_id: UUID, limit: int = 500) -> list[dict[str, Any]]:
    """The last of what was written in a session, in order."""
    newest = select(chat).where(chat.c.session_id == session_id).order_by(chat.c.at.desc(), chat.c.id.desc())
    rows = (await connection.execute(newest.limit(limit))).mappings().all()
    return [dict(row) for row in reversed(rows)]


async def positions_of(connection: AsyncConnection, session_id: UUID, limit: int) -> list[dict[str, Any]]:
    """The last of where a session's residents said to be, in the order in which it came."""
    newest = select(positions).where(positions.c.session_id == session_id)
    newest = newest.order_by(positions.c.received_at.desc(), positions.c.measured_at.desc())
    rows = (await connection.execute(newest.limit(limit))).mappings().all()
    return [dict(row) for row in reversed(rows)]


async def takes_position(connection: AsyncConnection, row: Mapping[str, Any], most: int) -> bool:
    """Whether a session that keeps ``most`` positions keeps this one; it does where it keeps it already."""
    of = positions.c.session_id == row["session_id"]
    kept = select(positions.c.received_at).where(of).limit(most).subquery()
    if int((await connection.execute(select(func.count()).select_from(kept))).scalar_one()) < most:
        return True
    same = exists().where(*(column == row[column.name] for column in positions.primary_key))
    return bool(await connection.scalar(select(same)))


async def lines_of(connection: AsyncConnection, session_id: UUID, most: int) -> int:
    """How many lines were written in a session, counted up to ``most``."""
    lines = select(chat.c.id).where(chat.c.session_id == session_id).limit(most).subquery()
    return int((await connection.execute(select(func.count()).select_from(lines))).scalar_one())


async def is_over(connection: AsyncConnection, session_id: UUID) -> bool:
    """Whether a session has ended; under the lock of its stream that is certain until the transaction's end."""
    query = select(exists().where(sessions.c.id == session_id, sessions.c.ended_at.is_not(None)))
    return bool(await connection.scalar(query))


async def one_invite(connection: AsyncConnection, invite_id: UUID) -> dict[str, Any] | None:
    """An invitation with its session's report_id, status and appointment."""
    query = select(invites, sessions.c.report_id, sessions.c.status, *APPOINTMENT).join(
        sessions, sessions.c.id == invites.c.session_id
    )
    row = (await connection.execute(query.where(invites.c.invite_id == invite_id))).mappings().one_or_none()
    return dict(row) if row else None


async def invites_of(connection: AsyncConnection, session_id: UUID) -> list[dict[str, Any]]:
    """A session's invitations, newest first."""
    query = select(invites).where(invites.c.session_id == session_id)
    query = query.order_by(invites.c.issued_at.desc(), invites.c.invite_id.desc())
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def attempts_of(
    connection: AsyncConnection, invite_ids: Sequence[UUID], purpose: str | None = None
) -> list[dict[str, Any]]:
    """The tries to send these invitations, or for one ``purpose`` alone, the oldest first."""
    query = select(invite_attempts).where(invite_attempts.c.invite_id.in_(invite_ids))
    if purpose:
        query = query.where(invite_attempts.c.purpose == purpose)
    query = query.order_by(invite_attempts.c.at, invite_attempts.c.id)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def sms_of(connection: AsyncConnection, session_id: UUID, since: datetime) -> tuple[int, int]:
    """How many SMS a session has cost, and how many all have cost since then (real time).

    One whose end nobody knows counts: it may have been sent.
    """
    costly = or_(invite_attempts.c.error.is_(None), invite_attempts.c.error.in_((TIMEOUT, UNDER_WAY)))
    own = invite_attempts.c.invite_id.in_(select(invites.c.invite_id).where(invites.c.session_id == session_id))
    counted = select(func.count()).where(invite_attempts.c.channel == SMS, costly)
    both = select(counted.where(own).scalar_subquery(), counted.where(invite_attempts.c.at >= since).scalar_subquery())
    mine, every = (await connection.execute(both)).one()
    return mine, every


async def is_neutral(connection: AsyncConnection, session_id: UUID) -> bool:
    """Whether any invitation to a session was to be without a word of police."""
    query = select(exists().where(invites.c.session_id == session_id, invites.c.neutral))
    return bool(await connection.scalar(query))


async def ticks_of(connection: AsyncConnection, session_id: UUID) -> list[tuple[str, str]]:
    """The points that were ticked in a session, each with its list."""
    query = select(checklist_ticks.c.checklist, checklist_ticks.c.point)
    query = query.where(checklist_ticks.c.session_id == session_id, checklist_ticks.c.ticked)
    query = query.order_by(checklist_ticks.c.at, checklist_ticks.c.point)
    return [(row.checklist, row.point) for row in await connection.execute(query)]


async def locked_person(connection: AsyncConnection, session_id: UUID, participant_id: UUID) -> dict[str, Any]:
    """A participant's row until the end of the transaction: consent taken back meanwhile comes after it."""
    own = (participants.c.session_id == session_id) & (participants.c.participant_id == participant_id)
    return dict((await connection.execute(select(participants).where(own).with_for_update())).mappings().one())
