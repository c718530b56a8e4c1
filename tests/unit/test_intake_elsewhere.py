"""What the other services hold: all of it, or the name of the one that does not give its part."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import SecretStr

from tests.processes import free_port
from tests.serving import served
from vpr_intake.elsewhere import Elsewhere
from vpr_service.oidc import IssuerClient
from vpr_service.problems import Problem
from vpr_service.service_tokens import TokenSource

REPORT, KEEPER = UUID(int=1), UUID(int=2)
SERVICES = ("triage", "video", "dispatch")


@pytest.fixture
def origin() -> Iterator[str]:
    """An issuer and three services that tell who asked; ``broken`` and ``nonsense`` answer with such."""
    app, url = FastAPI(), f"http://127.0.0.1:{(port := free_port())}"

    @app.get("/.well-known/openid-configuration")
    def describe() -> dict[str, str]:
        return {"issuer": url, "authorization_endpoint": url, "token_endpoint": f"{url}/token"}

    @app.post("/token")
    def token() -> dict[str, Any]:
        return {"access_token": "t", "expires_in": 300}

    @app.get("/{service}/v1/reports/{report_id}/held")
    def held(service: str, report_id: UUID, request: Request) -> Any:
        if service == "broken":
            return JSONResponse({"type": "urn:vpr:problem:unavailable"}, 503)
        if service == "nonsense":
            return {"parts": []}
        names = ("authorization", "vpr-acting-for", "vpr-purpose")
        return {
            "parts": {service: [{"report": str(report_id), **{n: request.headers[n] for n in names}}]},
            "events": [],
        }

    with served(app, port):
        yield url


def elsewhere(origin: str, **instead: str) -> Elsewhere:
    urls = {service: f"{origin}/{service}" for service in SERVICES} | instead
    return Elsewhere(urls, TokenSource(IssuerClient(origin, "intake", SecretStr("x"))))


async def test_every_part_is_asked_with_the_services_token_for_a_person_and_a_purpose(origin: str) -> None:
    parts = await elsewhere(origin).held(REPORT, KEEPER, "access/foi-7")
    assert tuple(parts) == SERVICES
    asked = {"report": str(REPORT), "authorization": "Bearer t", "vpr-acting-for": str(KEEPER)}
    for service, part in parts.items():
        assert part.parts == {service: [{**asked, "vpr-purpose": "access/foi-7"}]}


@pytest.mark.parametrize("place", ["http://127.0.0.1:9", "", "{origin}/broken", "{origin}/nonsense", "{origin}/a/b"])
@pytest.mark.parametrize("service", SERVICES)
async def test_one_that_does_not_give_its_part_is_named(origin: str, service: str, place: str) -> None:
    with pytest.raises(Problem, match=f"^{service} does not give its part") as refused:
        await elsewhere(origin, **{service: place.format(origin=origin)}).held(REPORT, KEEPER, "access/foi-7")
    assert (refused.value.status, refused.value.code) == (503, "part_missing")


async def test_without_an_issuer_nothing_is_asked(origin: str) -> None:
    asking = elsewhere(origin)
    asking.tokens.client.issuer = "http://127.0.0.1:9"
    with pytest.raises(Problem, match="the issuer does not answer") as refused:
        await asking.held(REPORT, KEEPER, "access/foi-7")
    assert refused.value.status == 503
