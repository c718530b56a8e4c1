"""What the rules said of a report, what its filer answered, and when it was stopped."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables of screening."""
    op.add_column("reports", sa.Column("stopped_at", MOMENT))
    op.create_table(
        "screenings",
        sa.Column("report_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("rule_set", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("reasons", JSONB, nullable=False),
        sa.Column("screened_at", MOMENT, nullable=False),
    )
    reports = sa.ForeignKey("reports.id", deferrable=True, initially="DEFERRED")
    op.create_table(
        "answers",
        sa.Column("report_id", sa.Uuid, reports, primary_key=True),
        sa.Column("answers", JSONB, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("answers")
    op.drop_table("screenings")
    op.drop_column("reports", "stopped_at")
