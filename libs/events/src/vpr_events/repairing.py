"""An operator's repairs of log and database, one at a time, beside the service's other work."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

import structlog

from vpr_events.codec import Malformed
from vpr_events.outages import is_outage
from vpr_events.recovery import NotReset, Recovery, Unrecoverable
from vpr_events.refill import Busy, Refill
from vpr_events.replay import Interrupted
from vpr_events.working import resting

REST = 60.0
"""Seconds between looks at what is asked for, which wakes us at once."""

log = structlog.get_logger(__name__)


class Repair(StrEnum):
    """What can be asked for."""

    REFILL = "refill"
    RECOVERY = "recovery"


class Stage(StrEnum):
    """How far a repair is."""

    NONE = "none"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass
class Repairs:
    """A worker that makes the repair it was asked for."""

    refill: Refill
    recovery: Recovery
    stages: dict[Repair, Stage] = field(default_factory=lambda: dict.fromkeys(Repair, Stage.NONE), init=False)
    errors: dict[Repair, str | None] = field(default_factory=lambda: dict.fromkeys(Repair), init=False)
    _wanted: deque[Repair] = field(default_factory=deque, init=False)
    _asked: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def want(self, repair: Repair) -> None:
        """Ask for a repair; nothing new while the same one runs or waits."""
        if self.stages[repair] is not Stage.RUNNING:
            self.stages[repair], self.errors[repair] = Stage.RUNNING, None
            self._wanted.append(repair)
            self._asked.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Make what is asked for until ``stop``."""
        while not stop.is_set():
            await resting(stop, REST, self._asked)
            self._asked.clear()
            while self._wanted and not stop.is_set():
                await self._make(self._wanted.popleft(), stop)

    async def _make(self, repair: Repair, stop: asyncio.Event) -> None:
        try:
            await (self.refill.run() if repair is Repair.REFILL else self.recovery.run(stop))
        except Exception as error:
            self.stages[repair], self.errors[repair] = Stage.FAILED, type(error).__name__
            if not _is_expected(error):
                raise
            self.errors[repair] = f"{type(error).__name__}: {error}"
            log.warning("repair failed", repair=repair, error=self.errors[repair])
        else:
            self.stages[repair] = Stage.DONE


def _is_expected(error: Exception) -> bool:
    return isinstance(error, (Unrecoverable, NotReset, Busy, Interrupted, Malformed)) or is_outage(error)
