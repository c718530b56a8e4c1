"""Dispatch over HTTP."""

from vpr_dispatch.api import assignments, dispatches, units
from vpr_dispatch.held import HOLDINGS
from vpr_service.held import held_router

routers = (dispatches.router, assignments.router, units.router, held_router(HOLDINGS))
