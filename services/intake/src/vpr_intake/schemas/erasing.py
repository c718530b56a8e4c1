"""Erasing reports, and holding them."""

from typing import Literal
from uuid import UUID

from vpr_service.requests import Body


class Hold(Body):
    """A legal hold on a report."""

    id: UUID
    report_id: UUID


class Erasure(Body):
    """What became of a request to erase: ``approvals`` are the people who asked for it, two of whom it needs."""

    report_id: UUID
    status: Literal["waiting", "erased"]
    approvals: int
