"""Intake over HTTP."""

from vpr_intake.api import accesses, alarms, clients, erasure, history, open311, particulars, reports

routers = (
    reports.filing_router, reports.router, particulars.router, erasure.router, *open311.routers, history.router,
    clients.router, accesses.router, alarms.router,
)  # fmt: skip
