"""Metrics over HTTP."""

from vpr_metrics.api import figures, rebuilding, survival

routers = (figures.router, survival.router, rebuilding.router)
