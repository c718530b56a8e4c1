"""``vpr``: start the system, and an operator's commands."""

from vpr.cli.main import app

__all__ = ["app"]
