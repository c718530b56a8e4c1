"""Where a fault strikes: the system, its people, a chance of its own and how long it lasts."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from tests.faults.driver.load import Load
from tests.faults.driver.world import World


@dataclass
class Scene:
    """``seconds`` is how long the fault holds before it is mended."""

    world: World
    load: Load
    rng: Random
    seconds: float

    async def hold(self) -> None:
        """Let the fault last."""
        await asyncio.sleep(self.seconds)

    def note(self, what: str, times: int = 1) -> None:
        """Count what really happened."""
        self.world.counts[what] += times


type Strike = Callable[[Scene], Awaitable[None]]
"""Does it, holds, and mends it."""


def always() -> str | None:
    """Nothing stands in the way."""
    return None


@dataclass(frozen=True)
class Fault:
    """A kind of fault. ``impossible`` tells why it cannot be done here; ``lasts`` bounds its seconds."""

    name: str
    strike: Strike
    lasts: tuple[float, float] = (0.2, 1.2)
    impossible: Callable[[], str | None] = always
