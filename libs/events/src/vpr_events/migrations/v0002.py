"""Timers, effects, the relay's marks, recoveries and seals."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create timers, effects, published, recoveries and seals."""
    _timers()
    _effects()
    _published()
    _recoveries()
    _seals()


def downgrade() -> None:
    """Drop them."""
    for name in ("seals", "recoveries", "published", "effects", "timers"):
        op.drop_table(name)


def _timers() -> None:
    op.create_table(
        "timers",
        sa.Column("stream", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("correlation_id", sa.Uuid, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("retry_at", MOMENT),
    )
    op.create_index("timers_due_at", "timers", ["due_at"])


def _effects() -> None:
    op.create_table(
        "effects",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("data", JSONB, nullable=False),
        sa.Column("correlation_id", sa.Uuid, nullable=False),
        sa.Column("causation_id", sa.Uuid),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("due_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("dead", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("error", sa.Text),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now()),
    )
    op.create_index("effects_due_at", "effects", ["due_at"], postgresql_where=sa.text("NOT dead"))


def _published() -> None:
    op.create_table(
        "published",
        sa.Column("batch", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("event_ids", ARRAY(sa.Uuid), nullable=False),
        sa.Column("published_at", MOMENT, nullable=False, server_default=sa.func.clock_timestamp()),
    )


def _recoveries() -> None:
    op.create_table(
        "recoveries",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("needed_at", MOMENT, nullable=False, server_default=sa.func.clock_timestamp()),
        sa.Column("done_at", MOMENT),
        sa.Column("recovered", sa.Integer),
        sa.Column("reports", ARRAY(sa.Uuid)),
    )
    still_open = sa.text("done_at IS NULL")
    op.create_index("recoveries_open", "recoveries", ["reason"], unique=True, postgresql_where=still_open)


def _seals() -> None:
    op.create_table(
        "seals",
        sa.Column("number", sa.BigInteger, primary_key=True),
        sa.Column("sealed_at", MOMENT, nullable=False),
        sa.Column("last_position", sa.BigInteger, nullable=False),
        sa.Column("events", sa.BigInteger, nullable=False),
        sa.Column("streams", sa.BigInteger, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("filed", sa.Boolean, nullable=False, server_default=sa.text("false")),
    )
