"""Intake over HTTP."""

from vpr_intake.api import (
    accesses,
    alarms,
    clients,
    deliveries,
    erasure,
    history,
    open311,
    particulars,
    reports,
    webhooks,
)

routers = (
    reports.filing_router, reports.router, particulars.router, erasure.router, open311.router, history.router,
    clients.router, accesses.router, alarms.router,
    webhooks.router, deliveries.router,
)  # fmt: skip
