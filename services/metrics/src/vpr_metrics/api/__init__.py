"""Metrics over HTTP."""

from vpr_metrics.api import comparing, exporting, figures, flow, publishing, rebuilding, sql, survival

routers = (
    figures.router, survival.router, comparing.router, flow.router, exporting.router, sql.router,
    publishing.router, rebuilding.router,
)  # fmt: skip
