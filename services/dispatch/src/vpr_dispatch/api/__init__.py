"""Dispatch over HTTP."""

from vpr_dispatch.api import assignments, dispatches, units

routers = (dispatches.router, assignments.router, units.router)
