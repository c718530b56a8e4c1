"""Rows that events never hold: reporters' particulars, what was said for an alarm, record numbers, clients' keys."""

from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events.writes import Write
from vpr_intake.schemas import NewReport
from vpr_intake.tables import alarm_texts, clients, history_records, particulars
from vpr_service import api_keys
from vpr_service.api_keys import Client

INSERT_PARTICULARS = insert(particulars)
INSERT_RECORD = insert(history_records)
INSERT_ALARM_TEXT = insert(alarm_texts)
NOTHING = dict.fromkeys((column.name for column in particulars.columns), None)


def particulars_of(report_id: UUID, new: NewReport, **extra: Any) -> Write:
    """What a report tells of a person and a place; ``extra`` such as ``media_url``."""
    row = {**NOTHING, **new.reporter.model_dump(), **new.place.model_dump(), **extra}
    return Write(report_id, INSERT_PARTICULARS, row | {"report_id": report_id, "description": new.description})


def alarm_text(alarm_id: UUID, report_id: UUID, text: str) -> Write:
    """What somebody said who broke the glass."""
    return Write(report_id, INSERT_ALARM_TEXT, {"alarm_id": alarm_id, "report_id": report_id, "text": text})


def record_number(case_id: UUID, source: str, record_id: str) -> Write:
    """The agency's own number of a past case."""
    return Write(case_id, INSERT_RECORD, {"case_id": case_id, "source": source, "record_id": record_id})


async def admit_client(connection: AsyncConnection, name: str) -> tuple[Client, str]:
    """A new client and its key. Raises IntegrityError when the name is taken."""
    return await api_keys.add_client(connection, clients, name)


async def client_by_key(connection: AsyncConnection, key: str) -> Client | None:
    """The client whose key this is."""
    return await api_keys.client_of(connection, clients, key)
