"""What each kind of error means to a client, how large a body may be, and what requests leave in logs and figures."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from io import StringIO
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI, Request
from prometheus_client import generate_latest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from vpr_events.decider import Invalid, Refused, Unknown
from vpr_events.idempotency import KeyBusy, KeyReused
from vpr_events.outages import LogUnavailable
from vpr_events.store import Conflict
from vpr_service import problems
from vpr_service.limits import BodyLimit
from vpr_service.problems import Problem, field_path, invalid_field, problem_of
from vpr_service.requests import Body, Page, PageQuery, RequiredKey, cursor_of
from vpr_service.telemetry import RequestLog, Telemetry, configure_logs

SECRET = "Quillon lives at 9917 Fictitious Crescent"


class DriverError(Exception):
    def __init__(self, sqlstate: str | None) -> None:
        super().__init__(SECRET)
        self.sqlstate = sqlstate


def database_error(sqlstate: str | None, *, lost: bool = False) -> DBAPIError:
    return DBAPIError("select", {"name": SECRET}, DriverError(sqlstate), connection_invalidated=lost)


KINDS: dict[str, tuple[Exception, int, str]] = {
    "a refusal": (Refused("too_late", "it is over"), 409, "too_late"),
    "something unknown": (Unknown("no_such_case", "no such case"), 404, "no_such_case"),
    "an invalid field": (Invalid("category", "unknown"), 422, "invalid"),
    "an invalid field of HTTP": (invalid_field("cursor", "none of ours"), 422, "invalid"),
    "a problem": (Problem(418, "teapot", "short and stout"), 418, "teapot"),
    "an HTTP error": (HTTPException(405), 405, "method_not_allowed"),
    "an HTTP error without a name": (HTTPException(409), 409, "http_409"),
    "a reused key": (KeyReused(), 422, "idempotency_key_reused"),
    "a busy key": (KeyBusy(), 409, "idempotency_key_busy"),
    "a conflict": (Conflict(), 409, "conflict"),
    "a lost connection": (database_error(None, lost=True), 503, "unavailable"),
    "a database that shuts down": (database_error("57P01"), 503, "unavailable"),
    "a database without room": (database_error("53300"), 503, "unavailable"),
    "a refused socket": (ConnectionRefusedError(), 503, "unavailable"),
    "an exhausted pool": (PoolTimeout(), 503, "unavailable"),
    "a broker that is away": (LogUnavailable("away"), 503, "unavailable"),
    "a text that cannot be stored": (database_error("22021"), 422, "invalid"),
    "a full disk": (database_error("53100"), 507, "storage_full"),
    "a broken statement": (database_error("42P01"), 500, "internal"),
    "a fault of ours": (RuntimeError(SECRET), 500, "internal"),
}


@pytest.mark.parametrize(("error", "status", "code"), KINDS.values(), ids=KINDS)
def test_every_kind_of_error_is_a_problem(error: Exception, status: int, code: str) -> None:
    response = problem_of(error).response()
    body = json.loads(bytes(response.body))
    assert response.status_code == body["status"] == status
    assert response.media_type == "application/problem+json"
    assert body["type"] == f"urn:vpr:problem:{code}"
    assert SECRET not in str(body)
    if status == 503:
        assert response.headers["Retry-After"]


def test_an_invalid_field_is_named() -> None:
    problem = problem_of(Invalid("place.latitude", "must not be there"))
    assert problem.errors == [{"field": "place.latitude", "detail": "must not be there"}]


@pytest.mark.parametrize(
    ("location", "path"),
    [
        (("body", "place", "latitude"), "place.latitude"),
        (("query", "limit"), "limit"),
        (("body", "cases", 3, "source"), "cases.3.source"),
        (("body",), "body"),
        (("elsewhere", "name"), "elsewhere.name"),
    ],
)
def test_a_field_is_named_by_its_path(location: tuple[str | int, ...], path: str) -> None:
    assert field_path(location) == path


@pytest.mark.parametrize(
    "cursor", ["", "é", "AAAA", "e30=", "W10=", "MQ==", "WyIxIl0=", "WyJhIiwiYiJd", "bnVsbA==", "%"]
)
def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    with pytest.raises(Problem, match="cursor"):
        PageQuery(cursor=cursor).after(int, int)


def test_a_cursor_gives_back_the_sort_key() -> None:
    assert PageQuery(cursor=cursor_of("7", "8")).after(int, int) == [7, 8]
    assert PageQuery(cursor=cursor_of("7", 8)).after() == ["7", 8]
    assert PageQuery().after(int) is None


class Note(Body):
    text: str


def make_app(limit: int = 100) -> FastAPI:
    """An app in the middlewares of ours."""
    app, telemetry = FastAPI(), Telemetry("sample")
    app.state.telemetry = telemetry
    problems.install(app)

    @app.post("/notes/{name}")
    async def note(name: str, note: Note) -> dict[str, int]:
        return {"length": len(note.text)}

    @app.post("/keyed")
    async def keyed(key: RequiredKey) -> tuple[str, str]:
        return key

    @app.get("/paged")
    async def paged(page: Page) -> int:
        return page.limit

    @app.get("/raise/{kind}")
    async def fail(kind: str) -> None:
        raise KINDS[kind][0]

    @app.post("/raw")
    async def raw(request: Request) -> int:
        return len(await request.body())

    app.add_middleware(BodyLimit, limit=limit)
    app.add_middleware(RequestLog, telemetry=telemetry)
    return app


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(make_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://sample.test") as client:
        yield client


@pytest.mark.parametrize("kind", KINDS)
async def test_an_app_answers_every_kind_with_a_problem_and_a_request_id(client: httpx.AsyncClient, kind: str) -> None:
    answer = await client.get(f"/raise/{kind}", headers={"X-Request-Id": "abc123"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (KINDS[kind][1], "application/problem+json")
    assert answer.headers["X-Request-Id"] == "abc123"
    assert SECRET not in answer.text


@pytest.mark.parametrize("given", [None, "", "with space", "x" * 65, "new\tline", "a-b"])
async def test_a_request_id_that_could_spoil_a_log_is_replaced(client: httpx.AsyncClient, given: str | None) -> None:
    answer = await client.get("/paged", headers={} if given is None else {"X-Request-Id": given})
    assert len(answer.headers["X-Request-Id"]) == 32
    assert answer.headers["X-Request-Id"] != given


def pieces(*sizes: int) -> Callable[[], AsyncIterator[bytes]]:
    async def send() -> AsyncIterator[bytes]:
        for size in sizes:
            yield b"x" * size

    return send


@pytest.mark.parametrize("path", ["/raw", "/notes/a"])
async def test_a_body_beyond_the_limit_is_refused_declared_or_in_pieces(client: httpx.AsyncClient, path: str) -> None:
    headers = {"Content-Type": "application/json"}
    for content in (b"x" * 101, pieces(60, 60)(), pieces(101)()):
        answer = await client.post(path, content=content, headers=headers)
        assert answer.status_code == 413, answer.text
        assert answer.json()["type"] == "urn:vpr:problem:body_too_large"


async def test_a_body_of_exactly_the_limit_is_taken(client: httpx.AsyncClient) -> None:
    assert (await client.post("/raw", content=b"x" * 100)).json() == 100
    assert (await client.post("/raw", content=pieces(50, 50)())).json() == 100


async def test_a_declared_length_that_lies_does_not_help(client: httpx.AsyncClient) -> None:
    answer = await client.post("/raw", content=pieces(60, 60)(), headers={"Content-Length": "5"})
    assert answer.status_code == 413


async def test_a_request_without_its_key_is_told_which(client: httpx.AsyncClient) -> None:
    missing = await client.post("/keyed")
    assert (missing.status_code, missing.json()["errors"][0]["field"]) == (400, "Idempotency-Key")


async def test_a_fingerprint_tells_requests_apart(client: httpx.AsyncClient) -> None:
    async def fingerprint(path: str, content: bytes) -> Any:
        return (await client.post(path, content=content, headers={"Idempotency-Key": "k"})).json()[1]

    assert await fingerprint("/keyed", b"a") == await fingerprint("/keyed", b"a")
    assert await fingerprint("/keyed", b"a") != await fingerprint("/keyed", b"b")


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x"])
async def test_a_page_has_bounds(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/paged?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "limit")


async def test_a_validation_problem_never_quotes_what_was_sent(client: httpx.AsyncClient) -> None:
    for body in ({"text": [SECRET]}, {"text": SECRET + "\0"}, {"text": "", SECRET: 1}):
        answer = await client.post("/notes/a", json=body)
        assert answer.status_code == 422
    assert "text" in (await client.post("/notes/a", json={"text": [SECRET]})).json()["detail"]
    assert SECRET not in (await client.post("/notes/a", json={"text": [SECRET]})).text


@pytest.fixture
def log_lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    lines = StringIO()
    monkeypatch.setattr("sys.stderr", lines)
    configure_logs("info", "json")
    yield lines
    structlog.reset_defaults()


async def test_a_request_line_holds_the_template_and_never_what_was_asked(
    client: httpx.AsyncClient, log_lines: StringIO
) -> None:
    await client.post("/notes/Quillon?key=sesame", json={"text": "marzipan"})
    await client.get("/nowhere/Quillon?key=sesame")
    lines = [json.loads(line) for line in log_lines.getvalue().splitlines()]
    assert [(one["method"], one["route"], one["status"]) for one in lines] == [
        ("POST", "/notes/{name}", 200),
        ("GET", "unmatched", 404),
    ]
    for word in ("Quillon", "sesame", "marzipan"):
        assert word not in log_lines.getvalue()


async def test_the_figures_of_requests_name_templates_only(client: httpx.AsyncClient) -> None:
    await client.post("/notes/Quillon", json={"text": "marzipan"})
    transport = client._transport
    assert isinstance(transport, httpx.ASGITransport)
    text = generate_latest(transport.app.state.telemetry.registry).decode()  # type: ignore[attr-defined]
    assert 'vpr_request_seconds_count{method="POST",route="/notes/{name}",status="200"} 1.0' in text
    assert "Quillon" not in text


@pytest.mark.parametrize("kind", ["a fault of ours", "a broken statement", "a lost connection"])
async def test_a_failure_is_logged_with_its_place_and_kind_but_not_its_text(
    client: httpx.AsyncClient, log_lines: StringIO, kind: str
) -> None:
    await client.get(f"/raise/{kind}", headers={"X-Request-Id": "abc123"})
    failed = next(one for one in map(json.loads, log_lines.getvalue().splitlines()) if one["event"] == "failed")
    assert failed["request_id"] == "abc123"
    assert type(KINDS[kind][0]).__name__ in failed["exception"]
    assert "in fail" in failed["exception"]
    assert SECRET not in log_lines.getvalue()
