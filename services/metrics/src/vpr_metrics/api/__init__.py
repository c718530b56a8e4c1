"""Metrics over HTTP."""

from vpr_metrics.api import comparing, figures, rebuilding, survival

routers = (figures.router, survival.router, comparing.router, rebuilding.router)
