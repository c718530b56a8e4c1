"""Intake's tables. ``PERSONAL`` names those that hold personal data: nothing outside them may."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

from vpr_events import tables as library
from vpr_evidence.objects import stored_objects_of
from vpr_service.api_keys import client_keys_table, clients_table

metadata = MetaData()
library.add_to(metadata)
clients = clients_table(metadata)
client_keys = client_keys_table(metadata)

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
    Column("filed_by", Uuid),
    Column("occurred_from", Moment),
    Column("occurred_to", Moment),
    Column("filed_at", Moment, nullable=False),
    Column("withdrawn_at", Moment),
    Column("stopped_at", Moment),
)
Index("reports_client_id_filed_at", reports.c.client_id, reports.c.filed_at)
Index("reports_filed_at", reports.c.filed_at, reports.c.id)

screenings = Table(
    "screenings",
    metadata,
    Column("report_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("rule_set", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reasons", JSONB, nullable=False),
    Column("screened_at", Moment, nullable=False),
)

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
    Column("media_urls", ARRAY(Text)),
)

Index("particulars_place", particulars.c.latitude, particulars.c.longitude)

answers = Table(
    "answers",
    metadata,
    Column("report_id", Uuid, ForeignKey("reports.id", deferrable=True, initially="DEFERRED"), primary_key=True),
    Column("answers", JSONB, nullable=False),
)

details = Table(
    "details",
    metadata,
    Column("report_id", Uuid, ForeignKey("reports.id", deferrable=True, initially="DEFERRED"), primary_key=True),
    Column("details", JSONB, nullable=False),
)

statements = Table(
    "statements",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("report_id", Uuid, nullable=False, index=True),
    Column("language", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("digest", Text, nullable=False),
    Column("taken_by", Uuid, nullable=False),
    Column("taken_at", Moment, nullable=False),
    Column("corrects", Uuid),
    Column("confirmed_by", Uuid),
    Column("confirmed_at", Moment),
)

history_records = Table(
    "history_records",
    metadata,
    Column("case_id", Uuid, primary_key=True),
    Column("source", Text, nullable=False),
    Column("record_id", Text, nullable=False),
)

grants = Table(
    "grants",
    metadata,
    Column("source", Uuid, primary_key=True),
    Column("report_id", Uuid, nullable=False),
    Column("basis", Text, nullable=False),
    Column("principal_id", Uuid),
    Column("purpose", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("stands", Boolean, nullable=False),
    Column("until", Moment),
)
Index("grants_report_id", grants.c.report_id)

accesses = Table(
    "accesses",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("report_id", Uuid, nullable=False),
    Column("reader_id", Uuid, nullable=False),
    Column("role", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("break_glass", Boolean, nullable=False),
    Column("until", Moment),
    Column("acting_for", Uuid),
    Column("item_id", Uuid),
)
Index("accesses_at", accesses.c.at, accesses.c.id)
Index("accesses_report_id", accesses.c.report_id, accesses.c.at, accesses.c.id)
Index("accesses_reader_id", accesses.c.reader_id, accesses.c.at, accesses.c.id)
Index("accesses_acting_for", accesses.c.acting_for, accesses.c.at, accesses.c.id)

alarms = Table(
    "alarms",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("report_id", Uuid, nullable=False),
    Column("caused_by", Uuid, nullable=False),
    Column("reason", Text, nullable=False),
    Column("raised_at", Moment, nullable=False),
    Column("acknowledged_by", Uuid),
    Column("acknowledged_at", Moment),
)
Index("alarms_open", alarms.c.acknowledged_at.is_(None), alarms.c.raised_at, alarms.c.id)
Index("alarms_report_id", alarms.c.report_id)

alarm_texts = Table(
    "alarm_texts",
    metadata,
    Column("alarm_id", Uuid, primary_key=True),
    Column("report_id", Uuid, nullable=False, index=True),
    Column("text", Text, nullable=False),
)

erasure_approvals = Table(
    "erasure_approvals",
    metadata,
    Column("report_id", Uuid, primary_key=True),
    Column("approver_id", Uuid, primary_key=True),
    Column("approved_at", Moment, nullable=False),
)

dispositions = Table(
    "dispositions",
    metadata,
    Column("report_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("ended_at", Moment),
    Column("erased_at", Moment),
    Column("rule", Text),
)
Index("dispositions_due", dispositions.c.ended_at, postgresql_where=dispositions.c.erased_at.is_(None))

holds = Table(
    "holds",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("report_id", Uuid, nullable=False, index=True),
    Column("placed_by", Uuid, nullable=False),
    Column("placed_at", Moment, nullable=False),
    Column("lifted_by", Uuid),
    Column("lifted_at", Moment),
)

status_changes = Table(
    "status_changes",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("report_id", Uuid, nullable=False),
    Column("status", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
Index("status_changes_report_id_at", status_changes.c.report_id, status_changes.c.at, status_changes.c.id)
Index("status_changes_at", status_changes.c.at)

updates = Table(
    "updates",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("report_id", Uuid, nullable=False, index=True),
    Column("update_id", Text, nullable=False),
    Column("told_status", Text, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("description", Text),
    Column("first_name", Text),
    Column("last_name", Text),
    Column("email", Text),
    Column("phone", Text),
    Column("media_urls", ARRAY(Text)),
)

attachments = Table(
    "attachments",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("report_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("added_at", Moment, nullable=False),
    Column("added_by", Uuid),
)
Index("attachments_report_id", attachments.c.report_id, attachments.c.version)

stored_objects = stored_objects_of(metadata)

attachment_files = Table(
    "attachment_files",
    metadata,
    Column("attachment_id", Uuid, primary_key=True),
    Column(
        "report_id", Uuid, ForeignKey("reports.id", deferrable=True, initially="DEFERRED"), nullable=False, index=True
    ),
    Column("object_name", Text, ForeignKey("stored_objects.name"), nullable=False, unique=True),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("file_name", Text),
    Column("facts", JSONB),
)

residents = Table(
    "residents",
    metadata,
    Column("report_id", Uuid, ForeignKey("reports.id", deferrable=True, initially="DEFERRED"), primary_key=True),
    Column("phrase", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("contact_by", Text, nullable=False),
    Column("discreet", Boolean, nullable=False),
)

receipts = Table(
    "receipts",
    metadata,
    Column("report_id", Uuid, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("secret_hash", LargeBinary, nullable=False),
)

resident_sessions = Table(
    "resident_sessions",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("report_id", Uuid, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
)

sensitive_reports = Table("sensitive_reports", metadata, Column("report_id", Uuid, primary_key=True))

call_requests = Table(
    "call_requests",
    metadata,
    Column("report_id", Uuid, primary_key=True),
    Column("requested_at", Moment, nullable=False),
)

annotations = Table(
    "annotations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("report_id", Uuid, nullable=False, index=True),
    Column("concerns", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("annotated_by", Uuid, nullable=False),
    Column("by_client", Boolean, nullable=False),
    Column("annotated_at", Moment, nullable=False),
)

PERSONAL = (
    particulars, alarm_texts, annotations, answers, details, statements, updates, attachment_files, residents
)  # fmt: skip

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("client_id", Uuid, nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("event_types", ARRAY(Text), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("disabled_reason", Text),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    Column("last_success_at", Moment),
    Column("last_failure_at", Moment),
    Column("failing_since", Moment),
    Column("paused_until", Moment),
    Column("version", Integer, nullable=False, server_default="1"),
)

webhook_secrets = Table(
    "webhook_secrets",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("webhook_id", Uuid, ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("encrypted", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False, server_default=func.clock_timestamp()),
    Column("valid_until", Moment),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("webhook_id", Uuid, ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("type", Text, nullable=False),
    Column("report_id", Uuid),
    Column("status", Text),
    Column("occurred_at", Moment, nullable=False),
    Column("created_at", Moment, nullable=False, server_default=func.clock_timestamp()),
    Column("state", Text, nullable=False, server_default="pending"),
    Column("begun_at", Moment),
    Column("finished_at", Moment),
)
Index("deliveries_webhook_id", deliveries.c.webhook_id, deliveries.c.created_at, deliveries.c.id)
Index("deliveries_pending", deliveries.c.webhook_id, postgresql_where=deliveries.c.state == "pending")

delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("delivery_id", Uuid, ForeignKey("deliveries.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("ms", Integer, nullable=False),
    Column("status_code", Integer),
    Column("error", Text),
    Column("next_at", Moment),
)

announced = Table(
    "announced",
    metadata,
    Column("report_id", Uuid, primary_key=True),
    Column("status", Text, nullable=False),
    Column("reached", Integer, nullable=False),
)
