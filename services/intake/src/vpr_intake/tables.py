"""Intake's tables. ``PERSONAL`` names those that hold personal data: nothing outside them may."""

from sqlalchemy import Column, DateTime, Float, ForeignKey, Index, Integer, MetaData, Table, Text, Uuid

from vpr_events import tables as library
from vpr_service.api_keys import clients_table

metadata = MetaData()
library.add_to(metadata)
clients = clients_table(metadata)

Moment = DateTime(timezone=True)

reports = Table(
    "reports",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("channel", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("district", Text),
    Column("client_id", Uuid),
    Column("occurred_from", Moment),
    Column("occurred_to", Moment),
    Column("filed_at", Moment, nullable=False),
    Column("withdrawn_at", Moment),
)
Index("reports_client_id_filed_at", reports.c.client_id, reports.c.filed_at)
Index("reports_filed_at", reports.c.filed_at, reports.c.id)

progress = Table(
    "progress",
    metadata,
    Column("report_id", Uuid, primary_key=True),
    Column("opened_at", Moment),
    Column("claimed_at", Moment),
    Column("connected_at", Moment),
    Column("assessed_at", Moment),
    Column("dispatched_at", Moment),
    Column("arrived_at", Moment),
    Column("cleared_at", Moment),
    Column("closed_at", Moment),
    Column("updated_at", Moment, nullable=False),
)

particulars = Table(
    "particulars",
    metadata,
    Column("report_id", Uuid, ForeignKey("reports.id", deferrable=True, initially="DEFERRED"), primary_key=True),
    Column("first_name", Text),
    Column("last_name", Text),
    Column("email", Text),
    Column("phone", Text),
    Column("description", Text),
    Column("address", Text),
    Column("address_id", Text),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("media_url", Text),
)

history_records = Table(
    "history_records",
    metadata,
    Column("case_id", Uuid, primary_key=True),
    Column("source", Text, nullable=False),
    Column("record_id", Text, nullable=False),
)

erasure_approvals = Table(
    "erasure_approvals",
    metadata,
    Column("report_id", Uuid, primary_key=True),
    Column("approver_id", Uuid, primary_key=True),
    Column("approved_at", Moment, nullable=False),
)

PERSONAL = (particulars,)
