"""Telling an outage (wait and go on) from a fault of the work itself (report it)."""

from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from vpr_events.log import LogUnavailable

PASSING = ("08", "53", "57", "58")
"""SQLSTATE classes: connection, resources, operator's intervention, system."""


def is_outage(error: BaseException) -> bool:
    """Whether database or broker, not the work, is to blame."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or ""
        return error.connection_invalidated or isinstance(error, InterfaceError) or state.startswith(PASSING)
    return isinstance(error, (LogUnavailable, OSError, PoolTimeout))
