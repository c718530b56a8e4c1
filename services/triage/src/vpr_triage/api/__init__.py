"""Triage over HTTP."""

from vpr_service.held import held_router
from vpr_triage.api import queue, work
from vpr_triage.held import HOLDINGS

routers = (queue.router, work.router, held_router(HOLDINGS))
