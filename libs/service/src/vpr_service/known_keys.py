"""API keys that were found good a moment ago: a request with one asks no database."""

import asyncio
import hashlib
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from vpr_service.api_keys import CHANGED, Client, Register
from vpr_service.streams import Listener

LIFETIME = 10.0
"""Seconds for which a key is remembered: as long as a lost connection to the database may go unnoticed."""


@dataclass
class KnownKeys:
    """The worker that hears of every rotation and revocation. While it does not, each key is looked up."""

    engine: AsyncEngine
    register: Register
    _known: dict[bytes, tuple[Client, float]] = field(default_factory=dict, init=False, repr=False)
    _changes: int = field(default=0, init=False, repr=False)
    _listener: Listener = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._listener = Listener(self.engine, CHANGED, self)

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until ``stop``."""
        await self._listener.run(stop)

    async def client_of(self, key: str) -> Client | None:
        """The client whose key this is; None for any other text."""
        digest = hashlib.sha256(key.encode()).digest()
        client, until = self._known.get(digest, (None, 0.0))
        if client and self._listener.listening and time.monotonic() < until:
            return client
        changes, begun = self._changes, time.monotonic()
        async with self.engine.connect() as connection:
            found = await self.register.client_of(connection, key)
        if found is None:
            return None
        client, left = found
        if changes == self._changes:  # what was read may be from before a change that was told meanwhile
            self._known[digest] = (client, begun + min(LIFETIME, left or math.inf))
        return client

    def tell(self, event: str, data: Mapping[str, Any]) -> None:  # noqa: ARG002 - which one changed makes no difference
        """A client was given a new key, or shut out."""
        self.restart()

    def restart(self) -> None:
        """Something may have been missed."""
        self._changes += 1
        self._known.clear()
