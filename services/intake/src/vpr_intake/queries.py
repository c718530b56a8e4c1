"""What intake reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, case, exists, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events.contracts.access import AlarmKind
from vpr_intake.basis import Basis
from vpr_intake.tables import (
    accesses,
    alarm_texts,
    alarms,
    annotations,
    answers,
    details,
    grants,
    particulars,
    progress,
    reports,
    screenings,
    sensitive_reports,
    statements,
    status_changes,
    updates,
)

PROGRESS = tuple(column for column in progress.c if column.name != "report_id")
OF_REPORT = tuple(column for column in reports.c if column.name not in {"version", "filed_by"})
VERSION = func.greatest(reports.c.version, screenings.c.version).label("version")
"""A screening is a row of its own, so that filing need not change the report's."""
SCREENING = (screenings.c.outcome, screenings.c.reasons, screenings.c.rule_set)
SENSITIVE = sensitive_reports.c.report_id.is_not(None).label("sensitive")
PARTICULARS = tuple(column for column in particulars.c if column.name != "report_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which reports: of one client, of these codes, filed or changed between two moments (all inclusive)."""

    client_id: UUID | None = None
    ids: Sequence[UUID] = ()
    categories: Sequence[str] = ()
    closed: bool | None = None
    start: datetime | None = None
    end: datetime | None = None
    changed_from: datetime | None = None
    changed_to: datetime | None = None


CHANGED = func.greatest(reports.c.filed_at, reports.c.withdrawn_at, progress.c.updated_at)
"""When a report changed last; GREATEST passes over what is null."""


async def one_report(connection: AsyncConnection, report_id: UUID, *, personal: bool = False) -> dict[str, Any] | None:
    """A report with its progress; particulars only when ``personal``."""
    query = _base(personal=personal).where(reports.c.id == report_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return dict(row) if row else None


async def list_reports(
    connection: AsyncConnection,
    wanted: Filter,
    *,
    limit: int,
    after: Sequence[Any] | None = None,
    offset: int = 0,
    personal: bool = False,
) -> list[dict[str, Any]]:
    """Reports, newest first, from behind ``after`` (filed_at, id); particulars only when ``personal``."""
    query = _matching(_base(personal=personal), wanted)
    if after:
        query = query.where(tuple_(reports.c.filed_at, reports.c.id) < tuple(after))
    query = query.order_by(reports.c.filed_at.desc(), reports.c.id.desc()).limit(limit)
    query = query.offset(offset) if offset else query
    return [dict(row) for row in (await connection.execute(query)).mappings()]


def _base(*, personal: bool) -> Select[Any]:
    followed = reports.outerjoin(progress, progress.c.report_id == reports.c.id)
    followed = followed.outerjoin(screenings, screenings.c.report_id == reports.c.id)
    followed = followed.outerjoin(sensitive_reports, sensitive_reports.c.report_id == reports.c.id)
    if not personal:
        return select(*OF_REPORT, VERSION, *PROGRESS, *SCREENING, SENSITIVE).select_from(followed)
    whole = followed.outerjoin(particulars, particulars.c.report_id == reports.c.id)
    whole = whole.outerjoin(answers, answers.c.report_id == reports.c.id)
    whole = whole.outerjoin(details, details.c.report_id == reports.c.id)
    told = (answers.c.answers, details.c.details)
    shown = (*OF_REPORT, VERSION, *PROGRESS, *SCREENING, SENSITIVE, *PARTICULARS, *told)
    return select(*shown).select_from(whole)


def _matching(query: Select[Any], wanted: Filter) -> Select[Any]:
    ended = reports.c.withdrawn_at.is_not(None) | progress.c.closed_at.is_not(None)
    changed: ColumnElement[Any] = CHANGED
    if wanted.client_id:  # whom nothing may tell what became of a sensitive report
        ended = ended & ~SENSITIVE.element
        changed = case((SENSITIVE.element, reports.c.filed_at), else_=CHANGED)
        query = query.where(reports.c.client_id == wanted.client_id)
    if wanted.ids:
        query = query.where(reports.c.id.in_(wanted.ids))
    if wanted.categories:
        query = query.where(reports.c.category.in_(wanted.categories))
    if wanted.closed is not None:
        query = query.where(ended if wanted.closed else ~ended)
    if wanted.start:
        query = query.where(reports.c.filed_at >= wanted.start)
    if wanted.changed_from:
        query = query.where(wanted.changed_from <= changed)
    if wanted.changed_to:
        query = query.where(wanted.changed_to >= changed)
    return query.where(reports.c.filed_at <= wanted.end) if wanted.end else query


LATER = (*(column.name for column in PROGRESS), "withdrawn_at", "stopped_at")


def for_client(row: dict[str, Any]) -> dict[str, Any]:
    """A report's row as the client that filed it may see it: of a sensitive one nothing that came after the filing."""
    return {**row, **dict.fromkeys(LATER)} if row["sensitive"] else row


def status_of(row: dict[str, Any]) -> str:
    """The public status: withdrawn, closed, dispatched, in_progress, stopped (an emergency, so far) or received."""
    if row["withdrawn_at"]:
        return "withdrawn"
    if row["closed_at"]:
        return "closed"
    if row["dispatched_at"]:
        return "dispatched"
    if row["claimed_at"]:
        return "in_progress"
    return "stopped" if row["stopped_at"] else "received"


TOLD = ~exists().where(sensitive_reports.c.report_id == status_changes.c.report_id)


async def status_changes_of(
    connection: AsyncConnection, report_ids: Sequence[UUID], *, sensitive: bool = False
) -> list[dict[str, Any]]:
    """What became of these reports, the oldest first, without changes to the status that stood already.

    Of a sensitive report nothing is told but to those who may know of ``sensitive`` ones.
    """
    query = _changes(status_changes.c.report_id.in_(report_ids), *(() if sensitive else (TOLD,)))
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def status_changes_between(
    connection: AsyncConnection, client_id: UUID, start: datetime, end: datetime, *, limit: int
) -> list[dict[str, Any]]:
    """What became of a client's reports between two moments (both inclusive), the oldest first."""
    own = select(reports.c.id).where(reports.c.client_id == client_id)
    recent = select(status_changes.c.report_id).where(status_changes.c.at.between(start, end))
    changes = _changes(status_changes.c.report_id.in_(recent), status_changes.c.report_id.in_(own), TOLD).subquery()
    query = select(changes).where(changes.c.at.between(start, end)).order_by(changes.c.at, changes.c.id).limit(limit)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


def _changes(*which: ColumnElement[bool]) -> Select[Any]:
    before = func.lag(status_changes.c.status).over(
        partition_by=status_changes.c.report_id, order_by=(status_changes.c.at, status_changes.c.id)
    )
    every = select(status_changes, before.label("before")).where(*which).subquery()
    query = select(every.c.id, every.c.report_id, every.c.status, every.c.at)
    return query.where(every.c.status.is_distinct_from(every.c.before)).order_by(every.c.at, every.c.id)


async def updates_of(connection: AsyncConnection, report_id: UUID) -> list[dict[str, Any]]:
    """What a client added to a report, the oldest first. Personal."""
    query = select(updates).where(updates.c.report_id == report_id).order_by(updates.c.received_at, updates.c.id)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def statements_of(
    connection: AsyncConnection, report_id: UUID, *, by: UUID | None = None
) -> list[dict[str, Any]]:
    """What was stated for a report (and taken ``by`` this one), the oldest first. Personal."""
    query = select(statements).where(statements.c.report_id == report_id)
    query = query.where(statements.c.taken_by == by) if by else query
    query = query.order_by(statements.c.taken_at, statements.c.id)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def annotations_of(
    connection: AsyncConnection, report_id: UUID, *, by: UUID | None = None
) -> list[dict[str, Any]]:
    """What was said to be wrong in a report (``by`` this one), the oldest first. Personal."""
    query = select(annotations).where(annotations.c.report_id == report_id)
    query = query.where(annotations.c.annotated_by == by) if by else query
    query = query.order_by(annotations.c.annotated_at, annotations.c.id)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who wants to read: a person, perhaps also as any dispatcher or as the video service by itself.

    A ``restricted`` report is read under a claim, or under broken glass by a ``supervisor``.
    """

    principal_id: UUID
    dispatcher: bool = False
    video: bool = False
    restricted: bool = False
    supervisor: bool = False


async def standing_grant(
    connection: AsyncConnection, report_id: UUID, reader: Reader, now: datetime
) -> dict[str, Any] | None:
    """What allows this reader to read the report at ``now``; broken glass only where nothing else does."""
    bases = (Basis.CLAIM,) if reader.restricted and not reader.supervisor else (Basis.CLAIM, Basis.BREAK_GLASS)
    own = and_(grants.c.basis.in_(bases), grants.c.principal_id == reader.principal_id)
    allowed = [own]
    if reader.dispatcher and not reader.restricted:
        allowed.append(grants.c.basis == Basis.TASK)
    if reader.video:
        allowed.append(grants.c.basis == Basis.INVITATION)
    lasting = or_(grants.c.until.is_(None), grants.c.until > now)
    query = select(grants).where(grants.c.report_id == report_id, grants.c.stands, lasting, or_(*allowed))
    query = query.order_by(grants.c.basis == Basis.BREAK_GLASS, grants.c.basis, grants.c.source).limit(1)
    row = (await connection.execute(query)).mappings().one_or_none()
    return dict(row) if row else None


async def broken_glass(connection: AsyncConnection, report_id: UUID, principal_id: UUID) -> dict[str, Any]:
    """The latest time that somebody broke the glass of a report, with its alarm. Raises NoResultFound."""
    glass = and_(accesses.c.report_id == report_id, accesses.c.reader_id == principal_id, accesses.c.until.is_not(None))
    raised = and_(
        alarms.c.report_id == accesses.c.report_id,
        alarms.c.caused_by == accesses.c.reader_id,
        alarms.c.raised_at == accesses.c.at,
        alarms.c.kind.in_((AlarmKind.BREAK_GLASS, AlarmKind.RESTRICTED_CASE)),
    )
    query = select(accesses.c.until, alarms.c.id.label("alarm_id"), alarms.c.reason).join(alarms, raised).where(glass)
    query = query.order_by(accesses.c.at.desc()).limit(1)
    return dict((await connection.execute(query)).mappings().one())


async def list_accesses(
    connection: AsyncConnection,
    *,
    report_id: UUID | None,
    reader_id: UUID | None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int,
    after: Sequence[Any] | None = None,
) -> list[dict[str, Any]]:
    """Who read what from ``since`` to before ``until``, newest first, from behind ``after`` (at, id).

    A reader's are also those made for them.
    """
    query = select(accesses)
    if report_id:
        query = query.where(accesses.c.report_id == report_id)
    if reader_id:
        query = query.where(or_(accesses.c.reader_id == reader_id, accesses.c.acting_for == reader_id))
    if since:
        query = query.where(accesses.c.at >= since)
    if until:
        query = query.where(accesses.c.at < until)
    if after:
        query = query.where(tuple_(accesses.c.at, accesses.c.id) < tuple(after))
    query = query.order_by(accesses.c.at.desc(), accesses.c.id.desc()).limit(limit)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def category_of(connection: AsyncConnection, report_id: UUID) -> str | None:
    """The category of a report."""
    code: str | None = (
        await connection.execute(select(reports.c.category).where(reports.c.id == report_id))
    ).scalar_one_or_none()
    return code


async def reports_read(connection: AsyncConnection, reader_id: UUID, since: datetime) -> int:
    """How many different reports somebody read since then, themselves or by a service."""
    theirs = or_(accesses.c.reader_id == reader_id, accesses.c.acting_for == reader_id)
    query = select(func.count(accesses.c.report_id.distinct())).where(theirs, accesses.c.at > since)
    return (await connection.execute(query)).scalar_one()


async def alarmed_since(connection: AsyncConnection, kind: AlarmKind, caused_by: UUID, since: datetime) -> bool:
    """Whether somebody caused an alarm of this kind since then."""
    query = select(alarms.c.id).where(
        alarms.c.caused_by == caused_by, alarms.c.kind == kind, alarms.c.raised_at > since
    )
    return (await connection.execute(query.limit(1))).first() is not None


async def of_whom(connection: AsyncConnection, report_id: UUID) -> Row[*tuple[Any, ...]] | None:
    """Who filed a report (filed_by), and where its reporter is reached (email, phone). Personal."""
    told = reports.outerjoin(particulars, particulars.c.report_id == reports.c.id)
    query = select(reports.c.filed_by, particulars.c.email, particulars.c.phone).select_from(told)
    return (await connection.execute(query.where(reports.c.id == report_id))).one_or_none()


OPEN = alarms.c.acknowledged_at.is_(None)


async def list_alarms(
    connection: AsyncConnection, *, limit: int, after: Sequence[Any] | None = None
) -> list[dict[str, Any]]:
    """Alarms: open ones first, then newest, from behind ``after`` (open, raised_at, id)."""
    query = select(alarms)
    if after:
        query = query.where(tuple_(OPEN, alarms.c.raised_at, alarms.c.id) < tuple(after))
    query = query.order_by(OPEN.desc(), alarms.c.raised_at.desc(), alarms.c.id.desc()).limit(limit)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def one_alarm(connection: AsyncConnection, alarm_id: UUID, *, personal: bool = False) -> dict[str, Any] | None:
    """An alarm; what was said for it only when ``personal`` (None once that is erased)."""
    query = select(alarms).where(alarms.c.id == alarm_id)
    if personal:
        query = select(alarms, alarm_texts.c.text).outerjoin(alarm_texts, alarm_texts.c.alarm_id == alarms.c.id)
        query = query.where(alarms.c.id == alarm_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return dict(row) if row else None
