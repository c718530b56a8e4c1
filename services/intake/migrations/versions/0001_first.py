"""The first tables of intake."""

import sqlalchemy as sa
from alembic import op

from vpr_events.migrations import v0001

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the library's tables and intake's own."""
    v0001.upgrade()
    op.create_table(
        "clients",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("key_digest", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now()),
    )
    _reports()
    _progress()
    _particulars()
    op.create_table(
        "history_records",
        sa.Column("case_id", sa.Uuid, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("record_id", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    for name in ("history_records", "particulars", "progress", "reports", "clients"):
        op.drop_table(name)
    v0001.downgrade()


def _reports() -> None:
    op.create_table(
        "reports",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("district", sa.Text),
        sa.Column("client_id", sa.Uuid),
        sa.Column("occurred_from", MOMENT),
        sa.Column("occurred_to", MOMENT),
        sa.Column("filed_at", MOMENT, nullable=False),
        sa.Column("withdrawn_at", MOMENT),
    )
    op.create_index("reports_client_id_filed_at", "reports", ["client_id", "filed_at"])
    op.create_index("reports_filed_at", "reports", ["filed_at", "id"])


def _progress() -> None:
    points = ("opened_at", "claimed_at", "connected_at", "assessed_at", "dispatched_at", "arrived_at", "cleared_at",
              "closed_at")  # fmt: skip
    op.create_table(
        "progress",
        sa.Column("report_id", sa.Uuid, primary_key=True),
        *(sa.Column(point, MOMENT) for point in points),
        sa.Column("updated_at", MOMENT, nullable=False),
    )


def _particulars() -> None:
    op.create_table(
        "particulars",
        sa.Column(
            "report_id",
            sa.Uuid,
            sa.ForeignKey("reports.id", deferrable=True, initially="DEFERRED"),
            primary_key=True,
        ),
        *(sa.Column(name, sa.Text) for name in ("first_name", "last_name", "email", "phone", "description", "address")),
        sa.Column("address_id", sa.Text),
        sa.Column("latitude", sa.Float),
        sa.Column("longitude", sa.Float),
        sa.Column("media_url", sa.Text),
    )
