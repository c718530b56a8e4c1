"""Erasing on time: what the city's rules say is erased, and what is open for too long raises an alarm."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncEngine

from vpr_events import locks
from vpr_events.contracts.access import AlarmKind
from vpr_events.contracts.report import ErasureBasis
from vpr_events.decider import Refused
from vpr_events.event import new_id, stream_name
from vpr_events.pipeline import Execution, Pipeline
from vpr_events.store import Conflict
from vpr_events.working import in_steps, resting
from vpr_intake.dispositions import count_due, list_due, list_unclosed, still_due
from vpr_intake.domain.access import NOBODY, RaiseAlarm, access
from vpr_intake.domain.report import report
from vpr_intake.domain.report_commands import ErasePersonalData
from vpr_intake.domain.retention import Retention
from vpr_service.clock import Clock
from vpr_service.runtime import Runtime

BATCH = 100
LOOK_FOR_UNCLOSED = timedelta(hours=1)
"""Of business time."""
UNCLOSED = "open_for_too_long"

GAUGES = {
    "retention_due": ("vpr_retention_due", "Reports that a rule of retention says to erase"),
    "retention_held": ("vpr_retention_held", "Reports that it would, but for a legal hold"),
    "retention_age": ("vpr_retention_oldest_seconds", "Since when the first of those that are due is due"),
}
NOTHING: Mapping[str, float | None] = {"retention_due": 0, "retention_held": 0, "retention_age": None}

log = structlog.get_logger(__name__)


@dataclass
class Retaining:
    """Erases what is due by business time, in rounds. Several may run: a report is locked while it is decided on.

    Whoever holds a report's stream decides, so that a hold is either seen, or comes too late and is refused.
    """

    engine: AsyncEngine
    pipeline: Pipeline
    now: Clock
    retention: Retention | None
    every: float
    erased: Counter
    told: Mapping[str, float | None] = field(default_factory=lambda: NOTHING, init=False)
    _looked_at: datetime | None = field(default=None, init=False)

    @classmethod
    def of(cls, runtime: Runtime, retention: Retention | None, every: float) -> "Retaining":
        """The worker of a running service; ``every`` so many seconds it looks."""
        text = "Reports whose personal data this process erased by a rule"
        erased = Counter("vpr_retention_erased", text, registry=runtime.telemetry.registry)
        return cls(runtime.engine, runtime.pipeline, runtime.now, retention, every, erased)

    async def run(self, stop: asyncio.Event) -> None:
        """Round by round until ``stop``; without rules there is nothing to do."""
        if (retention := self.retention) is None:
            return

        async def step() -> bool:
            await self.round(retention, stop)
            await self._look_for_unclosed(retention)
            await resting(stop, self.every)
            return False

        await in_steps(stop, "retention", step)

    async def round(self, retention: Retention, stop: asyncio.Event) -> None:
        """Erase everything that is due now; what cannot be erased is passed over, and comes again in the next round."""
        after: tuple[datetime, UUID] | None = None
        while not stop.is_set():
            async with self.engine.connect() as connection:
                rows = await list_due(connection, retention, self.now(), limit=BATCH, after=after)
            for row in rows:
                if stop.is_set():
                    return
                await self._erase(retention, row.report_id)
            if len(rows) < BATCH:
                break
            after = (rows[-1].ended_at, rows[-1].report_id)
        await self._measure(retention)

    async def _erase(self, retention: Retention, report_id: UUID) -> None:
        """Under the lock of the report's stream: nobody places a hold between the look and the erasure."""
        self.pipeline.gate()
        now = self.now()
        try:
            async with self.engine.begin() as connection:
                await locks.wait_for(connection, [stream_name(report.family, report_id)])
                category = await still_due(connection, retention, now, report_id)
                if category is None:
                    return
                rule = retention.of(category).code
                command = ErasePersonalData(at=now, basis=ErasureBasis.RETENTION, rule=rule)
                execution = Execution(decider=report, entity=report_id, command=command)
                outcome = await self.pipeline.apply(connection, [execution])
        except (Conflict, Refused) as error:
            log.warning("passed over until the next round", report=str(report_id), error=type(error).__name__)
            return
        if outcome.events:
            self.pipeline.committed()
            self.erased.inc()

    async def _measure(self, retention: Retention) -> None:
        now = self.now()
        async with self.engine.connect() as connection:
            due, held, oldest = await count_due(connection, retention, now)
        age = (now - oldest).total_seconds() if oldest else None
        self.told = {"retention_due": due, "retention_held": held, "retention_age": age}

    async def _look_for_unclosed(self, retention: Retention) -> None:
        now = self.now()
        if self._looked_at and now - self._looked_at < LOOK_FOR_UNCLOSED:
            return
        async with self.engine.connect() as connection:
            found = await list_unclosed(connection, now - retention.unclosed, limit=BATCH)
        for report_id in found:
            alarm = RaiseAlarm(
                at=now, alarm_id=new_id(), kind=AlarmKind.UNCLOSED_REPORT, caused_by=NOBODY, reason=UNCLOSED
            )
            await self.pipeline.execute(Execution(decider=access, entity=report_id, command=alarm))
        if len(found) < BATCH:
            self._looked_at = now


def retention_figures(runtime: Runtime) -> Mapping[str, float | None]:
    """What this process's worker counted in its last round."""
    known = runtime.worker_if_any(Retaining)
    return known.told if known else NOTHING
