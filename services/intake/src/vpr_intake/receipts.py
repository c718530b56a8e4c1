"""Receipts of residents: their rows, who has which, and the sessions of the status page."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events.writes import Write
from vpr_intake.tables import call_requests, receipts, resident_sessions, residents, sensitive_reports

INSERT_RECEIPT, INSERT_RESIDENT = insert(receipts), insert(residents)
MARK_SENSITIVE = upsert(sensitive_reports).on_conflict_do_nothing()
ASK_FOR_CALL = upsert(call_requests).on_conflict_do_nothing()


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a resident wants to be reached: ``contact_by`` phone, email or any; ``discreet`` in neutral words only."""

    language: str
    contact_by: str
    discreet: bool


def receipt_of(report_id: UUID, number: str, secret_hash: bytes) -> Write:
    """The receipt of a report."""
    row = {"report_id": report_id, "number": number, "secret_hash": secret_hash}
    return Write(report_id, INSERT_RECEIPT, row)


def resident_of(report_id: UUID, phrase: str, wishes: Wishes) -> Write:
    """The words by which the officer proves who calls, and how the resident wants to be reached. Personal."""
    row = {"report_id": report_id, "phrase": phrase, "language": wishes.language}
    return Write(report_id, INSERT_RESIDENT, row | {"contact_by": wishes.contact_by, "discreet": wishes.discreet})


def sensitive(report_id: UUID) -> Write:
    """Mark a report as one that is told of to nobody; the mark stays."""
    return Write(report_id, MARK_SENSITIVE, {"report_id": report_id})


def call_asked(report_id: UUID, at: datetime) -> Write:
    """Note that a resident asked to be called."""
    return Write(report_id, ASK_FOR_CALL, {"report_id": report_id, "requested_at": at})


async def told_at_filing(connection: AsyncConnection, report_id: UUID) -> tuple[str, str] | None:
    """A report's case number and phrase; None for one that was erased, or is no resident's."""
    query = select(receipts.c.number, residents.c.phrase).join(residents, residents.c.report_id == receipts.c.report_id)
    row = (await connection.execute(query.where(receipts.c.report_id == report_id))).one_or_none()
    return (row.number, row.phrase) if row else None


async def by_number(connection: AsyncConnection, number: str) -> tuple[UUID, bytes] | None:
    """The report of a case number, and the hash of its secret."""
    query = select(receipts.c.report_id, receipts.c.secret_hash).where(receipts.c.number == number)
    row = (await connection.execute(query)).one_or_none()
    return (row.report_id, row.secret_hash) if row else None


async def resident_by(connection: AsyncConnection, report_id: UUID) -> dict[str, Any] | None:
    """What the officer is told of the resident who filed on the web. Personal."""
    followed = residents.outerjoin(call_requests, call_requests.c.report_id == residents.c.report_id)
    query = select(residents, call_requests.c.requested_at.label("call_requested_at")).select_from(followed)
    row = (await connection.execute(query.where(residents.c.report_id == report_id))).mappings().one_or_none()
    return dict(row) if row else None


async def number_of(connection: AsyncConnection, report_id: UUID) -> str:
    """The case number of a report. Raises NoResultFound."""
    query = select(receipts.c.number).where(receipts.c.report_id == report_id)
    return str((await connection.execute(query)).scalar_one())


async def number_if_any(connection: AsyncConnection, report_id: UUID) -> str | None:
    """The case number of a report; None for one that was not filed on our pages."""
    return await connection.scalar(select(receipts.c.number).where(receipts.c.report_id == report_id))


async def is_sensitive(connection: AsyncConnection, report_id: UUID) -> bool:
    """Whether a report is told of to nobody."""
    return bool(await connection.scalar(select(exists().where(sensitive_reports.c.report_id == report_id))))


async def call_requested_at(connection: AsyncConnection, report_id: UUID) -> datetime | None:
    """When the resident asked to be called."""
    query = select(call_requests.c.requested_at).where(call_requests.c.report_id == report_id)
    return await connection.scalar(query)


async def open_session(connection: AsyncConnection, report_id: UUID, lifetime: timedelta) -> str:
    """A session that shows one report, by real time: its token. Sessions that are over are removed."""
    token = secrets.token_urlsafe(32)
    await connection.execute(delete(resident_sessions).where(resident_sessions.c.expires_at <= func.now()))
    row = {"token_hash": _digest(token), "report_id": report_id, "expires_at": func.now() + lifetime}
    await connection.execute(insert(resident_sessions).values(row))
    return token


async def report_of_session(connection: AsyncConnection, token: str) -> UUID | None:
    """The report that a session shows; None once it is over."""
    lasting = resident_sessions.c.expires_at > func.now()
    query = select(resident_sessions.c.report_id).where(resident_sessions.c.token_hash == _digest(token), lasting)
    return await connection.scalar(query)


async def end_session(connection: AsyncConnection, token: str) -> None:
    """Nobody sees anything by this token any more."""
    await connection.execute(delete(resident_sessions).where(resident_sessions.c.token_hash == _digest(token)))


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
