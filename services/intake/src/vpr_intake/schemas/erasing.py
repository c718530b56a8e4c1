"""Erasing reports, and holding them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from vpr_service.requests import Body


class Hold(Body):
    """A legal hold on a report."""

    id: UUID
    report_id: UUID


class HoldShown(Hold):
    """A hold, and who placed and lifted it; it stands without ``lifted_at``."""

    placed_by: UUID
    placed_at: datetime
    lifted_by: UUID | None
    lifted_at: datetime | None


class Erasure(Body):
    """What became of a request to erase: ``approvals`` are the people who asked for it, two of whom it needs."""

    report_id: UUID
    status: Literal["waiting", "erased"]
    approvals: int
