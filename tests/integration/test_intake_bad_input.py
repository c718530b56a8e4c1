"""What intake refuses: each bad request is answered with a problem that names the field, and stores nothing."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import func, select

from tests.examples import NARRATIVE, PERSON, PLACE, new_report
from tests.system import Servers, System
from vpr_events.contracts.values import Role
from vpr_events.tables import events
from vpr_intake.tables import history_records, particulars, reports

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()
YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).isoformat()
NOW = datetime.now(UTC).isoformat()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(servers: Servers) -> AsyncIterator[System]:
    """One intake for all: nothing here may change it."""
    async with System.started(servers, ["intake"]) as running:
        yield running


@dataclass(frozen=True)
class Bad:
    """A request, and the answer it deserves. ``headers`` replace the usual ones; None leaves one out."""

    body: Any
    status: int = 422
    named: str | None = None
    code: str = "invalid"
    headers: dict[str, str | None] = field(default_factory=dict)
    path: str = "/v1/reports"
    role: Role = Role.ADMIN

    async def ask(self, system: System) -> httpx.Response:
        raw = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        headers = {**system.as_(self.role), "Content-Type": "application/json", **self.headers}
        sent = {name: value for name, value in headers.items() if value is not None}
        return await system["intake"].post(self.path, content=raw, headers=sent)


def place(**values: Any) -> dict[str, Any]:
    return new_report(place=values)


def reporter(**values: Any) -> dict[str, Any]:
    return new_report(reporter=PERSON | values)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in new_report().items() if key != name}


def raw(template: dict[str, Any], value: bytes) -> bytes:
    """The JSON with ``value`` where the template says MARK: for what no JSON library would write."""
    return json.dumps(template).encode().replace(b'"MARK"', value)


def past(**changes: Any) -> dict[str, Any]:
    case = {"source": "sample", "record_id": "R-1", "filed_at": YESTERDAY}
    return {"cases": [case | changes]}


REPORTS = {
    "an unknown field": Bad(new_report(colour="blue"), named="colour"),
    "an unknown field of the place": Bad(place(addres="here"), named="place.addres"),
    "an unknown field of the reporter": Bad(reporter(age=7), named="reporter.age"),
    "a list for an object": Bad([], named="body"),
    "a number for a text": Bad(new_report(description=17), named="description"),
    "a text for an object": Bad(new_report(place="here"), named="place"),
    "no category": Bad(without("category"), named="category"),
    "no description": Bad(without("description"), named="description"),
    "no body": Bad(b"", named="body"),
    "an unknown category": Bad(new_report(category="arson"), named="category"),
    "an empty description": Bad(new_report(description="  \n "), named="description"),
    "a description that is too long": Bad(new_report(description="x" * 4001), named="description"),
    "a district that is a sentence": Bad(new_report(district="over there, by the oak"), named="district"),
    "an address that is too long": Bad(place(address="x" * 501), named="place.address"),
    "a latitude beyond the pole": Bad(place(latitude=90.1, longitude=0), named="place.latitude"),
    "a longitude beyond the date line": Bad(place(latitude=0, longitude=-180.5), named="place.longitude"),
    "a latitude alone": Bad(place(latitude=49.9), named="place"),
    "a longitude alone": Bad(place(longitude=-97.1), named="place"),
    "a latitude of NaN": Bad(raw(place(latitude="MARK", longitude=0), b"NaN"), named="place.latitude"),
    "a longitude of Infinity": Bad(raw(place(latitude=0, longitude="MARK"), b"-Infinity"), named="place.longitude"),
    "a latitude beyond floats": Bad(raw(place(latitude="MARK", longitude=0), b"1e999"), named="place.latitude"),
    "an occurrence tomorrow": Bad(new_report(occurred_from=TOMORROW), named="occurred_from"),
    "an end tomorrow": Bad(new_report(occurred_from=YESTERDAY, occurred_to=TOMORROW), named="occurred_to"),
    "a time without offset": Bad(new_report(occurred_from="2026-05-04T12:00:00"), named="occurred_from"),
    "a time that is none": Bad(new_report(occurred_from="yesterday"), named="occurred_from"),
    "a time of NaN": Bad(raw(new_report(occurred_from="MARK"), b"NaN"), named="occurred_from"),
    "a time before all calendars": Bad(new_report(occurred_from="0001-01-01T00:00:00+14:00"), named="occurred_from"),
    "an end before the beginning": Bad(
        new_report(occurred_from=YESTERDAY, occurred_to="2026-01-01T00:00:00Z"), named="occurred_to"
    ),
    "a bad e-mail address": Bad(reporter(email="nobody at home"), named="reporter.email"),
    "an e-mail address that is too long": Bad(
        reporter(email="a" * 60 + "@" + "b." * 100 + "example"), named="reporter.email"
    ),
    "a telephone number that is too long": Bad(reporter(phone="1" * 41), named="reporter.phone"),
    "NUL in the description": Bad(new_report(description="a\x00b"), named="description"),
    "NUL in an address": Bad(place(address="a\x00"), named="place.address"),
    "NUL in a name": Bad(reporter(last_name="\x00"), named="reporter.last_name"),
    "NUL in a telephone number": Bad(reporter(phone="1\x002"), named="reporter.phone"),
    "a lone surrogate": Bad(new_report(description="a\ud800b"), named="description"),
    "a lone surrogate in a name": Bad(reporter(first_name="\udfff"), named="reporter.first_name"),
    "a lone surrogate for a field": Bad(new_report(**{"\ud800": 1}), named=None),
    "malformed JSON": Bad(b'{"category": ', named="body"),
    "bytes that are no UTF-8": Bad(b'{"category": "\xff"}', 400, code="bad_request"),
    "a number of five thousand digits": Bad(b'{"category": ' + b"9" * 5000 + b"}", 400, code="bad_request"),
    "nesting without end": Bad(b"[" * 100_000, 400, code="bad_request"),
    "another content type": Bad(new_report(), named="body", headers={"Content-Type": "text/plain"}),
    "a form": Bad(b"category=theft", named="body", headers={"Content-Type": "application/x-www-form-urlencoded"}),
    "no idempotency key": Bad(
        new_report(), 400, "Idempotency-Key", "idempotency_key_missing", {"Idempotency-Key": None}
    ),
    "an empty idempotency key": Bad(
        new_report(), 400, "Idempotency-Key", "idempotency_key_missing", {"Idempotency-Key": ""}
    ),
    "a long idempotency key": Bad(new_report(), named="idempotency-key", headers={"Idempotency-Key": "k" * 201}),
    "NUL in the idempotency key": Bad(new_report(), headers={"Idempotency-Key": "a\x00b"}),
    "no token": Bad(new_report(), 401, code="token_missing", headers={"Authorization": None}),
    "a wrong token": Bad(new_report(), 401, code="token_invalid", headers={"Authorization": "Bearer a.b.c"}),
    "a wrong API key": Bad(new_report(), 401, code="api_key_invalid", headers={"X-API-Key": "vpr_nobody"}),
    "an API key of bytes": Bad(new_report(), 401, code="api_key_invalid", headers={"X-API-Key": "vpr_\x7f_"}),
    "a role that may not": Bad(new_report(), 403, code="forbidden", role=Role.ANALYST),
}  # fmt: skip

HISTORY = {
    "no cases": Bad({"cases": []}, named="cases"),
    "an unknown field of a case": Bad(past(fieled_at=YESTERDAY), named="cases.0.fieled_at"),
    "a case without its number": Bad({"cases": [{"source": "sample"}]}, named="cases.0.record_id"),
    "NUL in a case's number": Bad(past(record_id="a\x00"), named="cases.0.record_id"),
    "a source that is a sentence": Bad(past(source="our own books"), named="cases.0.source"),
    "a case that passes for one of our own": Bad(past(source="live"), named="cases.0.source"),
    "a case's time without offset": Bad(past(filed_at="2026-05-04T12:00:00"), named="cases.0.filed_at"),
    "a case's time before all calendars": Bad(past(filed_at="0001-01-01T00:00:00+14:00"), named="cases.0.filed_at"),
    "a case that is not over yet": Bad(past(closed_at=TOMORROW), named="cases.0.closed_at"),
    "a case that is yet to be filed": Bad(past(filed_at=TOMORROW), named="cases.0.filed_at"),
    "a case that is yet to happen": Bad(past(occurred_to=TOMORROW), named="cases.0.occurred_to"),
    "a case twice": Bad({"cases": past()["cases"] * 2}, named="cases"),
    "too many cases": Bad({"cases": past()["cases"] * 1001}, named="cases"),
    "an import by an officer": Bad(past(), 403, code="forbidden", role=Role.OFFICER),
}

CLIENTS = {
    "a client without a name": Bad({"name": ""}, named="name"),
    "a client named in markup": Bad({"name": "<b>"}, named="name"),
    "NUL in a client's name": Bad({"name": "a\x00b"}, named="name"),
    "a client admitted by an officer": Bad({"name": "city"}, 403, code="forbidden", role=Role.OFFICER),
}

WITHDRAWALS = {
    "a withdrawal without a reason": Bad({}, named="reason"),
    "a withdrawal for no known reason": Bad({"reason": "bored"}, named="reason"),
    "the withdrawal of nothing": Bad({"reason": "mistake"}, 404, code="no_such_report"),
    "a withdrawal by an analyst": Bad({"reason": "mistake"}, 403, code="forbidden", role=Role.ANALYST),
}


def glass(body: dict[str, str], status: int = 422, **changes: Any) -> Bad:
    return Bad(body, status, **{"role": Role.OFFICER} | changes)


GLASS = {
    "glass broken without a reason": glass({"text": "x" * 10}, named="reason"),
    "glass broken for no known reason": glass({"reason": "curious", "text": "x" * 10}, named="reason"),
    "glass broken without a text": glass({"reason": "other"}, named="text"),
    "glass broken with next to no text": glass({"reason": "other", "text": "   x        "}, named="text"),
    "glass broken with a novel": glass({"reason": "other", "text": "x" * 2001}, named="text"),
    "glass broken with NUL": glass({"reason": "other", "text": "x" * 10 + "\0"}, named="text"),
    "glass broken of nothing": glass({"reason": "other", "text": "x" * 10}, 404, code="no_such_report"),
    "glass broken by an analyst": glass(
        {"reason": "other", "text": "x" * 10}, 403, code="forbidden", role=Role.ANALYST
    ),
}

PATHS = {"/v1/reports": REPORTS, "/v1/history/cases": HISTORY, "/v1/clients": CLIENTS}
PATHS[f"/v1/reports/{uuid4()}/withdrawal"] = WITHDRAWALS
PATHS[f"/v1/reports/{uuid4()}/break-glass"] = GLASS
CASES = {name: (path, bad) for path, group in PATHS.items() for name, bad in group.items()}
CASES["a withdrawal of a bad id"] = ("/v1/reports/17/withdrawal", Bad({"reason": "mistake"}, named="report_id"))


async def stored(system: System) -> list[int]:
    async with system.runtime("intake").reading() as connection:
        tables = (events, reports, particulars, history_records)
        return [(await connection.execute(select(func.count()).select_from(one))).scalar_one() for one in tables]


def check_problem(answer: httpx.Response, status: int, code: str, field: str | None) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"] == f"urn:vpr:problem:{code}"
    if field:
        assert field in [one["field"] for one in problem["errors"]]
        assert field in problem["detail"]


@pytest.mark.parametrize(("path", "bad"), CASES.values(), ids=CASES)
async def test_bad_input_is_refused_and_stores_nothing(shared: System, path: str, bad: Bad) -> None:
    before = await stored(shared)
    answer = await Bad(**{**vars(bad), "path": path}).ask(shared)
    check_problem(answer, bad.status, bad.code, bad.named)
    for private in (NARRATIVE, PERSON["email"], PLACE["address"]):
        assert str(private) not in answer.text
    assert await stored(shared) == before


QUERIES = {
    "a limit of none": ("?limit=0", "limit"),
    "a limit beyond all": ("?limit=201", "limit"),
    "a limit that is no number": ("?limit=many", "limit"),
    "a cursor that is noise": ("?cursor=%C3%A9", "cursor"),
    "a cursor of no JSON": ("?cursor=AAAA", "cursor"),
    "a cursor of an object": ("?cursor=e30=", "cursor"),
    "a cursor of an empty list": ("?cursor=W10=", "cursor"),
    "a cursor of too few parts": ("?cursor=WyJ4Il0=", "cursor"),
    "a cursor of other parts": ("?cursor=WzEsMl0=", "cursor"),
    "a cursor of a bad time": ("?cursor=WyJ4IiwieSJd", "cursor"),
    "NUL for a category": ("?category=%00", "category.0"),
    "an unknown category": ("?category=arson", "category.0"),
    "a misspelt parameter": ("?categories=theft", "categories"),
    "an id that is none": ("?id=17", "id.0"),
    "too many ids": ("?" + "&".join(f"id={uuid4()}" for _ in range(51)), "id"),
}


@pytest.mark.parametrize(("query", "field"), QUERIES.values(), ids=QUERIES)
async def test_a_bad_query_is_refused(shared: System, query: str, field: str) -> None:
    answer = await shared["intake"].get(f"/v1/reports{query}", headers=shared.as_(Role.OFFICER))
    check_problem(answer, 422, "invalid", field)


async def test_a_bad_id_in_the_path_is_named(shared: System) -> None:
    answer = await shared["intake"].get("/v1/reports/17", headers=shared.as_(Role.OFFICER))
    check_problem(answer, 422, "invalid", "report_id")


async def test_an_expired_token_is_told_so(shared: System) -> None:
    headers = shared.as_(Role.OFFICER, lifetime=timedelta(minutes=-5))
    check_problem(
        await shared["intake"].post("/v1/reports", json=new_report(), headers=headers), 401, "token_expired", None
    )


async def test_a_path_that_is_none_is_a_problem_too(shared: System) -> None:
    check_problem(await shared["intake"].get("/v1/nothing"), 404, "not_found", None)
    check_problem(await shared["intake"].delete("/v1/reports"), 405, "method_not_allowed", None)


async def test_a_body_that_is_too_large_is_refused_unread(shared: System) -> None:
    before = await stored(shared)
    large = json.dumps(new_report(description="x" * 1_100_000)).encode()
    check_problem(await Bad(large).ask(shared), 413, "body_too_large", None)
    assert await stored(shared) == before


async def test_a_large_body_in_pieces_is_refused_as_well(shared: System) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(300):
            yield b" " * 4096

    before = await stored(shared)
    headers = {**shared.as_(Role.OFFICER), "Content-Type": "application/json"}
    answer = await shared["intake"].post("/v1/reports", content=pieces(), headers=headers)
    check_problem(answer, 413, "body_too_large", None)
    assert await stored(shared) == before


async def test_a_reused_idempotency_key_is_refused(shared: System) -> None:
    headers = shared.as_(Role.OFFICER)
    first = await shared["intake"].post("/v1/reports", json=new_report(), headers=headers)
    assert first.status_code == 201
    before = await stored(shared)
    other = await shared["intake"].post("/v1/reports", json=new_report(category="mischief"), headers=headers)
    check_problem(other, 422, "idempotency_key_reused", None)
    assert await stored(shared) == before
