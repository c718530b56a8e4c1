"""The fault driver itself: a run is clean, its plan repeats from the seed, and each check can fail."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from uuid import uuid4

import pytest

from tests.faults.driver.checks import CHECKS, broken
from tests.faults.driver.evidence import Database, Evidence
from tests.faults.driver.kinds import FAULTS
from tests.faults.driver.ledger import Ledger
from tests.faults.driver.plan import Plan, Planned, plan, possible, seeds
from tests.faults.driver.run import Report, run
from tests.faults.driver.world import started
from vpr_events.store import record, to_row

SOME = ("service", "broker", "cut", "duplicate", "reorder")
FIXED = Plan(7, 2.5, 2, 2, 1, [Planned(name, 0.4 * number, 0.3) for number, name in enumerate(SOME)])
ASKED = {"file", "claim", "assess", "shift"}
TOLD_TWICE = 5


@pytest.fixture(scope="module")
def report() -> Report:
    """One run with some faults, in which people got something done."""

    async def go() -> Report:
        async with started() as world:
            found = await run(world, FIXED)
            for _ in range(5):  # a busy machine needs more than one
                if found.acknowledged.keys() >= ASKED and found.happened["events told twice"] >= TOLD_TWICE:
                    break
                found = await run(world, FIXED)
            return found

    return asyncio.run(go())


def test_a_run_is_clean_and_what_it_did_really_happened(report: Report) -> None:
    assert report.acknowledged.keys() >= ASKED
    assert report.happened["broker killed"] == 1
    assert sum(times for what, times in report.happened.items() if what.endswith("killed")) == 2
    assert report.happened["events told twice"] >= TOLD_TWICE


type Damage = Callable[[Evidence], Evidence]


def in_database(service: str, change: Callable[[Database], Database]) -> Damage:
    return lambda found: replace(found, databases={**found.databases, service: change(found.databases[service])})


def another_filed(database: Database) -> Database:
    """A report more, as a key answered twice would leave it."""
    first = next(event for event in database.events if event.data.event_name == "report.filed")
    entity = uuid4()
    given = {name: to_row(first)[name] for name in ("occurred_at", "recorded_at", "causation_id")}
    again = record(first.data, event_id=uuid4(), stream=f"report/{entity}", after=None, correlation_id=entity, **given)
    return replace(database, events=[*database.events, again])


def without_a_filing(database: Database) -> Database:
    *_, last = (event for event in database.events if event.data.event_name == "report.filed")
    return replace(database, events=[event for event in database.events if event.id != last.id])


def doubled_effect(database: Database) -> Database:
    caused = next(event for event in database.events if event.causation_id)
    return replace(database, events=[*database.events, replace(caused, id=uuid4(), version=99)])


DAMAGES: dict[str, list[Damage]] = {
    "nothing_is_left": [in_database("intake", lambda it: replace(it, unpublished=1)),
                        in_database("video", lambda it: replace(it, parked=1))],
    "no_worker_failed": [lambda found: replace(found, output={"triage": '{"event": "worker failed"}'})],
    "acknowledged_stands": [in_database("intake", without_a_filing),
                            in_database("triage", lambda it: replace(it, events=[*it.events, *it.events]))],
    "keys_count_once": [in_database("intake", another_filed), in_database("intake", lambda it: replace(it, keys={}))],
    "verify_finds_nothing": [lambda found: replace(found, findings=["intake: a stream is not what was sealed"])],
    "streams_are_whole": [
        in_database("intake", lambda it: replace(it, events=[replace(it.events[0], body=b"{}"), *it.events[1:]])),
        in_database("triage", lambda it: replace(it, events=[e for e in it.events if e.version != 1])),
    ],
    "log_holds_each_once": [lambda found: replace(found, log=found.log[:-1]),
                            lambda found: replace(found, log=[*found.log, *[found.log[0]] * 50]),
                            lambda found: replace(found, log=found.log[::-1]),
                            lambda found: replace(found, log=[replace(found.log[0], body=b"{}"), *found.log[1:]])],
    "effects_are_not_doubled": [in_database("triage", doubled_effect)],
    "inboxes_are_complete": [in_database("triage", lambda it: replace(it, inbox=frozenset(list(it.inbox)[1:]))),
                             in_database("intake", lambda it: replace(it, inbox=it.inbox | {uuid4()}))],
    "each_report_has_its_case": [lambda found: replace(found, case_reports=found.case_reports[1:]),
                                 lambda found: replace(found, particulars=[*found.particulars, uuid4()])],
    "metrics_counts_the_same": [lambda found: replace(found, figures={**found.figures, "records": 0}),
                                lambda found: replace(found, log=[e for e in found.log if e.family != "case"])],
}  # fmt: skip
"""Check -> what it must notice."""


def test_every_check_has_damages_to_notice() -> None:
    assert set(DAMAGES) == {check.__name__ for check in CHECKS}


@pytest.mark.parametrize("check", DAMAGES)
def test_a_check_notices_damage(report: Report, check: str) -> None:
    assert broken(report.evidence, report.ledger) == []
    for damage in DAMAGES[check]:
        assert any(wrong.startswith(f"{check}:") for wrong in broken(damage(report.evidence), report.ledger))


def test_an_acknowledged_command_that_left_nothing_is_noticed(report: Report) -> None:
    bare = {name: replace(it, events=[], keys={}) for name, it in report.evidence.databases.items()}
    wrong = broken(replace(report.evidence, databases=bare), report.ledger)
    assert any("file was acknowledged" in one for one in wrong)
    assert not any("acknowledged" in one for one in broken(replace(report.evidence, databases=bare), Ledger()))


def test_a_seed_always_gives_the_same_plan_and_any_seed_of_a_series_can_be_run_alone() -> None:
    series = list(islice(seeds(5), 3))
    assert series[0] == 5
    assert list(islice(seeds(series[2]), 1)) == [series[2]]
    assert plan(series[2], SOME) == plan(series[2], SOME)
    assert plan(series[2], SOME) != plan(series[1], SOME)


def test_every_kind_of_fault_strikes_or_is_named_with_why_it_cannot() -> None:
    kinds, reasons = possible()
    assert set(kinds) | set(reasons) == set(FAULTS)
    assert all(reasons.values())
