"""Attachments: what is recorded of them, the files, and the objects that are stored for them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0008"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables, and the column that names what was read."""
    op.add_column("accesses", sa.Column("item_id", sa.Uuid))
    op.create_table(
        "attachments",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("report_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
    )
    op.create_index("attachments_report_id", "attachments", ["report_id", "version"])
    op.create_table(
        "stored_objects",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("report_id", sa.Uuid, index=True),
        sa.Column("begun_at", MOMENT, nullable=False, server_default=sa.func.clock_timestamp(), index=True),
    )
    op.create_table(
        "attachment_files",
        sa.Column("attachment_id", sa.Uuid, primary_key=True),
        sa.Column(
            "report_id",
            sa.Uuid,
            sa.ForeignKey("reports.id", deferrable=True, initially="DEFERRED"),
            nullable=False,
            index=True,
        ),
        sa.Column("object_name", sa.Text, sa.ForeignKey("stored_objects.name"), nullable=False, unique=True),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
        sa.Column("file_name", sa.Text),
        sa.Column("facts", JSONB),
    )


def downgrade() -> None:
    """Drop them."""
    for name in ("attachment_files", "stored_objects", "attachments"):
        op.drop_table(name)
    op.drop_column("accesses", "item_id")
