"""Intake over HTTP."""

from vpr_intake.api import (
    accesses,
    alarms,
    amending,
    bulk,
    city,
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
    reports.filing_router, reports.router, amending.router, particulars.router, erasure.router, *open311.routers,
    history.router, clients.router, accesses.router, alarms.router, city.router, webhooks.router, deliveries.router,
    bulk.router,
)  # fmt: skip
