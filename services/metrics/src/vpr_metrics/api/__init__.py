"""Metrics over HTTP."""

from vpr_metrics.api import figures, rebuilding, sql

routers = (figures.router, sql.router, rebuilding.router)
