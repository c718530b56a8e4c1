"""The client's own manners: what it asks again, when it gives up, what it makes of refusals. Nothing listens here."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from vpr_client import Altered, Client, ProblemError, Unreachable

PROBLEM = {
    "type": "urn:vpr:problem:invalid_request",
    "title": "invalid request",
    "status": 422,
    "detail": "by: no",
    "errors": [{"field": "by", "detail": "no"}, {"field": "to", "detail": "early"}],
}


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long it waited."""
    waited: list[float] = []
    monkeypatch.setattr("vpr_client.client.time.sleep", waited.append)
    return waited


def client(*answers: httpx.Response | Exception, **options: Any) -> tuple[Client, list[httpx.Request]]:
    """One that gets these answers, and what it asked."""
    asked: list[httpx.Request] = []
    left = list(answers)

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Client("http://vpr.test/", "secret", transport=httpx.MockTransport(handle), **options), asked


def good(told: Any = None, **headers: str) -> httpx.Response:
    return httpx.Response(200, json=[] if told is None else told, headers=headers)


def test_filters_are_written_as_the_system_reads_them(waits: list[float]) -> None:
    ours, asked = client(good({}))
    moment = datetime(2024, 1, 5, tzinfo=UTC)
    ours.timings(from_=moment, eligible=True, by=["day", "category"], category=None).json()
    assert dict(asked[0].url.params.multi_items()) == {
        "from": "2024-01-05T00:00:00+00:00", "eligible": "true", "by": "category",
    }  # fmt: skip
    assert asked[0].headers["Authorization"] == "Bearer secret"
    assert waits == []


def test_what_fails_for_a_moment_is_asked_again(waits: list[float]) -> None:
    busy = httpx.Response(503, headers={"Retry-After": "2"}, json=PROBLEM)
    ours, asked = client(busy, httpx.ConnectError("no"), httpx.Response(502), good({"n": 1}), pause=0.5)
    assert ours.sql("select 1").json() == {"n": 1}
    assert waits == [2.0, 1.0, 2.0]
    assert {request.content for request in asked} == {b'{"sql":"select 1"}'}


@pytest.mark.parametrize(
    ("last", "kind"), [(httpx.Response(504), ProblemError), (httpx.ReadTimeout("slow"), Unreachable)]
)
def test_it_gives_up_at_last(waits: list[float], last: Any, kind: type[Exception]) -> None:
    ours, asked = client(last, last, last, retries=2)
    with pytest.raises(kind):
        ours.sources()
    assert (len(asked), len(waits)) == (3, 2)


ANSWER = b'{"records":240}'
FROZEN = {
    "id": "019a0c5e",
    "citation": "VPR figure 019a0c5e",
    "sha256": hashlib.sha256(ANSWER).hexdigest(),
    "withdrawn": None,
}


def test_a_figure_is_frozen_once_though_it_is_asked_twice(waits: list[float]) -> None:
    ours, asked = client(httpx.Response(503), httpx.Response(201, json=FROZEN), httpx.Response(201, json=FROZEN))
    question = ours.timings(source="guide", from_=datetime(2024, 1, 5, tzinfo=UTC), by=["day"])
    figure = ours.publish(question)
    assert (figure.id, figure.citation, figure.withdrawn) == ("019a0c5e", "VPR figure 019a0c5e", False)
    assert json.loads(asked[0].content) == {
        "kind": "timings", "parameters": {"source": "guide", "from": "2024-01-05T00:00:00+00:00", "by": ["day"]},
    }  # fmt: skip
    ours.publish(question)
    keys = [request.headers["Idempotency-Key"] for request in asked]
    assert keys[0] == keys[1] != keys[2]
    assert len(waits) == 1


def test_an_answer_that_is_not_the_frozen_one_is_told() -> None:
    ours, asked = client(good(FROZEN), httpx.Response(200, content=ANSWER), httpx.Response(200, content=ANSWER + b" "))
    figure = ours.figure("019a0c5e")
    assert figure.answer() == {"records": 240}
    with pytest.raises(Altered, match="019a0c5e"):
        figure.verify()
    assert {request.url.path for request in asked[1:]} == {"/metrics/v1/figures/019a0c5e/answer"}


def test_a_figure_is_computed_again_and_withdrawn() -> None:
    withdrawn = FROZEN | {"withdrawn": {"reason": "wrong_source"}}
    ours, asked = client(good([FROZEN]), good({"identical": True}), good(withdrawn))
    [figure] = ours.figures()
    assert figure.reproduce() == {"identical": True}
    assert figure.withdraw("wrong_source", superseded_by="019a0c5f").withdrawn
    assert json.loads(asked[2].content) == {"reason": "wrong_source", "superseded_by": "019a0c5f"}


def test_a_refusal_is_not_asked_again(waits: list[float]) -> None:
    ours, asked = client(httpx.Response(422, json=PROBLEM))
    with pytest.raises(ProblemError) as refused:
        ours.timings(by="moon").json()
    told = refused.value
    assert (told.status, told.code, told.field) == (422, "invalid_request", "by")
    assert [(one.field, one.detail) for one in told.errors] == [("by", "no"), ("to", "early")]
    assert (len(asked), waits) == (1, [])


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"type": "x"}'])
def test_a_refusal_that_is_no_problem_document_has_its_status(body: bytes) -> None:
    ours, _ = client(httpx.Response(418, content=body))
    with pytest.raises(ProblemError) as refused:
        ours.definitions()
    assert (refused.value.status, refused.value.code, refused.value.field) == (418, "http_418", None)


def test_pages_are_followed_on_the_same_system_alone() -> None:
    following = '<http://elsewhere.test/triage/v1/cases?cursor=x&limit=2>; rel="next"'
    ours, asked = client(good([1, 2], Link=following), good([3]))
    assert list(ours.pages("/triage/v1/cases", limit=2)) == [1, 2, 3]
    assert [request.url.host for request in asked] == ["vpr.test"] * 2
    assert dict(asked[1].url.params) == {"cursor": "x", "limit": "2"}


def test_a_token_is_asked_for_whenever_it_is_needed(waits: list[float]) -> None:
    tokens = iter(["first", "second"])
    give: Callable[[], str] = lambda: next(tokens)  # noqa: E731
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["Authorization"])
        return httpx.Response(503) if len(asked) == 1 else good([])

    Client("http://vpr.test", give, transport=httpx.MockTransport(handle)).sources()
    assert asked == ["Bearer first", "Bearer second"]
