"""``/v1/timings`` asked in every way: own points, groups, percentiles, what was known when, forms, few cases."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
import pytest_asyncio
from pyarrow import parquet

from tests.examples import NOON, minutes, recorded
from tests.system import Servers, System
from vpr_events.contracts.case import CaseClosed, CaseDuplicateLinked, CaseOpened, CaseVideoDeclined, CloseReason
from vpr_events.contracts.history import HistoryCaseRecorded
from vpr_events.contracts.report import ReportFiled
from vpr_events.contracts.session import Mode, SessionConnected
from vpr_events.contracts.values import Channel, Gravest, Role
from vpr_events.event import Recorded
from vpr_metrics.projecting import Projection

SPANS = (1, 2, 3, 5, 8, 13, 21, 34)


def past() -> list[Recorded]:
    """Eight thefts of these many minutes, and three frauds of one."""
    cases = [(span, "theft", number % 2 == 0) for number, span in enumerate(SPANS)] + [(1, "fraud", False)] * 3
    return [
        recorded(
            HistoryCaseRecorded(
                source="past",
                priority=2,
                gravest=Gravest.LOWEST,
                category=category,
                district="D1" if early else "D2",
                officer_initiated=early,
                filed_at=NOON + minutes(60 * number),
                assessed_at=NOON + minutes(60 * number + 1),
                dispatched_at=NOON + minutes(60 * number + span),
            ),
            entity=uuid4(),
        )
        for number, (span, category, early) in enumerate(cases)
    ]


def live(report: UUID, at: datetime, *, connected: bool) -> list[Recorded]:
    """A report that was filed, met or declined, and closed ten minutes later."""
    case = uuid4()
    filed = recorded(ReportFiled(channel=Channel.CLERK, category="theft"), entity=report, at=at)
    opened = recorded(
        CaseOpened(report_id=report, category="theft", channel=Channel.CLERK), entity=case, report=report, at=at
    )
    declined = recorded(CaseVideoDeclined(), entity=case, report=report, at=at + minutes(2), after=opened)
    met = recorded(SessionConnected(mode=Mode.VIDEO), entity=uuid4(), report=report, at=at + minutes(4))
    closed = recorded(
        CaseClosed(reason=CloseReason.RESOLVED), entity=case, report=report, at=at + minutes(10), after=declined
    )
    return [filed, opened, met if connected else declined, closed]


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def metrics(servers: Servers) -> AsyncIterator[System]:
    async with System.started(servers, ["metrics"]) as running:
        events = [*past(), *live(UUID(int=1), NOON, connected=True), *live(UUID(int=2), NOON, connected=False)]
        original = next(event.entity_id for event in events if isinstance(event.data, CaseOpened))
        linked = CaseDuplicateLinked(original_case_id=original)
        events.append(recorded(linked, entity=uuid4(), report=UUID(int=2), at=NOON + minutes(9)))
        await running.servers.publish(*events)
        await running.quiet()
        yield running


async def ask(system: System, path: str = "/v1/timings", role: Role = Role.SUPERVISOR, **query: Any) -> Any:
    answer = await system["metrics"].get(path, params=query, headers=system.as_(role))
    assert answer.status_code == 200, answer.text
    return answer.json()


def total(answer: Any) -> Any:
    [interval] = answer["intervals"]
    return interval["total"]


async def test_an_interval_between_points_of_ones_own(metrics: System) -> None:
    answer = await ask(metrics, source="past", start="assessed_at", end="dispatched_at", category="theft")
    [interval] = answer["intervals"]
    assert (interval["interval"], interval["from"], interval["to"]) == (
        "assessed_to_dispatched", "assessed_at", "dispatched_at",
    )  # fmt: skip
    assert (interval["total"]["n"], interval["total"]["max"]) == (8, 33 * 60)
    backwards = total(await ask(metrics, source="past", start="dispatched_at", end="assessed_at"))
    assert (backwards["invalid"], backwards["invalid_reasons"]) == (7, {"end_before_start": 7})


async def test_percentiles_interpolate_linearly(metrics: System) -> None:
    asked: dict[str, Any] = {
        "source": "past",
        "interval": "headline",
        "category": "theft",
        "percentile": [75, 99.5, 50],
    }
    told = total(await ask(metrics, **asked))
    assert told["percentiles"] == pytest.approx({"75": 15 * 60, "99.5": 33.545 * 60, "50": 6.5 * 60})
    assert told["median"] == told["percentiles"]["50"]
    assert (told["min"], told["max"]) == (60.0, 2040.0)


async def test_groups_of_up_to_three_kinds(metrics: System) -> None:
    asked: dict[str, Any] = {
        "source": "past",
        "interval": "headline",
        "by": ["category", "officer_initiated", "hour_of_week"],
    }
    answer = await ask(metrics, **asked)
    assert (answer["by"], answer["groupings"]) == ("category,officer_initiated,hour_of_week", asked["by"])
    groups = answer["intervals"][0]["groups"]
    assert groups[0]["keys"] == {"category": "fraud", "officer_initiated": "false", "hour_of_week": "1-15"}
    assert groups[0]["key"] == "fraud / false / 1-15"
    assert sum(group["n"] for group in groups) == 11
    assert answer["zone"] == "America/Winnipeg"
    days = await ask(metrics, source="past", interval="headline", by="month", priority=2)
    assert days["gravest"] == ["lowest"]
    assert [group["key"] for group in days["intervals"][0]["groups"]] == ["2026-05"]


async def test_pathways_and_outcomes_of_our_own_cases(metrics: System) -> None:
    async def keys(by: str, **query: Any) -> Any:
        answer = await ask(metrics, by=by, interval="resolution", **query)
        return {group["key"]: group["n"] for group in answer["intervals"][0]["groups"]}

    assert await keys("pathway") == {"virtual": 1, "declined": 1}
    assert await keys("pathway", pathway="in_person") == {"declined": 1}
    assert await keys("pathway", source="past") == {"historical": 0}
    assert await keys("outcome", officer_initiated=True) == {}, "a call that a clerk typed in is a resident's"
    assert await keys("outcome", officer_initiated=False) == {"resolved": 2}
    assert await keys("outcome", channel="web") == {}


async def test_a_linked_duplicate_names_its_originals_report(metrics: System) -> None:
    projection = metrics.runtime("metrics").worker(Projection)
    rows = await projection.read(lambda found: found.execute("select id, duplicate_of from records").fetchall())
    assert {row for row in rows if row[1]} == {(UUID(int=2), UUID(int=1))}


async def test_what_was_known_and_what_had_happened_at_a_moment(metrics: System) -> None:
    for bound in ("as_of", "until"):
        before: dict[str, Any] = {bound: (NOON + minutes(9)).isoformat()}
        at: dict[str, Any] = {bound: (NOON + minutes(10)).isoformat()}
        early, late = [await ask(metrics, interval="resolution", **one) for one in (before, at)]
        assert (early["records"], total(early)["n"], total(early)["open"]) == (2, 0, 2), bound
        assert (total(late)["n"], total(late)["open"]) == (2, 0), bound
    assert early["until"] == "2026-05-04T12:09:00Z"


async def test_the_same_figures_in_every_form(metrics: System) -> None:
    asked: dict[str, Any] = {"source": "past", "interval": "headline", "by": "category", "percentile": "75"}
    plain = await ask(metrics, **asked)
    expected = [("fraud", 3, 60.0), ("theft", 8, total(await ask(metrics, **asked, category="theft"))["mean"])]

    async def bytes_of(path: str, accept: str = "*/*") -> bytes:
        headers = metrics.as_(Role.SUPERVISOR) | {"Accept": accept}
        answer = await metrics["metrics"].get(path, params=asked, headers=headers)
        assert answer.status_code == 200, answer.text
        return bytes(answer.content)

    for text in (await bytes_of("/v1/timings.csv"), await bytes_of("/v1/timings", "text/csv, */*;q=0.1")):
        rows = list(csv.DictReader(io.StringIO(text.decode())))
        assert [(row["category"], int(row["n"]), float(row["mean"])) for row in rows[:2]] == expected
        assert [row["whole"] for row in rows] == ["false", "false", "true"]
    arrow = pa.ipc.open_stream(await bytes_of("/v1/timings.arrow")).read_all()
    flat = parquet.read_table(io.BytesIO(await bytes_of("/v1/timings", "application/vnd.apache.parquet")))
    assert flat.equals(arrow)
    assert [(row["category"], row["n"], row["mean"]) for row in arrow.to_pylist()[:2]] == expected
    assert arrow.to_pylist()[2]["p75"] == plain["intervals"][0]["total"]["percentiles"]["75"]
    assert await ask(metrics, "/v1/timings.json", **asked) == plain


async def test_no_form_tells_an_analyst_the_value_of_a_single_case(metrics: System) -> None:
    asked: dict[str, Any] = {"source": "past", "interval": "headline", "percentile": ["50", "75", "99.5"]}
    answer = await ask(metrics, role=Role.ANALYST, **asked)
    told = total(answer)
    assert (told["n"], told["min"], told["max"], told["p90"]) == (11, None, None, None)
    assert told["percentiles"] == {"50": told["median"], "75": None, "99.5": None}
    assert told["median"] == total(await ask(metrics, **asked))["median"]
    defined = await ask(metrics, "/v1/definitions", role=Role.ANALYST)
    assert answer["withheld"] == defined["small_numbers"]["single_values"]

    async def bytes_of(form: str) -> bytes:
        path = f"/v1/timings.{form}"
        found = await metrics["metrics"].get(path, params=asked, headers=metrics.as_(Role.ANALYST))
        assert found.status_code == 200, found.text
        return bytes(found.content)

    [row] = csv.DictReader(io.StringIO((await bytes_of("csv")).decode()))
    found: dict[str, Any]
    for found in (
        {name: value or None for name, value in row.items()},
        pa.ipc.open_stream(await bytes_of("arrow")).read_all().to_pylist()[0],
        parquet.read_table(io.BytesIO(await bytes_of("parquet"))).to_pylist()[0],
    ):
        assert [found[name] for name in ("min", "max", "p90", "p75", "p99.5")] == [None] * 5
        assert float(found["median"]) == told["median"]


async def test_a_form_that_nobody_writes_is_refused(metrics: System) -> None:
    headers = metrics.as_(Role.SUPERVISOR)
    refused = await metrics["metrics"].get("/v1/timings", headers=headers | {"Accept": "image/gif"})
    assert (refused.status_code, refused.json()["type"]) == (406, "urn:vpr:problem:not_acceptable")
    unknown = await metrics["metrics"].get("/v1/timings.xls", headers=headers)
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "form")


async def test_few_cases_are_shown_to_supervisors_and_services_alone(metrics: System) -> None:
    asked: dict[str, Any] = {"source": "past", "interval": "headline", "by": "category"}
    whole = await ask(metrics, **asked)
    assert await ask(metrics, role=Role.SERVICE, **asked) == whole
    for role in (Role.ANALYST, Role.AUDITOR, Role.ADMIN):
        answer = await ask(metrics, role=role, **asked)
        groups = answer["intervals"][0]["groups"]
        assert [(one["key"], one["n"], one["mean"], one["suppressed"]) for one in groups] == [
            ("fraud", None, None, True),
            ("theft", None, None, True),
        ], "with theft shown, the total would tell of fraud"
        assert total(answer) == total(whole) | {"min": None, "max": None, "p90": None}, "eleven are too few for a P90"
        few = await ask(metrics, role=role, source="past", category="fraud")
        assert (few["records"], few["intervals"][0]["total"]["suppressed"]) == (None, True)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"start": "filed_at"}, "end"),
        ({"end": "filed_at"}, "end"),
        ({"start": "filed_at", "end": "filed_at"}, "end"),
        ({"start": "breakfast", "end": "filed_at"}, "start"),
        ({"by": ["day", "week", "month", "category"]}, "by"),
        ({"percentile": "100"}, "percentile.0"),
        ({"as_of": "2026-05-04T12:00:00"}, "as_of"),
        ({"officer_initiated": "perhaps"}, "officer_initiated"),
        ({"channel": "pigeon"}, "channel"),
        ({"from": "0001-01-01T00:00:00+05:00"}, "from"),
        ({"until": "1800-01-01T00:00:00Z"}, "until"),
        ({"priority": "9" * 30}, "priority"),
    ],
)
async def test_what_does_not_make_sense_is_refused_by_name(metrics: System, query: Any, field: str) -> None:
    answer = await metrics["metrics"].get("/v1/timings", params=query, headers=metrics.as_(Role.ANALYST))
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]
