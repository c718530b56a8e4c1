"""Evidence of calls: items, files with keys, acknowledged chunks, the objects they lie in; reports that were erased."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"

MOMENT = sa.DateTime(timezone=True)
TABLES = ("evidence_chunks", "evidence_files", "stored_objects", "evidence", "erased_reports")


def upgrade() -> None:
    """Create the tables. Which reports were erased is known from now on."""
    op.create_table(
        "erased_reports",
        sa.Column("report_id", sa.Uuid, primary_key=True),
        sa.Column("erased_at", MOMENT, nullable=False),
    )
    op.create_table(
        "evidence",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("session_id", sa.Uuid, nullable=False),
        sa.Column("report_id", sa.Uuid, nullable=False, index=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("participant_id", sa.Uuid),
        sa.Column("participant", sa.Text),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("captured_at", MOMENT),
        sa.Column("media_type", sa.Text),
        sa.Column("size", sa.BigInteger),
        sa.Column("sha256", sa.Text),
        sa.Column("incomplete", sa.Boolean, nullable=False),
        sa.Column("copied_from", sa.Uuid),
        sa.Column("purpose", sa.Text),
        sa.Column("method", sa.Text),
    )
    op.create_index("evidence_session_id", "evidence", ["session_id", "opened_at", "id"])
    op.create_table(
        "stored_objects",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("report_id", sa.Uuid, index=True),
        sa.Column("begun_at", MOMENT, nullable=False, server_default=sa.func.clock_timestamp(), index=True),
    )
    _files()


def _files() -> None:
    op.create_table(
        "evidence_files",
        sa.Column("evidence_id", sa.Uuid, primary_key=True),
        sa.Column("report_id", sa.Uuid, nullable=False, index=True),
        sa.Column("wrapped_key", sa.LargeBinary),
        sa.Column("declared_type", sa.Text),
        sa.Column("file_name", sa.Text),
        sa.Column("note", sa.Text),
        sa.Column("device_time", MOMENT),
        sa.Column("facts", JSONB),
        sa.Column("edits", JSONB),
    )
    op.create_table(
        "evidence_chunks",
        sa.Column(
            "evidence_id", sa.Uuid, sa.ForeignKey("evidence_files.evidence_id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("sequence", sa.Integer, primary_key=True),
        sa.Column("object_name", sa.Text, sa.ForeignKey("stored_objects.name"), nullable=False, unique=True),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("acknowledged_at", MOMENT, nullable=False),
    )


def downgrade() -> None:
    """Drop them; the objects stay where they lie."""
    for table in TABLES:
        op.drop_table(table)
