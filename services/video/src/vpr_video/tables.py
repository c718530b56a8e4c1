"""Video's tables. ``PERSONAL`` names those that hold personal data: nothing outside them may."""

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
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from vpr_events import tables as library
from vpr_events.erasure import erased_reports_of
from vpr_evidence.objects import stored_objects_of

metadata = MetaData()
library.add_to(metadata)

Moment = DateTime(timezone=True)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("request_id", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("report_id", Uuid, nullable=False),
    Column("officer_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("resident_joined_at", Moment),
    Column("officer_joined_at", Moment),
    Column("connected_at", Moment),
    Column("ended_at", Moment),
    Column("end_reason", Text),
    Column("mode", Text),
    Column("category", Text),
    Column("scheduled_at", Moment),
    Column("scheduled_zone", Text),
    Column("opens_at", Moment),
)
Index("sessions_created_at", sessions.c.created_at, sessions.c.id)
Index("sessions_officer_id_created_at", sessions.c.officer_id, sessions.c.created_at)
Index("sessions_case_id", sessions.c.case_id)

invites = Table(
    "invites",
    metadata,
    Column("invite_id", Uuid, primary_key=True),
    Column("session_id", Uuid, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("channel", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("neutral", Boolean, nullable=False),
    Column("fallback", Boolean, nullable=False),
    Column("issued_at", Moment, nullable=False),
    Column("sent_by", Text),
    Column("reason", Text),
    Column("sent_at", Moment),
    Column("failed_at", Moment),
    Column("opened_at", Moment),
    Column("revoked_at", Moment),
)
Index("invites_session_id", invites.c.session_id, invites.c.issued_at)

invite_tokens = Table(
    "invite_tokens",
    metadata,
    Column("token_digest", Text, primary_key=True),
    Column("invite_id", Uuid, nullable=False),
    Column("made_at", Moment, nullable=False, server_default=func.clock_timestamp()),
)
"""Each try to send an invitation has a token of its own; any of them opens it."""

invite_attempts = Table(
    "invite_attempts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("invite_id", Uuid, nullable=False, index=True),
    Column("channel", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("ms", Integer, nullable=False),
    Column("error", Text),
    Column("final", Boolean, nullable=False),
    Column("next_at", Moment),
    Column("purpose", Text, nullable=False, server_default=text("'invitation'")),
)
Index("invite_attempts_channel", invite_attempts.c.channel, invite_attempts.c.at)

participants = Table(
    "participants",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("participant_id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("joined_at", Moment, nullable=False),
    Column("admitted_at", Moment),
    Column("left_at", Moment),
    Column("consents", ARRAY(Text), nullable=False),
)

credentials = Table(
    "credentials",
    metadata,
    Column("token_digest", Text, primary_key=True),
    Column("session_id", Uuid, nullable=False),
    Column("participant_id", Uuid, nullable=False),
)
"""By what a resident who joined is known afterwards."""

holders = Table(
    "holders",
    metadata,
    Column("case_id", Uuid, primary_key=True),
    Column("officer_id", Uuid),
    Column("version", Integer, nullable=False),
)
"""Who holds a case, as triage told last; a case without a row is as it was when its session was asked for."""

chat = Table(
    "chat",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("session_id", Uuid, nullable=False),
    Column("report_id", Uuid, nullable=False),
    Column("participant_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("text", Text, nullable=False),
)
Index("chat_session_id", chat.c.session_id, chat.c.at, chat.c.id)
Index("chat_report_id", chat.c.report_id)

locations = Table(
    "locations",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("participant_id", Uuid, primary_key=True),
    Column("report_id", Uuid, nullable=False, index=True),
    Column("latitude", Float, nullable=False),
    Column("longitude", Float, nullable=False),
    Column("accuracy", Float, nullable=False),
    Column("located_at", Moment, nullable=False),
)
"""Where a resident who allowed it last was: degrees (WGS 84), metres."""

positions = Table(
    "positions",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("participant_id", Uuid, primary_key=True),
    Column("measured_at", Moment, primary_key=True),
    Column("latitude", Float, primary_key=True),
    Column("longitude", Float, primary_key=True),
    Column("accuracy", Float, primary_key=True),
    Column("received_at", Moment, nullable=False),
    Column("report_id", Uuid, nullable=False, index=True),
)
"""All that was told of it, as it was told (``measured_at`` by the device's clock); the same told again is one."""

checklist_ticks = Table(
    "checklist_ticks",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("checklist", Text, primary_key=True),
    Column("point", Text, primary_key=True),
    Column("report_id", Uuid, nullable=False, index=True),
    Column("ticked", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
)
"""What an officer ticked in a walk through a scene, by the codes of the guidance; what was unticked stays, as such."""

erased_reports = erased_reports_of(metadata)
"""Reports whose personal data was erased: nothing personal is kept of them any more, also of a call that goes on."""

evidence = Table(
    "evidence",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("session_id", Uuid, nullable=False),
    Column("report_id", Uuid, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("participant_id", Uuid),
    Column("participant", Text),
    Column("opened_at", Moment, nullable=False),
    Column("captured_at", Moment),
    Column("media_type", Text),
    Column("size", BigInteger),
    Column("sha256", Text),
    Column("incomplete", Boolean, nullable=False),
    Column("copied_from", Uuid),
    Column("purpose", Text),
    Column("method", Text),
    Column("made_with", ARRAY(Text)),
    Column("part_of", Uuid),
)
Index("evidence_session_id", evidence.c.session_id, evidence.c.opened_at, evidence.c.id)

stored_objects = stored_objects_of(metadata)

evidence_files = Table(
    "evidence_files",
    metadata,
    Column("evidence_id", Uuid, primary_key=True),
    Column("report_id", Uuid, nullable=False, index=True),
    Column("wrapped_key", LargeBinary),
    Column("declared_type", Text),
    Column("file_name", Text),
    Column("note", Text),
    Column("device_time", Moment),
    Column("facts", JSONB),
    Column("edits", JSONB),
)
"""``device_time`` is when it was captured by the clock of who sent it, ``edits`` what a copy leaves out.

An item that was discarded has no key.
"""

evidence_chunks = Table(
    "evidence_chunks",
    metadata,
    Column("evidence_id", Uuid, ForeignKey("evidence_files.evidence_id", ondelete="CASCADE"), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("object_name", Text, ForeignKey("stored_objects.name"), nullable=False, unique=True),
    Column("size", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("acknowledged_at", Moment, nullable=False),
)

upload_links = Table(
    "upload_links",
    metadata,
    Column("link_id", Uuid, primary_key=True),
    Column("session_id", Uuid, nullable=False, index=True),
    Column("report_id", Uuid, nullable=False, index=True),
    Column("token_digest", Text, nullable=False, unique=True),
    Column("purpose", Text, nullable=False),
    Column("most", Integer, nullable=False),
    Column("issued_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment),
)
"""Links by which somebody outside of a session sends evidence; they end with the report's personal data."""

guests = Table(
    "guests",
    metadata,
    Column("invite_id", Uuid, primary_key=True),
    Column("session_id", Uuid, nullable=False, index=True),
    Column("report_id", Uuid, nullable=False, index=True),
    Column("participant_id", Uuid, unique=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("token_digest", Text, nullable=False, unique=True),
    Column("issued_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("opened_at", Moment),
    Column("revoked_at", Moment),
)
"""Interpreters and specialists who come in by a link; ``participant_id`` is as whom they came."""

PERSONAL: tuple[Table, ...] = (chat, locations, positions, checklist_ticks, evidence_files, upload_links, guests)
