"""Failures of the library's effects."""

from vpr_events.migrations import v0003

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Count them."""
    v0003.upgrade()


def downgrade() -> None:
    """Count them no more."""
    v0003.downgrade()
