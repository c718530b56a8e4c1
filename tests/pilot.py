"""Invented cases of a pilot, in person and by video, so that figures have something to show: from a seed, no people."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import batched

from tests.examples import NOON, recorded
from vpr.embedded import Endpoints
from vpr_events.cloudevents import headers_of, subject_of
from vpr_events.contracts.history import HistoryCaseRecorded
from vpr_events.contracts.values import Gravest, Pathway
from vpr_events.event import Recorded, new_id
from vpr_events.log import EventLog, Outgoing

SOURCE = "pilot"
BEGUN = NOON - timedelta(weeks=26)
CATEGORIES = ("theft", "mischief", "break_enter_residential", "fraud_online", "lost_property")
SHARES = (40, 25, 20, 14, 1)
DISTRICTS = tuple(str(number) for number in range(1, 16))


def cases(count: int, seed: int = 34) -> Iterator[Recorded]:
    """The same as events."""
    for case in past(count, seed):
        yield recorded(case, entity=new_id(), at=NOON)


def past(count: int, seed: int = 34) -> Iterator[HistoryCaseRecorded]:
    """So many past cases of half a year, of which every third is met by video and waits less."""
    chance = random.Random(seed)  # noqa: S311 - figures, no secrets
    for number in range(count):
        yield _case(chance, met_by_video=number % 3 == 0)


def _case(chance: random.Random, *, met_by_video: bool) -> HistoryCaseRecorded:
    filed = BEGUN + timedelta(days=chance.randrange(182), hours=chance.triangular(0, 24, 15))
    claimed = filed + timedelta(hours=chance.expovariate(1 / 2))
    connected = claimed + timedelta(hours=chance.expovariate(1 / 3)) if met_by_video else None
    assessed = (connected or claimed) + timedelta(minutes=20)
    waits = timedelta(hours=chance.expovariate(1 / (14 if met_by_video else 90)))
    dispatched = assessed + waits if chance.random() < 0.8 else None
    arrived = dispatched + timedelta(minutes=chance.uniform(10, 50)) if dispatched else None
    over = chance.random() < 0.93
    return HistoryCaseRecorded(
        source=SOURCE, pathway=Pathway.VIRTUAL if met_by_video else Pathway.IN_PERSON,
        category=chance.choices(CATEGORIES, SHARES)[0], district=chance.choice(DISTRICTS[:-1]),
        priority=chance.randrange(4), gravest=Gravest.LOWEST, filed_at=filed, claimed_at=claimed,
        connected_at=connected, assessed_at=assessed, dispatched_at=dispatched, arrived_at=arrived,
        cleared_at=_later(arrived, chance, 1), closed_at=_later(arrived or assessed, chance, 24) if over else None,
    )  # fmt: skip


def _later(moment: datetime | None, chance: random.Random, hours: float) -> datetime | None:
    return moment + timedelta(hours=chance.expovariate(1 / hours)) if moment else None


async def tell(endpoints: Endpoints, events: Sequence[Recorded]) -> None:
    """Put events into the log as their owner would."""
    log = EventLog(endpoints.nats_url, *endpoints.nats_users["admin"])
    await log.connect()
    try:
        for batch in batched(events, 500, strict=False):
            await log.publish([Outgoing(subject_of(one.type), headers_of(one), one.body) for one in batch])
    finally:
        await log.close()
