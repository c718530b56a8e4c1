"""Dispatch's tables. ``PERSONAL`` names those that hold personal data: nothing outside them may."""

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from vpr_events import tables as library

metadata = MetaData()
library.add_to(metadata)

Moment = DateTime(timezone=True)

dispatches = Table(
    "dispatches",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("report_id", Uuid, nullable=False),
    Column("assessment_id", Uuid, nullable=False),
    Column("status", Text, nullable=False),
    Column("active_units", Integer, nullable=False),
    Column("capabilities", ARRAY(Text), nullable=False),
    Column("priority", BigInteger),
    Column("gravest", Text),
    Column("district", Text),
    Column("requested_at", Moment, nullable=False),
    Column("dispatched_at", Moment),
    Column("en_route_at", Moment),
    Column("arrived_at", Moment),
    Column("cleared_at", Moment),
    Column("completed_at", Moment),
    Column("cancelled_at", Moment),
    Column("cancel_reason", Text),
)
Index("dispatches_status", dispatches.c.status)
Index("dispatches_case_id", dispatches.c.case_id)
Index("dispatches_report_id", dispatches.c.report_id)

dispatch_units = Table(
    "dispatch_units",
    metadata,
    Column("dispatch_id", Uuid, primary_key=True),
    Column("unit_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("assigned_at", Moment, nullable=False),
    Column("en_route_at", Moment),
    Column("arrived_at", Moment),
    Column("cleared_at", Moment),
    Column("withdrawn_at", Moment),
    Column("withdrawn_reason", Text),
)

units = Table(
    "units",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("call_sign", Text, nullable=False),
    Column("capabilities", ARRAY(Text), nullable=False),
    Column("home_district", Text),
    Column("status", Text, nullable=False),
    Column("dispatch_id", Uuid),
    Column("since", Moment, nullable=False),
)
Index("units_call_sign", units.c.call_sign, units.c.id)

withdrawals = Table(
    "withdrawals",
    metadata,
    Column("report_id", Uuid, primary_key=True),
    Column("withdrawn_at", Moment, nullable=False),
)

PERSONAL: tuple[Table, ...] = ()
