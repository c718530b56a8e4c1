"""The tables that every service's database has. ``add_to`` puts them into a service's metadata."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()
Moment = DateTime(timezone=True)

events = Table(
    "events",
    metadata,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("id", Uuid, nullable=False, unique=True),
    Column("stream", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("occurred_at", Moment, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("correlation_id", Uuid, nullable=False),
    Column("causation_id", Uuid),
    Column("body", LargeBinary, nullable=False),
    Column("hash", Text, nullable=False),
    UniqueConstraint("stream", "version", name="events_stream_version_key"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("event_id", Uuid, nullable=False),
    Column("traceparent", Text),
)

inbox = Table(
    "inbox",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("received_at", Moment, nullable=False, server_default=func.now()),
)

parked = Table(
    "parked",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("event_id", Uuid, unique=True),
    Column("correlation_id", Uuid),
    Column("recorded_at", Moment),
    Column("version", Integer),
    Column("subject", Text, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", Moment, nullable=False, server_default=func.now()),
    Column("dead", Boolean, nullable=False, server_default=text("false")),
    Column("error", Text),
    Column("parked_at", Moment, nullable=False, server_default=func.now()),
)
Index("parked_correlation_id", parked.c.correlation_id)
Index("parked_due_at", parked.c.due_at, postgresql_where=~parked.c.dead)

idempotency = Table(
    "idempotency",
    metadata,
    Column("client", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("event_ids", JSONB, nullable=False),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
)

timers = Table(
    "timers",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("due_at", Moment, nullable=False),
    Column("correlation_id", Uuid, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("retry_at", Moment),
)
Index("timers_due_at", timers.c.due_at)

effects = Table(
    "effects",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("correlation_id", Uuid, nullable=False),
    Column("causation_id", Uuid),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("due_at", Moment, nullable=False, server_default=func.now()),
    Column("dead", Boolean, nullable=False, server_default=text("false")),
    Column("error", Text),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
)
Index("effects_due_at", effects.c.due_at, postgresql_where=~effects.c.dead)

published = Table(
    "published",
    metadata,
    Column("batch", BigInteger, Identity(always=True), primary_key=True),
    Column("event_ids", ARRAY(Uuid), nullable=False),
    Column("published_at", Moment, nullable=False, server_default=func.clock_timestamp()),
)

recoveries = Table(
    "recoveries",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("needed_at", Moment, nullable=False, server_default=func.clock_timestamp()),
    Column("done_at", Moment),
    Column("recovered", Integer),
    Column("reports", ARRAY(Uuid)),
)
Index("recoveries_open", recoveries.c.reason, unique=True, postgresql_where=recoveries.c.done_at.is_(None))

seals = Table(
    "seals",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("sealed_at", Moment, nullable=False),
    Column("last_position", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("streams", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("filed", Boolean, nullable=False, server_default=text("false")),
)


def add_to(target: MetaData) -> None:
    """Put these tables into ``target``, so that a service's migrations see one metadata."""
    for table in metadata.sorted_tables:
        table.to_metadata(target)
