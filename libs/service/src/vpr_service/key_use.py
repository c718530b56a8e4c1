"""How often API keys are used, and when last, for administrators."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from vpr_events.outages import is_outage
from vpr_events.working import resting
from vpr_service.api_keys import Register

USED_EVERY = 5.0

log = structlog.get_logger(__name__)


@dataclass
class KeyUse:
    """Counts uses in memory and writes them down every few seconds: a process that is killed loses the last of them."""

    engine: AsyncEngine
    register: Register
    _uses: dict[UUID, tuple[int, datetime]] = field(default_factory=dict, init=False, repr=False)

    def note(self, client: UUID) -> None:
        """One more use, now."""
        self._uses[client] = (self._uses.get(client, (0, None))[0] + 1, datetime.now(UTC))

    async def run(self, stop: asyncio.Event) -> None:
        """Write until ``stop``, and once more then."""
        while not stop.is_set():
            await resting(stop, USED_EVERY)
            await self.write()

    async def write(self) -> None:
        """Write what was noted; without a database it is kept for the next time."""
        uses, self._uses = self._uses, {}
        if not uses:
            return
        rows = [{"client": client, "count": count, "at": at} for client, (count, at) in sorted(uses.items())]
        try:
            async with self.engine.begin() as connection:
                await self.register.note_uses(connection, rows)
        except Exception as error:
            for client, (count, at) in uses.items():
                more, later = self._uses.get(client, (0, at))
                self._uses[client] = (count + more, later)
            if not is_outage(error):
                raise
            log.warning("uses of keys wait", error=type(error).__name__)
