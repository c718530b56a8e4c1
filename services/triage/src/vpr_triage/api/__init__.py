"""Triage over HTTP."""

from vpr_service.held import held_router
from vpr_triage.api import appointments, queue, work
from vpr_triage.held import HOLDINGS

routers = (queue.router, work.router, appointments.router, held_router(HOLDINGS))
