"""When a cookie counts: only on the staff origin, from our own pages, and with the session's CSRF token."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI, Form
from fastapi.responses import JSONResponse

from vpr_events.contracts.values import Role
from vpr_service import problems
from vpr_service.app import SecurityHeaders
from vpr_service.auth import Principal, require
from vpr_service.cookies import COOKIE, CSRF_HEADER, FORM, FORM_LIMIT, SAFE, StaffCookies, csrf_token
from vpr_service.issuer import DevelopmentIssuer
from vpr_service.tokens import TokenVerifier

STAFF, PUBLIC = "http://staff.test:8001", "http://public.test:8000"
OWN = {"Origin": STAFF}
UNSAFE = pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW"])
FOREIGN = pytest.mark.parametrize(
    "origin", [None, "null", "", "http://evil.test", "https://staff.test:8001", "http://staff.test",
               "http://staff.test:8001.evil.test", PUBLIC],
)  # fmt: skip


@pytest.fixture
def issuer(tmp_path: Path) -> DevelopmentIssuer:
    return DevelopmentIssuer.at(tmp_path / "issuer.pem", "http://issuer.test", "vpr")


@pytest.fixture
def token(issuer: DevelopmentIssuer) -> str:
    return issuer.token([Role.OFFICER])


@pytest.fixture
async def client(issuer: DevelopmentIssuer, tmp_path: Path, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that is signed in: its requests carry the cookie."""
    app = FastAPI()
    app.state.verifier = TokenVerifier("http://issuer.test", "vpr", str(tmp_path / "issuer.jwks"))
    problems.install(app)
    app.add_middleware(StaffCookies, staff_url=STAFF)
    officer = Annotated[Principal, Depends(require(Role.OFFICER))]

    @app.api_route("/case", methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "BREW"])
    async def case(_: officer, note: Annotated[str, Form()] = "") -> str:
        return note

    transport, cookie = httpx.ASGITransport(app), {"Cookie": f"other=1; {COOKIE}={token}"}
    async with httpx.AsyncClient(transport=transport, base_url=STAFF, headers=cookie) as client:
        yield client


def code(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).removeprefix("urn:vpr:problem:")


@UNSAFE
async def test_a_change_from_our_own_page_counts(client: httpx.AsyncClient, token: str, method: str) -> None:
    answer = await client.request(method, "/case", headers=OWN | {CSRF_HEADER: csrf_token(token)})
    assert answer.status_code == 200, answer.text


@UNSAFE
@FOREIGN
async def test_a_change_from_elsewhere_is_refused_even_with_the_token(
    client: httpx.AsyncClient, token: str, method: str, origin: str | None
) -> None:
    headers = {CSRF_HEADER: csrf_token(token)} | ({} if origin is None else {"Origin": origin})
    answer = await client.request(method, "/case", headers=headers)
    assert (answer.status_code, code(answer)) == (403, "foreign_origin")


@UNSAFE
@pytest.mark.parametrize("wrong", [None, "", "x", "é", "of another session"])
async def test_a_change_without_the_sessions_own_token_is_refused(
    client: httpx.AsyncClient, issuer: DevelopmentIssuer, method: str, wrong: str | None
) -> None:
    other = csrf_token(issuer.token([Role.OFFICER]))
    given = [] if wrong is None else [(CSRF_HEADER.encode(), (other if " " in wrong else wrong).encode("latin-1"))]
    answer = await client.request(method, "/case", headers=[(b"Origin", STAFF.encode()), *given])
    assert (answer.status_code, code(answer)) == (403, "csrf_token_wrong")


async def test_a_form_carries_the_token_in_a_field_and_keeps_its_content(client: httpx.AsyncClient, token: str) -> None:
    form = {"note": "long " * 5000, "csrf_token": csrf_token(token)}
    assert (await client.post("/case", data=form, headers=OWN)).json() == form["note"]
    assert (await client.post("/case", data={"note": "n", "csrf_token": "x"}, headers=OWN)).status_code == 403


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "application/json", "", f"{FORM}x"])
async def test_only_a_form_carries_the_token_in_its_body(client: httpx.AsyncClient, token: str, kind: str) -> None:
    answer = await client.post("/case", content=f"csrf_token={csrf_token(token)}", headers=OWN | {"Content-Type": kind})
    assert answer.status_code == 403


async def test_a_form_that_is_too_long_to_be_ours_is_refused_without_reading_it_all(
    client: httpx.AsyncClient, token: str
) -> None:
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        yield f"csrf_token={csrf_token(token)}&note=".encode()
        for _ in range(100):
            read += FORM_LIMIT
            yield b"x" * FORM_LIMIT

    answer = await client.post("/case", content=body(), headers=OWN | {"Content-Type": FORM})
    assert answer.status_code == 403


