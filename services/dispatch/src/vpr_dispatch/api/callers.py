"""Who may act, report unit statuses, and read."""

from typing import Annotated

from fastapi import Depends

from vpr_events.contracts.values import Role
from vpr_service.auth import Principal, require

ACTING = (Role.DISPATCHER, Role.SUPERVISOR)
REPORTING = (*ACTING, Role.SERVICE)
READING = (*REPORTING, Role.OFFICER, Role.ADMIN, Role.AUDITOR)

Acting = Annotated[Principal, Depends(require(*ACTING))]
"""Dispatchers and supervisors decide."""

Reporting = Annotated[Principal, Depends(require(*REPORTING))]
"""A computer-aided dispatch system may report what units do."""

Reading = Annotated[Principal, Depends(require(*READING))]
"""Who may look."""
