"""Triage's tables. ``PERSONAL`` names those that hold personal data: nothing outside them may."""

from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, MetaData, Table, Text, Uuid, text

from vpr_events import tables as library
from vpr_events.erasure import erased_reports_of

metadata = MetaData()
library.add_to(metadata)

Moment = DateTime(timezone=True)


cases = Table(
    "cases",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("report_id", Uuid, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("category", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("district", Text),
    Column("priority", Integer),
    Column("gravest", Text),
    Column("gravity", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("holder", Uuid),
    Column("lease_until", Moment),
    Column("opened_at", Moment, nullable=False),
    Column("claimed_at", Moment),
    Column("request_id", Uuid),
    Column("requested_at", Moment),
    Column("appointment_id", Uuid),
    Column("appointment_at", Moment),
    Column("appointment_zone", Text),
    Column("earliest_at", Moment),
    Column("no_shows", Integer, nullable=False, server_default=text("0")),
    Column("next_step", Text),
    Column("assessment_id", Uuid),
    Column("assessed_by", Uuid),
    Column("assessed_at", Moment),
    Column("outcome", Text),
    Column("closed_at", Moment),
    Column("close_reason", Text),
    Column("duplicate_of", Uuid, index=True),
)
Index("cases_queue", cases.c.status, cases.c.gravity, cases.c.opened_at, cases.c.id)
Index("cases_holder", cases.c.holder)

progress = Table(
    "progress",
    metadata,
    Column("report_id", Uuid, primary_key=True),
    Column("session_connected_at", Moment),
    Column("session_ended_at", Moment),
    Column("dispatched_at", Moment),
    Column("on_scene_at", Moment),
    Column("cleared_at", Moment),
    Column("dispatch_cancelled_at", Moment),
)

attachments = Table(
    "attachments",
    metadata,
    Column("report_id", Uuid, primary_key=True),
    Column("attachment_id", Uuid, primary_key=True),
)

notes = Table(
    "notes",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("case_id", Uuid, ForeignKey("cases.id"), nullable=False, index=True),
    Column("officer_id", Uuid, nullable=False),
    Column("at", Moment, nullable=False),
    Column("text", Text, nullable=False),
)

erased_reports = erased_reports_of(metadata)

PERSONAL = (notes,)
