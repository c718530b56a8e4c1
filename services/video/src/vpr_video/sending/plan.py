"""Which channel is next, and when. Pure: from the tries so far."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

JITTER = 0.1


@dataclass(frozen=True, slots=True)
class Try:
    """A try that came to nothing. ``final``: its channel is not tried again."""

    channel: str
    error: str
    final: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """The channels in their order, and the seconds between tries by one of them."""

    channels: Sequence[str]
    delays: Sequence[float]

    def channel(self, tried: Sequence[Try]) -> str | None:
        """The channel of the next try; None when all are used up."""
        return next((one for one in self.channels if not self._used_up(one, tried)), None)

    def wait(self, tried: Sequence[Try]) -> float | None:
        """Seconds from the last of these tries to the next; None when there is none. The other channel is not late."""
        last, then = tried[-1].channel, self.channel(tried)
        if then is None:
            return None
        return self.delays[self._count(last, tried) - 1] if then == last else 0.0

    def reason(self, tried: Sequence[Try]) -> str:
        """Why it failed: what the first channel said last, since it is the one that was chosen."""
        chosen = [one.error for one in tried if one.channel == self.channels[0]]
        return chosen[-1] if chosen else "not_tried"

    def _used_up(self, channel: str, tried: Sequence[Try]) -> bool:
        final = any(one.final for one in tried if one.channel == channel)
        return final or self._count(channel, tried) > len(self.delays)

    @staticmethod
    def _count(channel: str, tried: Sequence[Try]) -> int:
        return sum(one.channel == channel for one in tried)


def jittered(delay: float) -> float:
    """Up to a tenth longer, so that what failed together does not come again together."""
    return delay * (1 + JITTER * secrets.randbelow(1000) / 1000)
