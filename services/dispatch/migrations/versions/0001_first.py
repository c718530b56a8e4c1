"""The first tables of dispatch."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from vpr_events.migrations import v0001

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the library's tables and dispatch's own."""
    v0001.upgrade()
    _dispatches()
    _dispatch_units()
    _units()
    op.create_table(
        "withdrawals",
        sa.Column("report_id", sa.Uuid, primary_key=True),
        sa.Column("withdrawn_at", MOMENT, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    for name in ("withdrawals", "units", "dispatch_units", "dispatches"):
        op.drop_table(name)
    v0001.downgrade()


def _dispatches() -> None:
    points = ("dispatched_at", "en_route_at", "arrived_at", "cleared_at", "completed_at", "cancelled_at")
    op.create_table(
        "dispatches",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("case_id", sa.Uuid, nullable=False),
        sa.Column("report_id", sa.Uuid, nullable=False),
        sa.Column("assessment_id", sa.Uuid, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("active_units", sa.Integer, nullable=False),
        sa.Column("capabilities", ARRAY(sa.Text), nullable=False),
        sa.Column("priority", sa.BigInteger),
        sa.Column("gravest", sa.Text),
        sa.Column("district", sa.Text),
        sa.Column("requested_at", MOMENT, nullable=False),
        *(sa.Column(point, MOMENT) for point in points),
        sa.Column("cancel_reason", sa.Text),
    )
    for column in ("status", "case_id", "report_id"):
        op.create_index(f"dispatches_{column}", "dispatches", [column])


def _dispatch_units() -> None:
    op.create_table(
        "dispatch_units",
        sa.Column("dispatch_id", sa.Uuid, primary_key=True),
        sa.Column("unit_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("assigned_at", MOMENT, nullable=False),
        *(sa.Column(point, MOMENT) for point in ("en_route_at", "arrived_at", "cleared_at", "withdrawn_at")),
        sa.Column("withdrawn_reason", sa.Text),
    )


def _units() -> None:
    op.create_table(
        "units",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("call_sign", sa.Text, nullable=False),
        sa.Column("capabilities", ARRAY(sa.Text), nullable=False),
        sa.Column("home_district", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("dispatch_id", sa.Uuid),
        sa.Column("since", MOMENT, nullable=False),
    )
    op.create_index("units_call_sign", "units", ["call_sign", "id"])
