"""Failures of the library's effects."""

from vpr_events.migrations import v0003

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Count them."""
    v0003.upgrade()


def downgrade() -> None:
    """Count them no more."""
    v0003.downgrade()
