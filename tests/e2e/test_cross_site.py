"""A real browser that is signed in, on another site's page: nothing that the page tries reaches the staff origin.

On another port of the same host the browser sends our cookies along (a site has no port), so only the guard refuses;
on another host SameSite keeps them back as well.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI, Response, WebSocket
from fastapi.responses import HTMLResponse, StreamingResponse
from playwright.sync_api import Browser, BrowserContext, Page
from pydantic import SecretStr
from sqlalchemy import MetaData
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.e2e.conftest import new_context
from tests.processes import free_port
from tests.serving import served
from vpr_events.contracts.values import Role
from vpr_service.app import create_app
from vpr_service.auth import Principal, require
from vpr_service.cookies import COOKIE, csrf_token
from vpr_service.issuer import DevelopmentIssuer
from vpr_service.runtime import Service
from vpr_service.settings import ServiceSettings, SharedSettings

ISSUER = "http://issuer.test"
Officer = Annotated[Principal, Depends(require(Role.OFFICER))]


@dataclass
class Site:
    """The staff origin with one change, one stream and one socket; what was let in there, and what was answered."""

    port: int = field(default_factory=free_port)
    done: list[str] = field(default_factory=list)
    answers: list[tuple[str, int]] = field(default_factory=list)
    token: str = ""

    @property
    def url(self) -> str:
        """The staff origin."""
        return f"http://localhost:{self.port}"

    def noting(self, app: ASGIApp) -> ASGIApp:
        """The app, with a note of each answer: a browser does not tell a page what it may not know."""

        async def noted(scope: Scope, receive: Receive, send: Send) -> None:
            async def sending(message: Message) -> None:
                if message["type"] == "http.response.start":
                    self.answers.append((scope["path"], message["status"]))
                await send(message)

            await app(scope, receive, sending)

        return noted

    def answered(self, path: str) -> list[int]:
        """How that was answered, each time that it was asked for; browsers ask for more than pages do."""
        return [status for asked, status in self.answers if asked == path]

    def router(self) -> APIRouter:
        """Endpoints as a service has them: none of them knows of cookies."""
        router = APIRouter()

        @router.get("/enter")
        async def enter(response: Response) -> None:
            response.set_cookie(COOKIE, self.token, secure=True, httponly=True, samesite="lax")

        @router.post("/change")
        async def change(_: Officer) -> str:
            self.done.append("change")
            return "changed"

        @router.get("/secret")
        async def secret(_: Officer) -> str:
            self.done.append("secret")
            return "read"

        @router.get("/stream")
        async def stream(_: Officer) -> StreamingResponse:
            async def events() -> AsyncIterator[str]:
                self.done.append("stream")
                yield "data: hello\n\n"

            return StreamingResponse(events(), media_type="text/event-stream")

        @router.websocket("/socket")
        async def socket(_: Officer, socket: WebSocket) -> None:
            await socket.accept()
            self.done.append("socket")
            await socket.send_text("hello")
            await socket.close()

        return router


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder, site = tmp_path_factory.mktemp("site"), Site()
    issuer = DevelopmentIssuer.at(folder / "issuer.pem", ISSUER, "vpr")
    shared = SharedSettings(
        vpr_environment="development", oidc_issuer=ISSUER, oidc_jwks=str(folder / "issuer.jwks"), staff_url=site.url,
        log_level="warning",
    )  # fmt: skip
    settings = ServiceSettings(database_url=SecretStr("postgresql+asyncpg://nobody@/nothing"), shared=shared)
    site.token = issuer.token([Role.OFFICER])
    with served(site.noting(create_app(Service("site", MetaData()), settings, [site.router()])), site.port):
        yield site


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[int]:
    """The port of somebody else's site."""
    app, port = FastAPI(), free_port()

    @app.get("/")
    async def page() -> HTMLResponse:
        return HTMLResponse("<!doctype html><title>evil</title><h1>You have won</h1>")

    with served(app, port):
        yield port


@pytest.fixture
def context(browser: Browser, site: Site) -> Iterator[BrowserContext]:
    """A browser that is signed in."""
    site.done.clear()
    site.answers.clear()
    context = new_context(browser)
    page = context.new_page()
    page.goto(f"{site.url}/enter")
    page.close()
    yield context
    context.close()


