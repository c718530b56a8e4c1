"""Reading the whole log: metrics' rebuild against a raw nats-py fetch of the same messages."""

import time
from collections.abc import Iterator
from itertools import batched

import httpx
import nats
from nats.js.api import AckPolicy, ConsumerConfig

from tests.examples import NOON, minutes, recorded
from tests.processes import Separate
from tests.waiting import until
from vpr_events.cloudevents import headers_of, subject_of
from vpr_events.contracts.case import CaseAssessed, CaseClaimed, CaseOpened, Outcome
from vpr_events.contracts.dispatch import DispatchUnitAssigned
from vpr_events.contracts.report import ReportFiled
from vpr_events.contracts.values import Channel, Role
from vpr_events.event import Event, Recorded, new_id
from vpr_events.log import STREAM, EventLog, Outgoing

FETCH = 1000
FOLLOWING = 300.0


def past_reports(count: int) -> Iterator[Recorded]:
    """Five events of each of ``count`` reports."""
    for number in range(count):
        report, officer = new_id(), new_id()
        steps: list[Event] = [
            ReportFiled(channel=Channel.WEB, category="theft", district="north"),
            CaseOpened(report_id=report, category="theft", channel=Channel.WEB),
            CaseClaimed(officer_id=officer, lease_until=NOON + minutes(number % 60)),
            CaseAssessed(assessment_id=new_id(), report_id=report, officer_id=officer, outcome=Outcome.DISPATCH),
            DispatchUnitAssigned(unit_id=officer),
        ]
        for step, event in enumerate(steps):
            yield recorded(event, entity=report, report=report, at=NOON + minutes(step * (1 + number % 50)))


async def fill(system: Separate, reports: int) -> int:
    """Put their events into the log: how many. Metrics has followed by then: it does not disturb what is measured."""
    endpoints = system.embedded.endpoints
    log = EventLog(endpoints.nats_url, *endpoints.nats_users["admin"])
    await log.connect()
    total = 0
    for batch in batched(past_reports(reports), FETCH, strict=False):
        await log.publish([Outgoing(subject_of(one.type), headers_of(one), one.body) for one in batch])
        total += len(batch)

    async def followed() -> bool:
        return await log.pending("metrics") == 0

    await until(followed, FOLLOWING)
    await log.close()
    return total


async def raw_fetch(system: Separate) -> float:
    """Messages per second of nats-py's own fetch, from the beginning, doing nothing with them."""
    endpoints = system.embedded.endpoints
    user, password = endpoints.nats_users["admin"]
    client = await nats.connect(endpoints.nats_url, user=user, password=password, inbox_prefix=b"_INBOX_admin")
    stream = client.jetstream()
    config = ConsumerConfig(name="bench", ack_policy=AckPolicy.NONE, mem_storage=True, inactive_threshold=60)
    left = (await stream.add_consumer(STREAM, config)).num_pending or 0
    pull = await stream.pull_subscribe_bind("bench", STREAM)
    started, total = time.perf_counter(), left
    while left:
        left -= len(await pull.fetch(min(FETCH, left), timeout=10))
    rate = total / (time.perf_counter() - started)
    await stream.delete_consumer(STREAM, "bench")
    await client.close()
    return rate


def rebuild(system: Separate, events: int) -> float:
    """Events per second of metrics filling a new generation from the log."""
    with httpx.Client(base_url=system.url("metrics"), headers=system.headers(Role.ADMIN), timeout=60) as client:
        started = time.perf_counter()
        state = client.post("/v1/rebuild").raise_for_status().json()
        while state["stage"] == "running":
            time.sleep(0.05)
            state = client.get("/v1/rebuild").json()
        return events / (time.perf_counter() - started)
