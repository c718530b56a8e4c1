"""Things, vehicles and people of a report, what somebody states, and where reports lie close together."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0010"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables."""
    reports = sa.ForeignKey("reports.id", deferrable=True, initially="DEFERRED")
    op.create_table(
        "details",
        sa.Column("report_id", sa.Uuid, reports, primary_key=True),
        sa.Column("details", JSONB, nullable=False),
    )
    op.create_index("particulars_place", "particulars", ["latitude", "longitude"])
    op.create_table(
        "statements",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("report_id", sa.Uuid, nullable=False, index=True),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("taken_by", sa.Uuid, nullable=False),
        sa.Column("taken_at", MOMENT, nullable=False),
        sa.Column("corrects", sa.Uuid),
        sa.Column("confirmed_by", sa.Uuid),
        sa.Column("confirmed_at", MOMENT),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("statements")
    op.drop_index("particulars_place", "particulars")
    op.drop_table("details")
