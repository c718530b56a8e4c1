"""Which servers a test run uses: containers where a Docker engine answers, else the programs from the pip packages.

``VPR_TEST_BACKEND`` (``auto``, ``containers``, ``embedded``) decides otherwise. The faults and the tests of the
supervisor are about the embedded servers, and start those themselves whatever is chosen here.
"""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from vpr.embedded import Embedded, Endpoints

VARIABLE = "VPR_TEST_BACKEND"


class Kind(StrEnum):
    """What servers there are for tests."""

    CONTAINERS = "containers"
    EMBEDDED = "embedded"


class Server(Protocol):
    """PostgreSQL or the broker by itself. Each returns when it is done; what was stored outlives all of them."""

    def start(self) -> None:
        """Start it and wait until it takes connections, at the same address as before."""

    def stop(self) -> None:
        """Stop it in order."""

    def kill(self) -> None:
        """End it at once, as a crash would."""


class Backend(Protocol):
    """A PostgreSQL with the services' roles and databases, and a broker with our configuration."""

    @property
    def endpoints(self) -> Endpoints:
        """Where they are and who may enter."""

    @property
    def postgres(self) -> Server:
        """PostgreSQL by itself."""

    @property
    def broker(self) -> Server:
        """The broker by itself."""

    def start(self) -> Endpoints:
        """Start both."""

    def discard(self) -> None:
        """Stop both and delete what they stored."""


class Undecided(Exception):
    """The variable asks for what there is not."""


def chosen(wanted: str, engine: Callable[[], str | None]) -> tuple[Kind, str]:
    """The kind, and why. ``engine`` tells why no Docker engine answers, None when one does. Raises Undecided."""
    if wanted == Kind.EMBEDDED:
        return Kind.EMBEDDED, f"{VARIABLE} says so"
    if wanted not in {"auto", Kind.CONTAINERS}:
        raise Undecided(f"{VARIABLE} is {wanted!r}, and can be auto, containers or embedded")
    missing = engine()
    if missing is None:
        return Kind.CONTAINERS, "a Docker engine answers"
    if wanted == Kind.CONTAINERS:
        raise Undecided(f"{VARIABLE} asks for containers, and no Docker engine answers: {missing}")
    return Kind.EMBEDDED, f"no Docker engine answers: {missing}"


def made(kind: Kind, folder: Path) -> Backend:
    """The servers, not started. fsync is off: tests lose nothing but time by it."""
    if kind is Kind.EMBEDDED:
        return Embedded(folder, fsync=False)
    from tests.containers import Containers

    return Containers()
