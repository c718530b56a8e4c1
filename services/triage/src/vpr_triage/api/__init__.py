"""Triage over HTTP."""

from vpr_triage.api import queue, work

routers = (queue.router, work.router)
