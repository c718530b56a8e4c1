"""Attachments as rows: which object a file is, with which key."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events.contracts.report import ReportAttachmentAdded, ReportPersonalDataErased
from vpr_events.effects import Effect
from vpr_events.event import Recorded
from vpr_events.writes import Write
from vpr_evidence.facts import FORMATS, Facts
from vpr_evidence.objects import Objects
from vpr_evidence.receiving import Item
from vpr_intake.tables import attachment_files, attachments, stored_objects

REMOVAL, FACTS = "attachment_removal", "attachment_facts"
"""The kinds of the effects."""

OBJECTS = Objects(stored_objects, attachment_files.c.object_name)

INSERT_FILE = insert(attachment_files)
CLAIM_OBJECT = (
    update(stored_objects).where(stored_objects.c.name == bindparam("object")).values(report_id=bindparam("report"))
)
FORGET_OBJECT = delete(stored_objects).where(stored_objects.c.name == bindparam("object"))
SET_FACTS = (
    update(attachment_files)
    .where(attachment_files.c.attachment_id == bindparam("attachment"))
    .values(facts=bindparam("found"))
)
REMOVE_ERASED = text("""
insert into effects (id, kind, data, correlation_id, causation_id)
select cast(left(encode(sha256(convert_to(concat_ws('/', cast(:event as uuid), name), 'UTF8')), 'hex'), 32) as uuid),
  'attachment_removal', jsonb_build_object('object', name), cast(:report as uuid), cast(:event as uuid)
from stored_objects where report_id = cast(:report as uuid)
on conflict do nothing
""")

type Row = dict[str, Any]


def file_of(report_id: UUID, item: Item, file_name: str | None) -> Sequence[Write]:
    """The rows that keep a stored item for a report."""
    row = {"attachment_id": item.id, "report_id": report_id, "object_name": item.name}
    row |= {"wrapped_key": item.wrapped_key, "file_name": file_name}
    claim = {"object": item.name, "report": report_id}
    return [Write(report_id, INSERT_FILE, row), Write(report_id, CLAIM_OBJECT, claim)]


def facts_written(report_id: UUID, attachment_id: UUID, facts: Facts) -> Write:
    """What an image tells."""
    return Write(report_id, SET_FACTS, {"attachment": attachment_id, "found": asdict(facts)})


def object_forgotten(name: str) -> Iterable[Write]:
    """An object is gone."""
    yield Write(name, FORGET_OBJECT, {"object": name})


def follow_attachments(event: Recorded) -> Iterable[Effect | Write]:
    """What attachments make intake do: read an image's facts, and remove the objects of an erased report."""
    match event.data:
        case ReportAttachmentAdded(attachment_id=added, media_type=media_type) if media_type in FORMATS:
            yield Effect(FACTS, {"attachment": str(added)})
        case ReportPersonalDataErased():
            yield Write(event.entity_id, REMOVE_ERASED, {"event": event.id, "report": event.entity_id})


WHOLE = attachments.outerjoin(attachment_files, attachment_files.c.attachment_id == attachments.c.id)
FILE = tuple(column for column in attachment_files.c if column.name not in {"attachment_id", "report_id"})


async def attachments_of(connection: AsyncConnection, report_id: UUID, *, by: UUID | None = None) -> list[Row]:
    """A report's attachments (added ``by`` this one), the first first. Personal.

    ``object_name`` is null once the file is erased.
    """
    query = select(*attachments.c, *FILE).select_from(WHOLE).where(attachments.c.report_id == report_id)
    query = query.where(attachments.c.added_by == by) if by else query
    return [dict(row) for row in (await connection.execute(query.order_by(attachments.c.version))).mappings()]


async def one_attachment(connection: AsyncConnection, report_id: UUID | None, attachment_id: UUID) -> Row | None:
    """One attachment of this report (or of any). Personal."""
    query = select(*attachments.c, *FILE).select_from(WHOLE).where(attachments.c.id == attachment_id)
    if report_id:
        query = query.where(attachments.c.report_id == report_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return dict(row) if row else None


def item_of(row: Row) -> Item:
    """The stored item of an attachment that is not erased."""
    return Item(row["id"], row["object_name"], row["wrapped_key"], row["media_type"], row["size"], row["sha256"])
