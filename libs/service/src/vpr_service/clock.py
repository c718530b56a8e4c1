"""Business time: what services call "now". Tokens, retries and time-outs use real time instead."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

type Clock = Callable[[], datetime]


def real_time() -> datetime:
    """The present, aware, UTC."""
    return datetime.now(UTC)


@dataclass
class SteppedTime:
    """Business time that stands still until its owner sets it on; for simulation and tests."""

    instant: datetime

    def __call__(self) -> datetime:
        """The instant at which it stands, UTC."""
        return self.instant

    def step_to(self, instant: datetime) -> None:
        """Set it on. Raises ValueError for an instant before the present one."""
        if instant < self.instant:
            raise ValueError("business time does not go back")
        self.instant = instant.astimezone(UTC)
