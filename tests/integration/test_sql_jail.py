"""Analysts' SQL: it sees what it may, and nothing that it tries gets out of the jail or harms the service."""

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import duckdb
import httpx
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet  # type: ignore[import-untyped]
import pytest
import pytest_asyncio

from tests.examples import NOON, minutes, recorded
from tests.system import Servers, System
from tests.waiting import until
from vpr_events.contracts.case import CaseClosed, CaseOpened, CloseReason
from vpr_events.contracts.history import HistoryCaseRecorded
from vpr_events.contracts.report import ReportFiled
from vpr_events.contracts.values import Channel, Role
from vpr_events.event import Recorded, new_id
from vpr_metrics import model
from vpr_metrics.sql.jail import AT_ONCE, WAITING, Jail
from vpr_metrics.sql.snapshot import DAY, GUARDED

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMITS: dict[str, Any] = {
    "sql_seconds": 60,
    "sql_memory": 2**27,
    "sql_rows": 100,
    "sql_snapshot_age": timedelta(hours=1),
}
MANY, FEW = 12, 2
EARLY = NOON - timedelta(hours=9)


def closed_case(category: str, number: int, district: str = "north", took: int = 60) -> list[Recorded]:
    report, case = new_id(), new_id()
    at = EARLY + minutes(number)
    opened = recorded(
        CaseOpened(report_id=report, category=category, channel=Channel.WEB), entity=case, report=report, at=at
    )
    return [
        recorded(ReportFiled(channel=Channel.WEB, category=category, district=district), entity=report, at=at),
        opened,
        recorded(
            CaseClosed(reason=CloseReason.RESOLVED), entity=case, report=report, at=at + minutes(took), after=opened
        ),
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def metrics(servers: Servers) -> AsyncIterator[System]:
    async with System.started(servers, ["metrics"], **LIMITS) as running:
        for category, count in (("theft", MANY), ("threats", FEW)):
            for number in range(count):
                await servers.publish(*closed_case(category, number))

        async def all_in() -> bool:
            answer = await running["metrics"].get("/v1/timings", headers=running.as_(Role.SUPERVISOR))
            return bool(answer.status_code == 200 and answer.json()["records"] == MANY + FEW)

        await until(all_in)
        yield running


async def ask(metrics: System, sql: str, role: Role = Role.ANALYST, **headers: str) -> httpx.Response:
    return await metrics["metrics"].post("/v1/sql", json={"sql": sql}, headers=metrics.as_(role) | headers)


async def rows(metrics: System, sql: str, role: Role = Role.ANALYST) -> list[list[Any]]:
    answer = await ask(metrics, sql, role)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["rows"])


async def test_an_answer_has_columns_rows_and_the_snapshots_age(metrics: System) -> None:
    answer = (await ask(metrics, "select 1 as a, 'x' as a, timestamp '2026-05-04 12:00:00' as t")).json()
    assert [one["name"] for one in answer["columns"]] == ["a", "a", "t"]
    assert answer["rows"] == [[1, "x", "2026-05-04T12:00:00"]]
    assert (answer["truncated"], answer["snapshot_age"] >= 0) == (False, True)


async def test_an_analyst_counts_and_measures_but_sees_no_single_case(metrics: System) -> None:
    found = await rows(metrics, "select category, count(*), median(resolution_seconds) from records group by 1")
    assert found == [["theft", MANY, 3600.0]], "two threats are too few to be told apart"
    shown = {row[0] for row in await rows(metrics, "select column_name from (describe records)")}
    assert "filed_on" in shown
    assert not {"id", "filed_at", "closed_at"} & shown
    missing = await ask(metrics, "select * from events")
    assert (missing.status_code, missing.json()["errors"][0]["field"]) == (422, "sql")


async def test_a_supervisor_sees_every_case_and_event(metrics: System) -> None:
    sql = "select (select count(*) from records), (select count(*) from events), (select count(id) from records)"
    assert await rows(metrics, sql, Role.SUPERVISOR) == [[MANY + FEW, 3 * (MANY + FEW), MANY + FEW]]


async def test_more_rows_than_are_given_are_told(metrics: System) -> None:
    answer = (await ask(metrics, "select * from range(101)")).json()
    assert (len(answer["rows"]), answer["truncated"]) == (100, True)
    answer = (await ask(metrics, "select * from range(100)")).json()
    assert (len(answer["rows"]), answer["truncated"]) == (100, False)


