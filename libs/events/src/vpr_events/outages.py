"""Telling an outage (wait and go on) from a fault of the work itself (report it)."""

from collections.abc import Iterator
from contextlib import contextmanager

import nats.errors
from asyncpg.exceptions import InternalClientError, PostgresError
from nats.js.errors import APIError, ServiceUnavailableError
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout

PASSING = ("08", "53", "57", "58")
"""SQLSTATE classes: connection, resources, operator's intervention, system."""


class LogUnavailable(Exception):
    """The broker does not answer, or refuses for now: try later."""


class RecoveryNeeded(Exception):
    """The database lacks events of its own that the log holds: nothing may be decided on it until they are back."""


@contextmanager
def unavailable() -> Iterator[None]:
    """Turn what the client raises without a broker into LogUnavailable; what the broker answers stays as it is."""
    try:
        yield
    except (nats.errors.Error, OSError, TimeoutError) as error:
        if isinstance(error, APIError) and not isinstance(error, ServiceUnavailableError):
            raise
        raise LogUnavailable(f"{type(error).__name__}: {error}") from error


def is_worth_a_warning(error: BaseException) -> bool:
    """Whether a worker that waits should say so: a recovery that is needed was announced when it was found."""
    return not isinstance(error, RecoveryNeeded)


def is_outage(error: BaseException) -> bool:
    """Whether database or broker (away, or not at one), not the work, is to blame."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or isinstance(error, InterfaceError) or _passes(error.orig)
    if isinstance(error, PostgresError):  # SQLAlchemy does not wrap what the driver raises while it connects
        return _passes(error)
    # InternalClientError: the server said that it ends while nobody asked, and the driver did not close yet.
    return isinstance(error, (LogUnavailable, RecoveryNeeded, OSError, PoolTimeout, InternalClientError))


def _passes(error: object) -> bool:
    return (getattr(error, "sqlstate", None) or "").startswith(PASSING)
