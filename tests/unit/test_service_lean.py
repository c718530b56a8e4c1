"""A lean route answers as FastAPI's own does: the same endpoint on both, asked the same."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from vpr_service import problems
from vpr_service.lean import LeanRoute
from vpr_service.limits import BodyLimit
from vpr_service.problems import Problem
from vpr_service.requests import Body, RequiredKey

JSON = {"Content-Type": "application/json"}
KEY = {"Idempotency-Key": "one"}
GOOD = b'{"name": "Ada", "count": 2}'


class New(Body):
    """What is asked for."""

    name: str
    count: int = 1


class Made(BaseModel):
    """What is answered."""

    name: str
    times: int
    key: str


async def caller(request: Request) -> str:
    """Who asks."""
    if request.headers.get("x-who") is None:
        raise Problem(401, "token_missing", "who asks?")
    return str(request.headers["x-who"])


def app_with(route_class: type[APIRoute]) -> FastAPI:
    app, router = FastAPI(), APIRouter(prefix="/v1", route_class=route_class)

    @router.post("/things", status_code=201)
    async def make(
        new: New, who: Annotated[str, Depends(caller)], given: RequiredKey, request: Request, response: Response
    ) -> Made:
        """Make a thing."""
        if new.name == "broken":
            raise Problem(409, "broken", f"{who} broke it")
        if new.name == "again":
            response.status_code = 200
        response.headers["Location"] = f"{request.scope['path']}/1"
        return Made(name=new.name, times=new.count, key=" ".join(given))

    problems.install(app)
    app.include_router(router)
    app.add_middleware(BodyLimit, limit=1000)
    return app


@pytest.fixture(params=[False, True], ids=["plain", "overridden"])
async def both(request: pytest.FixtureRequest) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    apps = [app_with(kind) for kind in (LeanRoute, APIRoute)]
    for app in apps if request.param else []:
        app.dependency_overrides[caller] = lambda: "somebody else"
    lean, usual = (httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") for app in apps)
    async with lean, usual:
        yield lean, usual


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (GOOD, JSON),
        (GOOD, {"Content-Type": "application/json; charset=utf-8"}),
        (GOOD, {"Content-Type": "text/plain"}),
        (GOOD, {}),
        (GOOD, JSON | {"Idempotency-Key": ""}),
        (GOOD, JSON | {"Idempotency-Key": "k" * 201}),
        (GOOD, JSON | {"x-who": ""}),
        (b"", JSON),
        (b"{", JSON),
        (b"[]", JSON),
        (b"null", JSON),
        (b'{"name": "Ada", "more": 1}', JSON),
        (b'{"name": "Ada", "name": "Bob"}', JSON),
        (b'{"name": "Ad\\u0000a"}', JSON),
        (b'{"name": "\xff"}', JSON),
        (b'{"name": "\\ud800"}', JSON),
        (b'{"name": "broken"}', JSON),
        (b'{"name": "again", "count": "3"}', JSON),
        (b'{"name": "' + b"x" * 1000 + b'"}', JSON),
    ],
)
async def test_every_answer_is_fastapis(both: Any, content: bytes, headers: dict[str, str]) -> None:
    sent = {"x-who": "me"} | KEY | headers
    answers = [await client.post("/v1/things", content=content, headers=sent) for client in both]
    lean, usual = [(answer.status_code, answer.json(), dict(answer.headers)) for answer in answers]
    assert lean == usual


async def test_what_is_plain_does_not_go_that_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(APIRoute, "handle")
    transport = httpx.ASGITransport(app_with(LeanRoute))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.post("/v1/things", content=GOOD, headers=JSON | KEY | {"x-who": "me"})
    assert answer.status_code == 201


async def test_without_a_caller_nothing_else_is_said(both: Any) -> None:
    for content in (GOOD, b"{"):
        lean, usual = [await client.post("/v1/things", content=content, headers=JSON) for client in both]
        assert (lean.status_code, lean.json()) == (usual.status_code, usual.json())


async def test_another_method_is_not_allowed(both: Any) -> None:
    lean, usual = [await client.put("/v1/things", content=GOOD, headers=JSON) for client in both]
    assert (lean.status_code, lean.headers["allow"], lean.json()) == (405, usual.headers["allow"], usual.json())


def test_it_is_described_alike() -> None:
    assert app_with(LeanRoute).openapi() == app_with(APIRoute).openapi()


async def asked(request: Request, page: Annotated[int, Query()]) -> int:
    """A dependency that takes more than a request."""
    return page


@pytest.mark.parametrize("more", [asked, lambda: None])
def test_an_endpoint_that_takes_more_is_no_lean_one(more: Any) -> None:
    async def make(new: New, page: Annotated[int, Depends(more)], request: Request, response: Response) -> Made:
        raise NotImplementedError

    with pytest.raises(TypeError, match="takes more"):
        LeanRoute("/things", make, methods=["POST"])
