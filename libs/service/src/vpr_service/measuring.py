"""What operators watch of a running service, measured every few seconds and whenever somebody asks."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from nats.js.errors import APIError
from sqlalchemy import ColumnElement, Row, ScalarSelect, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from vpr_events.event import made_at
from vpr_events.log import EventLog
from vpr_events.outages import LogUnavailable, is_outage
from vpr_events.outbox import backlog
from vpr_events.tables import effects, events, parked, seals, timers
from vpr_service.clock import Clock
from vpr_service.telemetry import Telemetry

EVERY = 5.0
TIMER_GRACE = timedelta(seconds=60)
"""A timer that is due longer than this is overdue: the scheduler does not keep up, or is not there."""

log = structlog.get_logger(__name__)


def _count(*where: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).where(*where).scalar_subquery()


_newest = select(seals).order_by(seals.c.number.desc()).limit(1).subquery()
_sealed = select(func.coalesce(func.max(_newest.c.last_position), 0)).scalar_subquery()
_unsealed = select(events.c.id).where(events.c.position > _sealed).order_by(events.c.position).limit(1)

FIGURES = select(
    _count(~parked.c.dead).label("parked"),
    _count(parked.c.dead).label("dead_letters"),
    _count(timers.c.due_at < bindparam("overdue")).label("timers_overdue"),
    _count(~effects.c.dead).label("effects_waiting"),
    _count(effects.c.dead).label("effects_dead"),
    select(func.min(parked.c.parked_at)).scalar_subquery().label("oldest_parked"),
    select(_newest.c.sealed_at).scalar_subquery().label("newest_seal"),
    _unsealed.scalar_subquery().label("oldest_unsealed"),
)


type Figures = Callable[[], Mapping[str, float | None]]
"""What a service tells of itself beside what all tell; a key that ends in ``_age`` is in seconds."""


@dataclass(frozen=True)
class Measuring:
    """Measures one service. ``now`` is business time, by which timers are due; ages are in seconds."""

    service: str
    engine: AsyncEngine
    log: EventLog
    now: Clock
    telemetry: Telemetry
    own: Figures = dict

    async def run(self, stop: asyncio.Event) -> None:
        """Measure every few seconds; what cannot be measured now is tried again."""
        while not stop.is_set():
            try:
                await self.measure()
            except Exception as error:
                if not is_outage(error):
                    raise
                log.info("degraded", service=self.service, error=type(error).__name__)
            try:
                await asyncio.wait_for(stop.wait(), EVERY)
            except TimeoutError:
                continue

    async def measure(self) -> dict[str, Any]:
        """The figures now, also as gauges; one that nobody can tell, or that has no subject, is None."""
        started = time.perf_counter()
        async with self.engine.connect() as connection:
            waiting = await backlog(connection)
            row = (await connection.execute(FIGURES, {"overdue": self.now() - TIMER_GRACE})).one()
        database_ms = round((time.perf_counter() - started) * 1000, 1)
        figures = {
            "outbox": waiting["waiting"],
            "outbox_age": _age(waiting["oldest"], self.now()),
            "inbox_pending": await self._pending(),
            **_counts(row),
            **_ages(row, datetime.now(UTC)),
            **self.own(),
        }
        self.telemetry.show(figures)
        return {
            "broker": self.log.connected,
            **figures,
            "oldest_unpublished": waiting["oldest"],
            "database_ms": database_ms,
        }

    async def _pending(self) -> int | None:
        """None while nobody can tell: without a broker, or before the stream and its durables were made."""
        if not self.log.connected:
            return None
        try:
            return await self.log.pending(self.service)
        except (LogUnavailable, APIError):
            return None


def _counts(row: Row[*tuple[Any, ...]]) -> dict[str, int]:
    names = ("parked", "dead_letters", "timers_overdue", "effects_waiting", "effects_dead")
    return {name: row._mapping[name] for name in names}  # noqa: SLF001 - its public name


def _ages(row: Row[*tuple[Any, ...]], now: datetime) -> dict[str, float | None]:
    unsealed = made_at(row.oldest_unsealed) if row.oldest_unsealed else None
    return {
        "parked_age": _age(row.oldest_parked, now),
        "seal_age": _age(row.newest_seal, now),
        "unsealed_age": _age(unsealed, now),
    }


def _age(since: datetime | None, now: datetime) -> float | None:
    return None if since is None else max(0.0, round((now - since).total_seconds(), 1))
