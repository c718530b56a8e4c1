"""Rows that events never hold: reporters' particulars, what was said for an alarm, record numbers, clients' keys."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events.event import new_id
from vpr_events.writes import Write
from vpr_intake.answers import Answer
from vpr_intake.schemas.details import Details
from vpr_intake.schemas.filing import NewReport
from vpr_intake.tables import (
    alarm_texts,
    annotations,
    answers,
    client_keys,
    clients,
    details,
    erasure_approvals,
    history_records,
    particulars,
    statements,
    updates,
)
from vpr_service.api_keys import Register

register = Register(clients, client_keys)
"""Client systems and their keys."""

INSERT_PARTICULARS = insert(particulars)
INSERT_ANSWERS = insert(answers)
REPLACE_ANSWERS = upsert(answers)
REPLACE_ANSWERS = REPLACE_ANSWERS.on_conflict_do_update(
    index_elements=["report_id"], set_={"answers": REPLACE_ANSWERS.excluded.answers}
)
INSERT_DETAILS = insert(details)
REPLACE_DETAILS = upsert(details)
REPLACE_DETAILS = REPLACE_DETAILS.on_conflict_do_update(
    index_elements=["report_id"], set_={"details": REPLACE_DETAILS.excluded.details}
)
INSERT_RECORD = insert(history_records)
INSERT_ALARM_TEXT = insert(alarm_texts)
REPLACEABLE = tuple(column.name for column in particulars.columns if column.name != "report_id")
REPLACE_PARTICULARS = (
    update(particulars)
    .where(particulars.c.report_id == bindparam("report"))
    .values({name: bindparam(f"new_{name}") for name in REPLACEABLE})
)
INSERT_UPDATE = insert(updates)
INSERT_STATEMENT = insert(statements)
INSERT_ANNOTATION = insert(annotations)
NOTHING = dict.fromkeys((column.name for column in particulars.columns), None)


def particulars_of(report_id: UUID, new: NewReport, **extra: Any) -> Write:
    """What a report tells of a person and a place; ``extra`` such as ``media_url``."""
    row = {**NOTHING, **new.reporter.model_dump(), **new.place.model_dump(), **extra}
    return Write(report_id, INSERT_PARTICULARS, row | {"report_id": report_id, "description": new.description})


def particulars_replaced(report_id: UUID, values: Mapping[str, Any]) -> Write:
    """All particulars anew; ``values`` by their columns."""
    row = {f"new_{name}": values[name] for name in REPLACEABLE}
    return Write(report_id, REPLACE_PARTICULARS, row | {"report": report_id})


def answers_replaced(report_id: UUID, given: Mapping[str, Answer]) -> Write:
    """The answers anew."""
    return Write(report_id, REPLACE_ANSWERS, {"report_id": report_id, "answers": given})


def answers_of(report_id: UUID, given: Mapping[str, Answer]) -> Write:
    """What the filer answered."""
    return Write(report_id, INSERT_ANSWERS, {"report_id": report_id, "answers": given})


def details_of(report_id: UUID, told: Details, *, anew: bool = False) -> Write:
    """Things, vehicles and people of a report."""
    row = {"report_id": report_id, "details": told.model_dump(mode="json", exclude_none=True)}
    return Write(report_id, REPLACE_DETAILS if anew else INSERT_DETAILS, row)


def statement_of(report_id: UUID, **told: Any) -> Write:
    """What somebody states; ``told`` are the columns of ``statements``."""
    return Write(report_id, INSERT_STATEMENT, {"report_id": report_id, **told})


def annotation_of(report_id: UUID, **told: Any) -> Write:
    """A correction; ``told`` are the columns of ``annotations``."""
    return Write(report_id, INSERT_ANNOTATION, {"report_id": report_id, **told})


def update_of(report_id: UUID, **told: Any) -> Write:
    """What a client tells about its report later on; ``told`` are the columns of ``updates``."""
    return Write(report_id, INSERT_UPDATE, {"id": new_id(), "report_id": report_id, **told})


def alarm_text(alarm_id: UUID, report_id: UUID, text: str) -> Write:
    """What somebody said who broke the glass."""
    return Write(report_id, INSERT_ALARM_TEXT, {"alarm_id": alarm_id, "report_id": report_id, "text": text})


def record_number(case_id: UUID, source: str, record_id: str) -> Write:
    """The agency's own number of a past case."""
    return Write(case_id, INSERT_RECORD, {"case_id": case_id, "source": source, "record_id": record_id})


async def approve_erasure(connection: AsyncConnection, report_id: UUID, approver: UUID, at: datetime) -> None:
    """Note an approval; the same person's second one changes nothing."""
    row = {"report_id": report_id, "approver_id": approver, "approved_at": at}
    await connection.execute(upsert(erasure_approvals).values(row).on_conflict_do_nothing())


async def approvers_of(connection: AsyncConnection, report_id: UUID) -> tuple[UUID, ...]:
    """Who has approved the erasure, the first first."""
    query = select(erasure_approvals.c.approver_id).where(erasure_approvals.c.report_id == report_id)
    found = await connection.execute(query.order_by(erasure_approvals.c.approved_at, erasure_approvals.c.approver_id))
    return tuple(found.scalars())
