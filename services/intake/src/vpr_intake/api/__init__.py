"""Intake over HTTP."""

from vpr_intake.api import (
    accesses,
    alarms,
    amending,
    annotations,
    attachments,
    bulk,
    city,
    clients,
    deliveries,
    duplicates,
    erasure,
    exports,
    history,
    open311,
    particulars,
    reports,
    statements,
    webhooks,
)

routers = (
    reports.filing_router, reports.router, amending.router, particulars.router, statements.router, duplicates.router,
    erasure.router, annotations.router, exports.router,
    *open311.routers,
    history.router, clients.router, accesses.router, alarms.router, city.router, webhooks.router, deliveries.router,
    attachments.router,
    bulk.router,
)  # fmt: skip
