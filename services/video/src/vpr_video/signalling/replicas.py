"""What the replicas of this service tell each other of calls: over core NATS, which keeps nothing."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import orjson
import structlog
from nats.aio.subscription import Subscription

from vpr_events.log import EventLog
from vpr_events.outages import LogUnavailable

SUBJECT = "video.signal."

type Heard = Callable[[UUID, Mapping[str, Any]], Awaitable[None]]

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class Replicas:
    """The other processes of this service, as the broker reaches them."""

    log: EventLog
    process: str = field(default_factory=lambda: uuid4().hex[:12])
    _gaps: int = 0

    async def listen(self, heard: Heard) -> Subscription:
        """Give what the others tell to ``heard``: of which session, and what."""

        async def taken(subject: str, body: bytes) -> None:
            told = orjson.loads(body)
            if told["process"] != self.process:
                await heard(UUID(subject.removeprefix(SUBJECT)), told)

        return await self.log.listen(f"{SUBJECT}>", taken)

    async def tell(self, session: UUID, told: Mapping[str, Any]) -> None:
        """Tell them; without a broker there are none to us, and pages negotiate anew when it is back."""
        body = orjson.dumps({**told, "process": self.process}, default=str)
        try:
            await self.log.tell(SUBJECT + session.hex, body)
        except LogUnavailable:
            log.debug("no broker for signalling")

    @property
    def reached(self) -> bool:
        """Whether the broker answers."""
        return self.log.connected

    def missed_something(self) -> bool:
        """Whether the broker was away, and is back, since this was asked last."""
        gaps = self.log.reconnects
        if gaps == self._gaps or not self.reached:
            return False
        self._gaps = gaps
        return True
