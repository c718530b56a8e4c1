"""Intake over HTTP."""

from vpr_intake.api import clients, history, open311, reports

routers = (reports.router, open311.router, history.router, clients.router)
