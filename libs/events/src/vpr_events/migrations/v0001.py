"""The first form of the shared tables. Frozen: later changes are later steps."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create events, outbox, inbox, parked and idempotency."""
    _events()
    _outbox()
    _inbox()
    _parked()
    _idempotency()


def downgrade() -> None:
    """Drop them."""
    for name in ("idempotency", "parked", "inbox", "outbox", "events"):
        op.drop_table(name)


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("position", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("id", sa.Uuid, nullable=False, unique=True),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("correlation_id", sa.Uuid, nullable=False),
        sa.Column("causation_id", sa.Uuid),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.UniqueConstraint("stream", "version", name="events_stream_version_key"),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("traceparent", sa.Text),
    )


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.Uuid, primary_key=True),
        sa.Column("received_at", MOMENT, nullable=False, server_default=sa.func.now()),
    )


def _parked() -> None:
    op.create_table(
        "parked",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("event_id", sa.Uuid, unique=True),
        sa.Column("correlation_id", sa.Uuid),
        sa.Column("recorded_at", MOMENT),
        sa.Column("version", sa.Integer),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("headers", JSONB, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("due_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("dead", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("error", sa.Text),
        sa.Column("parked_at", MOMENT, nullable=False, server_default=sa.func.now()),
    )
    op.create_index("parked_correlation_id", "parked", ["correlation_id"])
    op.create_index("parked_due_at", "parked", ["due_at"], postgresql_where=sa.text("NOT dead"))


def _idempotency() -> None:
    op.create_table(
        "idempotency",
        sa.Column("client", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("event_ids", JSONB, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now()),
    )