async def test_it_is_taken_away_as_csv_arrow_and_parquet(metrics: System) -> None:
    sql = "select category, count(*) as n from records group by 1"
    csv = await ask(metrics, sql, Accept="text/csv")
    assert csv.headers["content-type"].partition(";")[0] == "text/csv"
    assert csv.text == f"category,n\r\ntheft,{MANY}\r\n"
    arrow = await ask(metrics, sql, Accept="application/vnd.apache.arrow.stream")
    assert pa.ipc.open_stream(arrow.content).read_all().to_pylist() == [{"category": "theft", "n": MANY}]
    parquet = await ask(metrics, sql, Accept="application/vnd.apache.parquet")
    assert pa.parquet.read_table(io.BytesIO(parquet.content)).to_pylist() == [{"category": "theft", "n": MANY}]


ODD = """
select '\\xFF'::blob as bytes, date '5881580-07-10' as far, 'infinity'::date as never, 'nan'::double as nothing,
    interval 3 days as span, {'a': '\\x00'::blob, 'b': 'inf'::double} as nested, time '12:00' as noon,
    timestamptz '2026-05-04 12:00:00+00' as moment, [1.5, 'nan'::double] as many, 2::hugeint as huge, true as truth
"""


async def test_what_has_no_word_in_json_is_text(metrics: System) -> None:
    [row] = await rows(metrics, ODD)
    assert row == [
        "\\xFF", "5881580-07-10", "infinity", None, "3 days", {"a": "\\x00", "b": None}, "12:00:00",
        "2026-05-04T12:00:00+00", [1.5, None], 2, True,
    ]  # fmt: skip
    csv = await ask(metrics, ODD, Accept="text/csv")
    assert csv.status_code == 200, csv.text
    assert csv.text.splitlines()[1].startswith("\\xFF,5881580-07-10,infinity,,3 days,")
    for media in ("application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"):
        answer = await ask(metrics, "select '\\xFF'::blob as bytes, date '2026-05-04' as day", Accept=media)
        assert answer.status_code == 200, answer.text


async def test_an_analyst_sees_the_citys_days_and_whole_seconds(metrics: System) -> None:
    found = await rows(metrics, "select distinct filed_on, typeof(resolution_seconds) from records")
    assert found == [["2026-05-03", "BIGINT"]], "03:00 in UTC is ten in the evening in Winnipeg"


async def test_only_traits_that_are_rare_are_taken_away() -> None:
    """Three thefts of the south share no district with five: without it they would be told as thefts, alone."""
    sql = "select category, district, count(*) as n from records group by all order by n"
    with duckdb.connect() as connection:
        model.create(connection)
        events = [event for place in range(MANY) for event in closed_case("theft", place)]
        events += [event for place in range(3) for event in closed_case("theft", place, district="south")]
        events += [event for place in range(3) for event in closed_case("fraud", place, district="south")]
        model.apply(connection, events)
        connection.execute(f"attach ':memory:' as copied; {GUARDED.format(name='copied', day=DAY.format(zone='UTC'))}")
        assert connection.execute(sql.replace("records", "copied.records")).fetchall() == [
            (None, None, 6), ("theft", "north", MANY),
        ]  # fmt: skip


@pytest.mark.parametrize(("count", "expected"), [(12, [5] * 5 + [6, 7] + [8] * 5), (9, [5] * 9), (8, [None] * 8)])
async def test_the_least_and_the_greatest_duration_are_of_five_records(count: int, expected: list[int | None]) -> None:
    sql = "select resolution_seconds // 60 from copied.records order by all"
    with duckdb.connect() as connection:
        model.create(connection)
        events = [event for place in range(count) for event in closed_case("theft", place, took=1 + place)]
        model.apply(connection, events)
        connection.execute(f"attach ':memory:' as copied; {GUARDED.format(name='copied', day=DAY.format(zone='UTC'))}")
        assert [row[0] for row in connection.execute(sql).fetchall()] == expected


async def test_an_interval_that_ends_before_it_begins_has_no_duration() -> None:
    sql = "select resolution_seconds, response_seconds, count(*) from copied.records group by all order by all"
    late = HistoryCaseRecorded(
        source="sample", filed_at=NOON, arrived_at=NOON - minutes(3), closed_at=NOON + minutes(9)
    )
    with duckdb.connect() as connection:
        model.create(connection)
        model.apply(connection, [recorded(late, entity=new_id(), at=NOON) for _ in range(MANY)])
        connection.execute(f"attach ':memory:' as copied; {GUARDED.format(name='copied', day=DAY.format(zone='UTC'))}")
        assert connection.execute(sql).fetchall() == [(540, None, MANY)]


