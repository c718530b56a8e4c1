"""What strangers may try, in moving windows; counted by each process for itself, so that several of them add up."""

import math
import time
from dataclasses import dataclass, field

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from vpr_service.problems import Problem


def _window() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(MemoryStorage())


@dataclass(frozen=True)
class Tries:
    """What was tried so far, by budgets and by who tried."""

    _window: MovingWindowRateLimiter = field(default_factory=_window)

    def spend(self, budget: RateLimitItem, *whose: str) -> None:
        """One more try. Raises Problem 429 with Retry-After."""
        if not self._window.hit(budget, *whose):
            left = self._window.get_window_stats(budget, *whose).reset_time - time.time()
            wait = {"Retry-After": str(max(1, math.ceil(left)))}
            raise Problem(429, "too_many_tries", "too many tries: wait, then try again", headers=wait)
