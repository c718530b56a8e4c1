"""Webhooks with their secrets, what is delivered to them and how that went."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0008"
down_revision = "0007"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables of webhooks."""
    _webhooks()
    _deliveries()


def downgrade() -> None:
    """Drop them."""
    for name in ("announced", "delivery_attempts", "deliveries", "webhook_secrets", "webhooks"):
        op.drop_table(name)


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("client_id", sa.Uuid, nullable=False, index=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("event_types", ARRAY(sa.Text), nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("disabled_reason", sa.Text),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("last_success_at", MOMENT),
        sa.Column("last_failure_at", MOMENT),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    )
    op.create_table(
        "webhook_secrets",
        sa.Column("id", sa.Uuid, primary_key=True),
        _owned_by("webhook_id", "webhooks", index=True),
        sa.Column("encrypted", sa.LargeBinary, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.clock_timestamp()),
        sa.Column("valid_until", MOMENT),
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid, primary_key=True),
        _owned_by("webhook_id", "webhooks", index=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("report_id", sa.Uuid),
        sa.Column("status", sa.Text),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.clock_timestamp()),
        sa.Column("state", sa.Text, nullable=False, server_default="pending"),
        sa.Column("begun_at", MOMENT),
        sa.Column("finished_at", MOMENT),
    )
    op.create_index("deliveries_webhook_id", "deliveries", ["webhook_id", "created_at", "id"])
    op.create_table(
        "delivery_attempts",
        sa.Column("id", sa.Uuid, primary_key=True),
        _owned_by("delivery_id", "deliveries", index=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("ms", sa.Integer, nullable=False),
        sa.Column("status_code", sa.Integer),
        sa.Column("error", sa.Text),
        sa.Column("next_at", MOMENT),
    )
    op.create_table(
        "announced",
        sa.Column("report_id", sa.Uuid, primary_key=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("reached", sa.Integer, nullable=False),
    )


def _owned_by(name: str, table: str, *, index: bool) -> "sa.Column[object]":
    return sa.Column(name, sa.Uuid, sa.ForeignKey(f"{table}.id", ondelete="CASCADE"), nullable=False, index=index)