ESCAPES = [
    pytest.param("copy records to '/tmp/stolen.csv'", "query_not_select", id="copy"),
    pytest.param("copy (select 1) to '/tmp/stolen.csv'", "query_not_select", id="copy a query"),
    pytest.param("attach '/tmp/other.db'", "query_not_select", id="attach"),
    pytest.param("install httpfs", "query_not_select", id="install"),
    pytest.param("load json", "query_not_select", id="load"),
    pytest.param("export database '/tmp/stolen'", "query_not_select", id="export"),
    pytest.param("import database '/tmp/stolen'", "query_not_select", id="import"),
    pytest.param("pragma database_list", "query_not_select", id="pragma"),
    pytest.param("set memory_limit = '10GB'", "query_not_select", id="set"),
    pytest.param("reset memory_limit", "query_not_select", id="reset"),
    pytest.param("call pragma_version()", "query_not_select", id="call"),
    pytest.param("create table x (i int)", "query_not_select", id="create"),
    pytest.param("insert into records select * from records", "query_not_select", id="insert"),
    pytest.param("delete from records", "query_not_select", id="delete"),
    pytest.param("drop table records", "query_not_select", id="drop"),
    pytest.param("create function f() as 1", "query_not_select", id="function"),
    pytest.param("create secret s (type s3)", "query_not_select", id="secret"),
    pytest.param("prepare p as select 1", "query_not_select", id="prepare"),
    pytest.param("begin", "query_not_select", id="transaction"),
    pytest.param("select 1; select 2", "query_not_single", id="two statements"),
    pytest.param("select 1; drop table records", "query_not_single", id="a second that writes"),
    pytest.param("-- nothing", "query_not_single", id="a comment"),
    pytest.param("select * from read_csv('/etc/passwd')", "query_forbidden", id="read_csv"),
    pytest.param("select * from read_text('/proc/self/environ')", "query_forbidden", id="environment"),
    pytest.param("select * from read_blob('/proc/*/environ')", "query_forbidden", id="others' environment"),
    pytest.param("select * from read_parquet('https://example.org/x.parquet')", "query_forbidden", id="the network"),
    pytest.param("select * from glob('/*')", "query_forbidden", id="glob"),
    pytest.param("select * from '/etc/passwd'", "query_failed", id="a file as a table"),
    pytest.param("select * from query('copy records to ''/tmp/x''')", "query_failed", id="a statement in a query"),
    pytest.param("select getenv('HOME')", "query_failed", id="getenv"),
    pytest.param("selec 1", "query_failed", id="no SQL"),
    pytest.param("select 1 from nothing", "query_failed", id="an unknown table"),
    pytest.param("select list(i) from range(10000000000) t(i)", "query_too_large", id="a memory bomb"),
    pytest.param("select max(len(generate_series(1, 1000000000)))", "query_too_large", id="a series"),
    pytest.param("select repeat('x', 2000000000)", "query_too_large", id="a long text"),
]
ENDLESS = [
    "with recursive t(i) as (select 1 union all select i + 1 from t) select max(i) from t",
    "select count(*) from range(1000000) a, range(1000000) b where a.range * b.range % 7 = 3",
]


async def refused(metrics: System, sql: str, code: str) -> None:
    answer = await ask(metrics, sql)
    assert answer.status_code == 422, answer.text
    told = answer.json()
    assert told["type"].removeprefix("urn:vpr:problem:") == code, told
    assert [one["field"] for one in told["errors"]] == ["sql"]


@pytest.mark.parametrize(("sql", "code"), ESCAPES)
async def test_nothing_gets_out(metrics: System, sql: str, code: str) -> None:
    await refused(metrics, sql, code)


@pytest.mark.parametrize("sql", ENDLESS, ids=["recursion", "a cross join"])
async def test_what_does_not_end_is_ended(metrics: System, sql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    jail = metrics.runtime("metrics").worker(Jail)
    monkeypatch.setattr(jail, "limits", replace(jail.limits, seconds=2))
    await refused(metrics, sql, "query_too_slow")


async def test_half_a_character_is_no_query(metrics: System) -> None:
    headers = metrics.as_(Role.ANALYST) | {"Content-Type": "application/json"}
    answer = await metrics["metrics"].post("/v1/sql", content=b'{"sql": "select \'\\ud83d\'"}', headers=headers)
    assert answer.status_code == 422, answer.text


async def test_too_many_queries_at_once_are_told_to_come_again_and_the_others_are_answered(metrics: System) -> None:
    sql = "select count(*) from records"
    answers = await asyncio.gather(*(ask(metrics, sql) for _ in range(3 * WAITING)))
    assert {answer.status_code for answer in answers} == {200, 503}
    assert all(answer.headers["Retry-After"] for answer in answers if answer.status_code == 503)
    answered = [answer.json()["rows"] for answer in answers if answer.status_code == 200]
    assert len(answered) >= AT_ONCE + WAITING, "those that run do not wait"
    assert all(rows == [[MANY]] for rows in answered)
    assert await rows(metrics, sql) == [[MANY]], "the service is unharmed"
