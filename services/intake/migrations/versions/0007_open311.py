"""Several media links of a report, changes of its status, and the updates that clients send."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

MOMENT = sa.DateTime(timezone=True)
TEXTS = ("description", "first_name", "last_name", "email", "phone")


def upgrade() -> None:
    """Add the column and the tables."""
    op.add_column("particulars", sa.Column("media_urls", sa.ARRAY(sa.Text)))
    op.create_table(
        "status_changes",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("report_id", sa.Uuid, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
    )
    op.create_index("status_changes_report_id_at", "status_changes", ["report_id", "at", "id"])
    op.create_index("status_changes_at", "status_changes", ["at"])
    op.create_table(
        "updates",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("report_id", sa.Uuid, nullable=False, index=True),
        sa.Column("update_id", sa.Text, nullable=False),
        sa.Column("told_status", sa.Text, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        *(sa.Column(name, sa.Text) for name in TEXTS),
        sa.Column("media_urls", sa.ARRAY(sa.Text)),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("updates")
    op.drop_table("status_changes")
    op.drop_column("particulars", "media_urls")
