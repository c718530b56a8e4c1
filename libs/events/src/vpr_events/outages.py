"""Telling an outage (wait and go on) from a fault of the work itself (report it)."""

from asyncpg.exceptions import PostgresError
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from vpr_events.log import LogUnavailable

PASSING = ("08", "53", "57", "58")
"""SQLSTATE classes: connection, resources, operator's intervention, system."""


def is_outage(error: BaseException) -> bool:
    """Whether database or broker, not the work, is to blame."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or isinstance(error, InterfaceError) or _passes(error.orig)
    if isinstance(error, PostgresError):  # SQLAlchemy does not wrap what the driver raises while it connects
        return _passes(error)
    return isinstance(error, (LogUnavailable, OSError, PoolTimeout))


def _passes(error: object) -> bool:
    return (getattr(error, "sqlstate", None) or "").startswith(PASSING)
