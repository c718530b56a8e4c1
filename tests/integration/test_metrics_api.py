"""Who may ask metrics what, and how it answers."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.examples import NOON, minutes, recorded
from tests.system import Servers, System
from tests.waiting import until
from vpr_events.contracts.history import HistoryCaseRecorded
from vpr_events.contracts.report import ReportFiled
from vpr_events.contracts.values import Channel, Role

READERS = {Role.ANALYST, Role.SUPERVISOR, Role.AUDITOR, Role.ADMIN}
FIGURES = ("/v1/timings", "/v1/sources", "/v1/definitions")


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def metrics(servers: Servers) -> AsyncIterator[System]:
    async with System.started(servers, ["metrics"]) as running:
        past = HistoryCaseRecorded(
            source="past", category="a", priority=10, filed_at=NOON, dispatched_at=NOON + minutes(2)
        )
        graver = HistoryCaseRecorded(
            source="past", category="a", priority=9, filed_at=NOON, dispatched_at=NOON + minutes(1)
        )
        filed = ReportFiled(channel=Channel.WEB, category="theft")
        await servers.publish(*(recorded(event, entity=uuid4()) for event in (past, graver, filed)))

        async def counted() -> bool:
            answer = await running["metrics"].get("/v1/sources", headers=running.as_(Role.ANALYST))
            return answer.status_code == 200 and len(answer.json()) == 2

        await until(counted)
        yield running


async def get(system: System, path: str, *roles: Role, **query: Any) -> Any:
    return await system["metrics"].get(path, params=query, headers=system.as_(*roles or (Role.SUPERVISOR,)))


async def test_roles_that_read_figures_and_roles_that_do_not(metrics: System) -> None:
    for path in FIGURES:
        assert (await metrics["metrics"].get(path)).status_code == 401
        for role in Role:
            good = role in READERS or (role is Role.SERVICE and path == "/v1/timings")
            assert (await get(metrics, path, role)).status_code == (200 if good else 403), (path, role)


async def test_only_an_admin_rebuilds(metrics: System) -> None:
    for role in set(Role) - {Role.ADMIN}:
        headers = metrics.as_(role)
        assert (await metrics["metrics"].post("/v1/rebuild", headers=headers)).status_code == 403
        assert (await metrics["metrics"].get("/v1/rebuild", headers=headers)).status_code == 403


async def test_sources_are_counted_apart(metrics: System) -> None:
    assert (await get(metrics, "/v1/sources")).json() == [
        {"source": "live", "records": 1},
        {"source": "past", "records": 2},
    ]


async def test_figures_by_group_beside_the_total(metrics: System) -> None:
    answer = (await get(metrics, "/v1/timings", source="past", by="priority", interval="headline")).json()
    (headline,) = answer["intervals"]
    assert (headline["interval"], headline["from"], headline["to"]) == ("headline", "filed_at", "dispatched_at")
    assert [group["key"] for group in headline["groups"]] == ["9", "10"]
    assert [group["median"] for group in headline["groups"]] == [60.0, 120.0]
    assert headline["total"] == {
        "n": 2,
        "mean": 90.0,
        "median": 90.0,
        "p90": 114.0,
        "min": 60.0,
        "max": 120.0,
        "stddev": 42.426407,
        "percentiles": {},
        "open": 0,
        "excluded": 0,
        "invalid": 0,
        "excluded_reasons": {"flagged": 0, "no_start": 0, "ended_before": 0},
        "invalid_reasons": {"end_before_start": 0},
        "suppressed": False,
    }


async def test_an_answer_says_what_it_is(metrics: System) -> None:
    answer = (await get(metrics, "/v1/timings", by="week")).json()
    said = {name: answer[name] for name in ("definition_version", "source", "by", "unit", "records")}
    assert said == {"definition_version": 2, "source": "live", "by": "week", "unit": "seconds", "records": 1}
    assert answer["as_of"]["recorded_at"] == "2026-05-04T12:00:00Z"
    assert [group["key"] for group in answer["intervals"][2]["groups"]] == ["2026-W19"]
    assert answer["intervals"][2]["total"]["mean"] is None


async def test_a_choice_without_records_counts_nothing(metrics: System) -> None:
    answer = (await get(metrics, "/v1/timings", category="nothing", by="category", **{"from": NOON.isoformat()})).json()
    assert answer["records"] == 0
    assert {(one["total"]["n"], len(one["groups"])) for one in answer["intervals"]} == {(0, 0)}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source", "all"),
        ("source", "not a code"),
        ("by", "moon"),
        ("interval", "breakfast"),
        ("from", "yesterday"),
        ("from", "2026-05-04T12:00:00"),
        ("to", "2000-01-01T00:00:00Z"),
        ("priority", "urgent"),
        ("pathway", "by_air"),
        ("category", "a b"),
        ("grouping", "week"),
    ],
)
async def test_what_it_does_not_know_is_refused_by_name(metrics: System, field: str, value: str) -> None:
    start = {"from": NOON.isoformat()} if field == "to" else {}
    answer = await get(metrics, "/v1/timings", **start, **{field: value})
    assert answer.status_code == 422, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_definitions_are_published_with_a_sentence_each(metrics: System) -> None:
    answer = (await get(metrics, "/v1/definitions")).json()
    assert answer["definition_version"] == 2
    assert len(answer["intervals"]) == 11
    assert all(one["sentence"] and one["from"] and one["to"] for one in answer["intervals"])
    assert set(answer["excluded_reasons"]) == {"flagged", "no_start", "ended_before"}
