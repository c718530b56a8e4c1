"""Receipts of residents, what they wish, their sessions on the status page, and which reports are sensitive."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables of the resident's pages."""
    reports = sa.ForeignKey("reports.id", deferrable=True, initially="DEFERRED")
    op.create_table(
        "residents",
        sa.Column("report_id", sa.Uuid, reports, primary_key=True),
        sa.Column("phrase", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("contact_by", sa.Text, nullable=False),
        sa.Column("discreet", sa.Boolean, nullable=False),
    )
    op.create_table(
        "receipts",
        sa.Column("report_id", sa.Uuid, primary_key=True),
        sa.Column("number", sa.Text, nullable=False, unique=True),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "resident_sessions",
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        sa.Column("report_id", sa.Uuid, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
    )
    op.create_table("sensitive_reports", sa.Column("report_id", sa.Uuid, primary_key=True))
    op.create_table(
        "call_requests",
        sa.Column("report_id", sa.Uuid, primary_key=True),
        sa.Column("requested_at", MOMENT, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    for name in ("call_requests", "sensitive_reports", "resident_sessions", "receipts", "residents"):
        op.drop_table(name)
