"""``POST /v1/reports/bulk``: a line for each row, in order; one that is wrong keeps no other from being filed."""

import json
from collections.abc import AsyncIterator, Iterable
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import func, select

from tests.examples import new_report
from tests.system import Servers, System
from tests.webhooks import Partner
from vpr_events.contracts.values import Role
from vpr_intake.api.bulk import LONGEST_ROW, MOST_ROWS
from vpr_intake.tables import reports

pytestmark = pytest.mark.asyncio(loop_scope="module")

BULK = "/v1/reports/bulk"
NDJSON = {"Content-Type": "application/x-ndjson"}
DANGER = {"danger_now": "yes"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(servers: Servers) -> AsyncIterator[System]:
    """One intake for all."""
    async with System.started(servers, ["intake"]) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def partner(shared: System) -> Partner:
    return await Partner.admitted(shared)


def rows(*bodies: Any) -> bytes:
    """A body of these rows, of which texts stand as they are."""
    return "".join((body if isinstance(body, str) else json.dumps(body)) + "\n" for body in bodies).encode()


def numbered(count: int) -> Iterable[dict[str, Any]]:
    return (new_report(description=f"number {number}") for number in range(1, count + 1))


async def sent(partner: Partner, body: bytes | AsyncIterator[bytes], **headers: str) -> httpx.Response:
    return await partner.intake.post(BULK, content=body, headers=partner.headers | NDJSON | headers, timeout=300)


def told(answer: httpx.Response) -> list[dict[str, Any]]:
    """The lines of a good answer."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in answer.text.splitlines()]


async def stored(system: System, partner: Partner) -> int:
    async with system.runtime("intake").reading() as connection:
        query = select(func.count()).select_from(reports).where(reports.c.client_id == partner.id)
        return int((await connection.execute(query)).scalar_one())


async def test_ten_thousand_rows_are_filed_and_told_in_order_and_a_repeat_gets_the_same(
    shared: System, partner: Partner
) -> None:
    body, key = rows(*numbered(MOST_ROWS)), {"Idempotency-Key": uuid4().hex}
    first = told(await sent(partner, body, **key))
    assert [(one["line"], one["status"]) for one in first] == [(number, 201) for number in range(1, MOST_ROWS + 1)]
    assert len({one["id"] for one in first}) == MOST_ROWS
    assert await stored(shared, partner) == MOST_ROWS
    last = await partner.told("GET", f"/v1/reports/{first[-1]['id']}")
    assert last["description"] == f"number {MOST_ROWS}"
    again = told(await sent(partner, body, **key))
    assert [one["id"] for one in again] == [one["id"] for one in first]
    assert await stored(shared, partner) == MOST_ROWS


async def test_a_row_is_answered_as_a_report_by_itself_would_be(partner: Partner) -> None:
    [row] = told(await sent(partner, rows(new_report())))
    alone = (await partner.told("POST", "/v1/reports", new_report())) | {"id": row["id"]}
    assert row["report"] | {"filed_at": alone["filed_at"]} == alone


async def test_bad_rows_are_told_with_their_fields_and_stop_no_other(shared: System, partner: Partner) -> None:
    body = rows(
        new_report(),
        "{not json",
        "",
        "[1]",
        new_report(category="nonsense"),
        new_report(descriptoin="x"),
        new_report(description="x" * LONGEST_ROW),
        new_report(occurred_from="2026-05-04T12:00:00"),
        '"text"',
        new_report(place={"latitude": 1, "longitude": 2}),
    )
    body += b'{"category": "\xff"}\n' + json.dumps(new_report()).encode()
    answers = told(await sent(partner, body))
    found = [
        (one["line"], one["status"], one.get("problem", {}).get("type", "").removeprefix("urn:vpr:problem:"),
         [error["field"] for error in one.get("problem", {}).get("errors", [])])
        for one in answers
    ]  # fmt: skip
    assert found == [
        (1, 201, "", []),
        (2, 422, "not_json", []),
        (4, 422, "invalid", ["body"]),
        (5, 422, "invalid", ["category"]),
        (6, 422, "invalid", ["descriptoin"]),
        (7, 413, "row_too_long", []),
        (8, 422, "invalid", ["occurred_from"]),
        (9, 422, "invalid", ["body"]),
        (10, 422, "invalid", ["place.latitude"]),
        (11, 422, "not_json", []),
        (12, 201, "", []),
    ]
    assert await stored(shared, partner) == 2


async def test_an_emergency_is_stopped_and_alarms(shared: System, partner: Partner) -> None:
    safe, grave = told(await sent(partner, rows(new_report(), new_report(answers=DANGER))))
    assert (safe["report"]["status"], grave["report"]["status"]) == ("received", "stopped")
    assert grave["report"]["screening"]["outcome"] == "emergency"
    alarms = await shared["intake"].get("/v1/alarms?limit=200", headers=shared.as_(Role.SUPERVISOR))
    assert [one["kind"] for one in alarms.json() if one["report_id"] == grave["id"]] == ["stopped_report"]


async def test_another_row_on_the_same_line_under_the_same_key_is_refused(partner: Partner) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    first = told(await sent(partner, rows(*numbered(2)), **key))
    again = told(await sent(partner, rows(new_report(description="number 1"), new_report(description="other")), **key))
    assert again[0]["id"] == first[0]["id"]
    assert (again[1]["status"], again[1]["problem"]["type"]) == (422, "urn:vpr:problem:idempotency_key_reused")


async def test_two_rows_that_are_the_same_are_two_reports(partner: Partner) -> None:
    first, second = told(await sent(partner, rows(new_report(), new_report())))
    assert first["id"] != second["id"]


async def test_more_rows_than_the_limit_are_told_so_and_not_filed(shared: System, partner: Partner) -> None:
    wrong = ["{}"] * MOST_ROWS
    answers = told(await sent(partner, rows(*wrong, new_report(), new_report())))
    assert len(answers) == MOST_ROWS + 1
    assert (answers[-1]["status"], answers[-1]["problem"]["type"]) == (413, "urn:vpr:problem:too_many_rows")
    assert await stored(shared, partner) == 0


@pytest.mark.parametrize("body", [b"", b"\n \r\n\n"])
async def test_an_empty_body_is_refused(partner: Partner, body: bytes) -> None:
    answer = await sent(partner, body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body")


@pytest.mark.parametrize("kind", ["application/json", "text/plain", ""])
async def test_another_content_type_is_refused(partner: Partner, kind: str) -> None:
    answer = await sent(partner, rows(new_report()), **{"Content-Type": kind})
    assert (answer.status_code, answer.headers["accept-post"]) == (415, "application/x-ndjson")


async def test_it_needs_a_key_of_idempotency(partner: Partner) -> None:
    answer = await partner.intake.post(
        BULK, content=rows(new_report()), headers={"X-API-Key": partner.key, **NDJSON}
    )  # fmt: skip
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "Idempotency-Key")


async def test_a_body_beyond_the_limit_is_refused_or_ends_there(servers: Servers) -> None:
    body = rows(*numbered(20))
    limit = len(body) // 2
    async with System.started(servers, ["intake"], bulk_max_bytes=limit) as system:
        partner = await Partner.admitted(system)
        declared = await sent(partner, body)
        assert (declared.status_code, declared.json()["type"]) == (413, "urn:vpr:problem:body_too_large")
        assert await stored(system, partner) == 0

        async def in_pieces() -> AsyncIterator[bytes]:
            for row in body.splitlines(keepends=True):
                yield row

        answers = told(await sent(partner, in_pieces()))
        assert [one["status"] for one in answers[:-1]] == [201] * (len(answers) - 1)
        assert (answers[-1]["status"], answers[-1]["line"]) == (413, len(answers))
        assert await stored(system, partner) == len(answers) - 1


async def test_each_row_counts_as_a_request_of_the_key(servers: Servers) -> None:
    async with System.started(servers, ["intake"], rate_per_key="4/hour") as system:
        partner = await Partner.admitted(system)
        answers = told(await sent(partner, rows(*numbered(5))))
        assert sorted(one["status"] for one in answers) == [201, 201, 201, 429, 429]
        assert 1 <= next(one for one in answers if one["status"] == 429)["retry_after"] <= 3600
