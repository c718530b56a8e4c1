"""How each invitation fares, its tokens beside it, and the tries to send it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

MOMENT = sa.DateTime(timezone=True)
POINTS = ("sent_at", "failed_at", "opened_at", "revoked_at")

TOKENS = "insert into invite_tokens (token_digest, invite_id) select token_digest, invite_id from invites"
ISSUED = """
update invites set channel = body ->> 'channel', sent_by = body ->> 'channel', issued_at = at, sent_at = at
from (select convert_from(body, 'UTF8')::jsonb as body, occurred_at as at from events
      where type = 'session.invite_sent.v1') as sent
where body ->> 'invite_id' = invite_id::text
"""
OPENED = """
update invites set opened_at = at
from (select convert_from(body, 'UTF8')::jsonb as body, occurred_at as at from events
      where type = 'session.invite_opened.v1') as opened
where body ->> 'invite_id' = invite_id::text
"""
REPLACED = """
update invites set revoked_at = newer.at, reason = 'replaced'
from (select invite_id as id, lead(issued_at) over (partition by session_id order by issued_at) as at
      from invites) as newer
where newer.id = invite_id and newer.at is not null and opened_at is null
"""


def upgrade() -> None:
    """Create the new tables, and tell of invitations what the events say."""
    op.create_table(
        "invite_tokens",
        sa.Column("token_digest", sa.Text, primary_key=True),
        sa.Column("invite_id", sa.Uuid, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False, server_default=sa.func.clock_timestamp()),
    )
    op.create_table(
        "invite_attempts",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("invite_id", sa.Uuid, nullable=False, index=True),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("ms", sa.Integer, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("final", sa.Boolean, nullable=False),
        sa.Column("next_at", MOMENT),
    )
    op.create_index("invite_attempts_channel", "invite_attempts", ["channel", "at"])
    op.execute(TOKENS)
    _widen()
    for statement in (ISSUED, OPENED, REPLACED):
        op.execute(statement)
    op.drop_column("invites", "token_digest")
    op.create_index("invites_session_id", "invites", ["session_id", "issued_at"])


def _widen() -> None:
    now = sa.func.clock_timestamp()
    op.add_column("invites", sa.Column("channel", sa.Text, nullable=False, server_default="link"))
    op.add_column("invites", sa.Column("language", sa.Text, nullable=False, server_default="en"))
    op.add_column("invites", sa.Column("neutral", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("invites", sa.Column("fallback", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("invites", sa.Column("issued_at", MOMENT, nullable=False, server_default=now))
    op.add_column("invites", sa.Column("sent_by", sa.Text))
    op.add_column("invites", sa.Column("reason", sa.Text))
    for point in POINTS:
        op.add_column("invites", sa.Column(point, MOMENT))
    for name in ("channel", "language", "neutral", "fallback", "issued_at"):
        op.alter_column("invites", name, server_default=None)


def downgrade() -> None:
    """Drop them; an invitation keeps one of its tokens."""
    op.add_column("invites", sa.Column("token_digest", sa.Text))
    op.execute(
        "update invites i set token_digest = t.token_digest from invite_tokens t where t.invite_id = i.invite_id"
    )
    op.execute("delete from invites where token_digest is null")
    op.alter_column("invites", "token_digest", nullable=False)
    op.create_unique_constraint("invites_token_digest_key", "invites", ["token_digest"])
    op.drop_index("invites_session_id", "invites")
    for name in ("channel", "language", "neutral", "fallback", "issued_at", "sent_by", "reason", *POINTS):
        op.drop_column("invites", name)
    op.drop_table("invite_attempts")
    op.drop_table("invite_tokens")