async def test_the_token_does_not_count_in_the_address_of_a_change(client: httpx.AsyncClient, token: str) -> None:
    answer = await client.post("/case", params={"csrf_token": csrf_token(token)}, headers=OWN)
    assert answer.status_code == 403


@pytest.mark.parametrize("method", sorted(SAFE - {"OPTIONS"}))
@pytest.mark.parametrize(
    "headers",
    [{}, OWN, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"},
     {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}],
)  # fmt: skip
async def test_reading_counts_from_our_pages_the_address_bar_and_links(
    client: httpx.AsyncClient, method: str, headers: dict[str, str]
) -> None:
    assert (await client.request(method, "/case", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
     {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Dest": "script"},
     {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}],
)  # fmt: skip
async def test_reading_does_not_count_from_inside_another_site(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await client.get("/case", headers=headers)
    assert (answer.status_code, code(answer)) == (403, "foreign_origin")


STREAM = {"Accept": "text/event-stream"}


@pytest.mark.parametrize("proof", [OWN, {"Sec-Fetch-Site": "same-origin"}])
async def test_a_stream_counts_from_our_pages_with_the_token_in_its_address(
    client: httpx.AsyncClient, token: str, proof: dict[str, str]
) -> None:
    good = await client.get("/case", params={"csrf_token": csrf_token(token)}, headers=STREAM | proof)
    assert good.status_code == 200
    for params in ({}, {"csrf_token": "x"}):
        answer = await client.get("/case", params=params, headers=STREAM | proof)
        assert (answer.status_code, code(answer)) == (403, "csrf_token_wrong")


@pytest.mark.parametrize("proof", [{}, {"Origin": PUBLIC}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"}])
async def test_a_stream_from_elsewhere_is_refused(client: httpx.AsyncClient, token: str, proof: dict[str, str]) -> None:
    answer = await client.get("/case", params={"csrf_token": csrf_token(token)}, headers=STREAM | proof)
    assert (answer.status_code, code(answer)) == (403, "foreign_origin")


@pytest.mark.parametrize("host", ["public.test:8000", "staff.test", "evil.test", "staff.test:8001.evil.test", ""])
async def test_a_cookie_is_nothing_on_any_other_origin(client: httpx.AsyncClient, token: str, host: str) -> None:
    headers = OWN | {"Host": host, CSRF_HEADER: csrf_token(token)}
    for method in ("GET", "POST"):
        answer = await client.request(method, "/case", headers=headers)
        assert (answer.status_code, code(answer)) == (401, "token_missing")


async def test_the_name_of_a_host_has_no_case(client: httpx.AsyncClient) -> None:
    assert (await client.get("/case", headers={"Host": "STAFF.test:8001"})).status_code == 200


async def test_a_bearer_token_needs_neither_and_a_bad_one_does_not_fall_back(
    client: httpx.AsyncClient, token: str
) -> None:
    for method in ("GET", "POST"):
        good = await client.request(method, "/case", headers={"Authorization": f"Bearer {token}"})
        assert good.status_code == 200
        for wrong in ("Bearer x", "Basic eDp5", ""):
            answer = await client.request(method, "/case", headers=OWN | {"Authorization": wrong})
            assert answer.status_code == 401


async def test_an_api_key_puts_the_cookie_aside(client: httpx.AsyncClient) -> None:
    assert (await client.get("/case", headers={"X-API-Key": "vpr_x"})).status_code == 401


async def test_an_expired_cookie_is_told_so(client: httpx.AsyncClient, issuer: DevelopmentIssuer) -> None:
    old = issuer.token([Role.OFFICER], lifetime=timedelta(seconds=-1))
    answer = await client.get("/case", headers={"Cookie": f"{COOKIE}={old}"})
    assert (answer.status_code, code(answer)) == (401, "token_expired")


@pytest.mark.parametrize("production", [True, False])
async def test_only_production_insists_on_https(production: bool) -> None:
    app = SecurityHeaders(JSONResponse({}), production=production)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=STAFF) as client:
        headers = (await client.get("/")).headers
    assert ("strict-transport-security" in headers) is production
    assert "unsafe" not in headers["content-security-policy"]


def test_the_csrf_token_tells_nothing_of_the_session_and_is_its_own(token: str) -> None:
    assert csrf_token(token) not in token
    assert csrf_token(token) != csrf_token(token + "x")
