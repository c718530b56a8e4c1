"""Intake over HTTP."""

from vpr_intake.api import clients, erasure, history, open311, reports

routers = (reports.router, erasure.router, open311.router, history.router, clients.router)
