"""PostgreSQL and NATS as child processes of the all-in-one and of the tests, on loopback only."""

from vpr.embedded.broker import Broker
from vpr.embedded.endpoints import Endpoints
from vpr.embedded.postgres import Postgres
from vpr.embedded.process import EmbeddedError
from vpr.embedded.supervisor import Embedded, InUse

__all__ = ["Broker", "Embedded", "EmbeddedError", "Endpoints", "InUse", "Postgres"]
