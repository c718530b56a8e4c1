"""What would be sent, shown to staff instead: for development, in memory alone, the newest only."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from vpr_video.sending.gateways import Letter

KEPT = 50


@dataclass(frozen=True, slots=True, repr=False)
class Shown:
    """A letter with its channel and when it would have been sent."""

    at: datetime
    channel: str
    letter: Letter


@dataclass
class Outbox:
    """The newest letters of this process. As a worker of the service it lives as long as that does."""

    letters: deque[Shown] = field(default_factory=lambda: deque(maxlen=KEPT), repr=False)

    async def run(self, stop: asyncio.Event) -> None:
        """Nothing to do; at the end it forgets."""
        await stop.wait()
        self.letters.clear()

    def newest_first(self) -> Iterator[Shown]:
        """What would have been sent."""
        return reversed(self.letters)

    def keep(self, channel: str, letter: Letter) -> None:
        """Show it. The same letter again replaces what was there, as a gateway that knows its key would."""
        others = [one for one in self.letters if one.letter.key != letter.key]
        self.letters = deque([*others, Shown(datetime.now(UTC), channel, letter)], maxlen=KEPT)


@dataclass(frozen=True)
class OutboxGateway:
    """Takes letters of a channel into the outbox."""

    channel: str
    outbox: Callable[[], Outbox | None]

    async def take(self, letter: Letter) -> None:
        """Always taken."""
        if outbox := self.outbox():
            outbox.keep(self.channel, letter)

    async def close(self) -> None:
        """Nothing is open."""