FORM = """([url, kind, fields]) => {
  const form = Object.assign(document.createElement("form"), {method: "post", action: url, enctype: kind});
  for (const [name, value] of Object.entries(fields)) {
    form.append(Object.assign(document.createElement("input"), {type: "hidden", name, value}));
  }
  document.body.append(form);
  form.submit();
}"""
FETCH = "([url, options]) => fetch(url, {credentials: 'include', ...options}).then(a => a.status, () => 0)"
STREAM = """url => new Promise(resolve => {
  const source = new EventSource(url, {withCredentials: true});
  source.onmessage = event => { source.close(); resolve(event.data); };
  source.onerror = () => { source.close(); resolve("refused"); };
})"""
SOCKET = """url => new Promise(resolve => {
  const socket = new WebSocket(url.replace("http", "ws"));
  socket.onmessage = event => resolve(event.data);
  socket.onerror = () => resolve("refused");
})"""
EMBED = """([kind, url]) => new Promise(resolve => {
  const element = Object.assign(document.createElement(kind), {onload: resolve, onerror: resolve, src: url});
  document.body.append(element);
})"""


@pytest.fixture(params=["localhost", "127.0.0.1"])
def evil(context: BrowserContext, elsewhere: int, request: pytest.FixtureRequest) -> Page:
    """Somebody else's page in that browser: on another port, and on another host."""
    page = context.new_page()
    page.goto(f"http://{request.param}:{elsewhere}/")
    return page


def status_for(page: Page) -> int:
    """With our cookie the guard says 403; without it the request is nobody's."""
    return 403 if "localhost" in page.url else 401


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"])
def test_a_form_of_another_site_changes_nothing(evil: Page, site: Site, kind: str) -> None:
    status = status_for(evil)
    with evil.expect_navigation():
        evil.evaluate(FORM, [f"{site.url}/change", kind, {"csrf_token": csrf_token(site.token)}])
    assert site.answered("/change") == [status], "although it knows the token"
    assert site.done == []


@pytest.mark.parametrize("path", ["change", "secret"])
def test_a_request_of_another_sites_script_is_refused(evil: Page, site: Site, path: str) -> None:
    method = "POST" if path == "change" else "GET"
    assert evil.evaluate(FETCH, [f"{site.url}/{path}", {"method": method, "mode": "no-cors"}]) == 0
    assert site.answered(f"/{path}") == [status_for(evil)]
    assert site.done == []


def test_no_other_site_may_send_headers_or_read_an_answer(evil: Page, site: Site) -> None:
    headers = {"X-CSRF-Token": csrf_token(site.token), "Content-Type": "application/json"}
    assert evil.evaluate(FETCH, [f"{site.url}/change", {"method": "POST", "headers": headers, "body": "{}"}]) == 0
    assert evil.evaluate(FETCH, [f"{site.url}/secret", {}]) == 0
    assert site.done == []


@pytest.mark.parametrize("kind", ["img", "script", "iframe"])
def test_nothing_of_ours_can_be_embedded(evil: Page, site: Site, kind: str) -> None:
    evil.evaluate(EMBED, [kind, f"{site.url}/secret"])
    assert site.answered("/secret") == [status_for(evil)]
    assert site.done == []


def test_another_site_opens_no_stream_and_no_socket(evil: Page, site: Site) -> None:
    token = csrf_token(site.token)
    assert evil.evaluate(STREAM, f"{site.url}/stream?csrf_token={token}") == "refused"
    assert evil.evaluate(SOCKET, f"{site.url}/socket?csrf_token={token}") == "refused"
    assert site.done == []


def test_our_own_page_may_do_all_of_it_with_the_token(context: BrowserContext, site: Site) -> None:
    page, token = context.new_page(), csrf_token(site.token)
    page.goto(f"{site.url}/docs")
    assert page.evaluate(FETCH, ["/change", {"method": "POST"}]) == 403
    assert page.evaluate(STREAM, f"{site.url}/stream") == "refused"
    assert page.evaluate(SOCKET, f"{site.url}/socket") == "refused"
    assert site.done == []
    assert page.evaluate(FETCH, ["/change", {"method": "POST", "headers": {"X-CSRF-Token": token}}]) == 200
    assert page.evaluate(STREAM, f"{site.url}/stream?csrf_token={token}") == "hello"
    assert page.evaluate(SOCKET, f"{site.url}/socket?csrf_token={token}") == "hello"
    assert page.evaluate(FETCH, ["/secret", {}]) == 200
    assert site.done == ["change", "stream", "socket", "secret"]


def test_a_link_of_another_site_still_leads_to_our_pages(evil: Page, site: Site) -> None:
    with evil.expect_navigation():
        evil.evaluate("url => { location.href = url; }", f"{site.url}/secret")
    assert evil.get_by_text("read").is_visible()
