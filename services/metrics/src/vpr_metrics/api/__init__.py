"""Metrics over HTTP."""

from vpr_metrics.api import figures, rebuilding

routers = (figures.router, rebuilding.router)
