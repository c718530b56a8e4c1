"""The resident's pages over HTTP."""

from vpr_intake.web import leaving, report, status

web_routers = (leaving.router, report.router, status.router)
