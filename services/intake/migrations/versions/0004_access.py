"""Grants, accesses, alarms and what was said for them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0002"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables of access."""
    _grants()
    _accesses()
    _alarms()


def downgrade() -> None:
    """Drop them."""
    for name in ("alarm_texts", "alarms", "accesses", "grants"):
        op.drop_table(name)


def _grants() -> None:
    op.create_table(
        "grants",
        sa.Column("source", sa.Uuid, primary_key=True),
        sa.Column("report_id", sa.Uuid, nullable=False),
        sa.Column("basis", sa.Text, nullable=False),
        sa.Column("principal_id", sa.Uuid),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("stands", sa.Boolean, nullable=False),
        sa.Column("until", MOMENT),
    )
    op.create_index("grants_report_id", "grants", ["report_id"])


def _accesses() -> None:
    op.create_table(
        "accesses",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("report_id", sa.Uuid, nullable=False),
        sa.Column("reader_id", sa.Uuid, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("resource", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("break_glass", sa.Boolean, nullable=False),
        sa.Column("until", MOMENT),
        sa.Column("acting_for", sa.Uuid),
    )
    op.create_index("accesses_at", "accesses", ["at", "id"])
    for name in ("report_id", "reader_id", "acting_for"):
        op.create_index(f"accesses_{name}", "accesses", [name, "at", "id"])


def _alarms() -> None:
    op.create_table(
        "alarms",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("report_id", sa.Uuid, nullable=False),
        sa.Column("caused_by", sa.Uuid, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("raised_at", MOMENT, nullable=False),
        sa.Column("acknowledged_by", sa.Uuid),
        sa.Column("acknowledged_at", MOMENT),
    )
    op.create_index("alarms_open", "alarms", [sa.text("(acknowledged_at IS NULL)"), "raised_at", "id"])
    op.create_index("alarms_report_id", "alarms", ["report_id"])
    op.create_table(
        "alarm_texts",
        sa.Column("alarm_id", sa.Uuid, primary_key=True),
        sa.Column("report_id", sa.Uuid, nullable=False, index=True),
        sa.Column("text", sa.Text, nullable=False),
    )
