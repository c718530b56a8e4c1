"""Clients have scopes, and keys that can be rotated; those that there are stay good."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0015"
down_revision = "0014"

MOMENT = sa.DateTime(timezone=True)
TAKE_OVER = """
insert into client_keys (id, client_id, digest, created_at)
select gen_random_uuid(), id, key_digest, created_at from clients where key_digest is not null
"""
GIVE_BACK = """
update clients set key_digest = coalesce(
  (select digest from client_keys where client_id = clients.id order by created_at desc limit 1), 'revoked')
"""


def upgrade() -> None:
    """Create the keys' own table, and fill it."""
    scopes = sa.Column("scopes", ARRAY(sa.Text), nullable=False, server_default="{reports:write,reports:read,webhooks}")
    op.add_column("clients", scopes)
    op.add_column("clients", sa.Column("revoked_at", MOMENT))
    op.add_column("clients", sa.Column("last_used_at", MOMENT))
    op.add_column("clients", sa.Column("uses", sa.BigInteger, nullable=False, server_default="0"))
    op.alter_column("clients", "key_digest", nullable=True)
    owner = sa.Column("client_id", sa.Uuid, sa.ForeignKey("clients.id", ondelete="CASCADE"), nullable=False, index=True)
    op.create_table(
        "client_keys",
        sa.Column("id", sa.Uuid, primary_key=True),
        owner,
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.clock_timestamp()),
        sa.Column("valid_until", MOMENT),
    )
    op.execute(TAKE_OVER)


def downgrade() -> None:
    """Keep each client's newest key; a client that was revoked has none that fits."""
    op.execute(GIVE_BACK)
    op.drop_table("client_keys")
    for name in ("uses", "last_used_at", "revoked_at", "scopes"):
        op.drop_column("clients", name)
    op.alter_column("clients", "key_digest", nullable=False)
