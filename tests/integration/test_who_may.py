"""docs/who-may.md, row by row: every endpoint with every kind of caller, by token, by key and by cookie."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import WebSocketRoute

from tests.asking import SOCKET, status_of
from tests.endpoints import LET_IN, Row, rows
from tests.system import System
from vpr.all_in_one import make_all_in_one
from vpr.home import Home
from vpr_events.contracts import SERVICES
from vpr_events.contracts.values import Role
from vpr_service.cookies import COOKIE, SAFE, csrf_token
from vpr_service.issuer import DevelopmentIssuer

PUBLIC, STAFF, EVIL = "http://localhost:8000", "http://localhost:8001", "http://evil.test"
SIGN_IN = ("/sign-in", "/sign-out", "/signed-out", "/csrf")


def endpoints(name: str, app: FastAPI) -> Iterator[tuple[str, str, str]]:
    """What the app answers, besides other apps that are mounted below it. HEAD goes with GET."""
    for route in iter_route_contexts(app.routes):
        path = str(route.path)
        if path.strip("/") in SERVICES:
            continue
        owner = "sign-in" if path.startswith(SIGN_IN) else name
        methods = {SOCKET} if isinstance(route.original_route, WebSocketRoute) else route.methods or {"GET"}
        yield from ((owner, method, path) for method in sorted(methods - {"HEAD"}))


@pytest.fixture
async def apps(system: System, tmp_path: Path) -> AsyncIterator[dict[str, FastAPI]]:
    """The services, and the all-in-one around others of the kind, of which none is started."""
    home = Home(tmp_path / "home", PUBLIC, STAFF)
    home.create()
    parent = make_all_in_one(home, system.servers.embedded.endpoints)
    parent.state.verifier = system.apps["intake"].state.verifier
    yield system.apps | {"local": parent, "sign-in": parent}
    for app in parent.state.services.values():
        await app.state.runtime.engine.dispose()


def test_every_endpoint_has_a_row_and_every_row_an_endpoint(apps: dict[str, FastAPI]) -> None:
    there = [found for name, app in apps.items() if name != "sign-in" for found in endpoints(name, app)]
    named = [(service, row.method, row.path) for row in rows() for service in row.services]
    assert sorted(there) == sorted(named)


@dataclass
class Tries:
    """Asks, and keeps every answer that is not what the table says."""

    apps: Mapping[str, FastAPI]
    api_key: str
    wrong: list[str]

    async def ask(self, row: Row, who: str, expected: str, headers: Mapping[str, str], at: str = PUBLIC) -> None:
        """Try one row of the table."""
        given = {"Idempotency-Key": uuid4().hex, **headers}
        for service in row.services:
            url, body = at + row.filled({"letter": "1", "format": "json"}, str(uuid4())), b""
            if key := headers.get("X-API-Key") if "open311" in row.path else None:
                given, url, body = _by_open311(row, key, given, url)
            status = await status_of(self.apps[service], row.method, url, given, body)
            good = status not in {401, 403, 500} if expected == LET_IN else status == int(expected)
            if not good:
                self.wrong.append(f"{service} {row.method} {row.path}: {who} at {at}: {status}, not {expected}")


def _by_open311(row: Row, key: str, headers: Mapping[str, str], url: str) -> tuple[dict[str, str], str, bytes]:
    form = urlencode({"api_key": key})
    if row.method == "GET":
        return {**headers}, f"{url}?{form}", b""
    return {**headers, "Content-Type": "application/x-www-form-urlencoded"}, url, f"{form}&service_code=x".encode()


@pytest.fixture
async def tries(system: System, apps: dict[str, FastAPI]) -> Tries:
    admitted = await system["intake"].post("/v1/clients", json={"name": "city"}, headers=system.as_(Role.ADMIN))
    return Tries(apps, admitted.json()["api_key"], [])


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def cookie(token: str, origin: str | None = None, csrf: str | None = None, **more: str) -> dict[str, str]:
    headers = {"Cookie": f"{COOKIE}={token}", **more}
    return headers | ({"Origin": origin} if origin else {}) | ({"X-CSRF-Token": csrf} if csrf else {})


def home_of(row: Row) -> str:
    return STAFF if row.on == "staff" else PUBLIC


async def test_tokens_and_keys_open_what_the_table_says(system: System, tries: Tries) -> None:
    issuer = system.servers.issuer
    foreign = DevelopmentIssuer(issuer.key, issuer.issuer, "bank")
    strangers = {
        "nobody": {},
        "a wrong key": {"X-API-Key": tries.api_key + "x"},
        "an expired token": bearer(issuer.token(list(Role), lifetime=timedelta(seconds=-1))),
        "a token for another audience": bearer(foreign.token(list(Role))),
    }
    for row in rows():
        for who, headers in strangers.items():
            await tries.ask(row, who, row.answers["nobody"], headers, home_of(row))
        await tries.ask(row, "key", row.answers["key"], {"X-API-Key": tries.api_key}, home_of(row))
        for role in Role:
            await tries.ask(row, role, row.answers[role[:3]], bearer(issuer.token([role])), home_of(row))
    assert tries.wrong == []


async def test_a_cookie_counts_as_its_roles_token_on_the_staff_origin_alone(system: System, tries: Tries) -> None:
    for row in rows():
        for role in Role:
            token = system.servers.issuer.token([role])
            own = cookie(token, STAFF, csrf_token(token))
            if row.on != "public":
                await tries.ask(row, f"{role} by cookie", row.answers[role[:3]], own, STAFF)
            if row.on != "staff":
                await tries.ask(row, f"{role} by cookie", row.answers["nobody"], own, PUBLIC)
    assert tries.wrong == []


async def test_a_cookie_from_another_site_or_without_the_token_changes_nothing(system: System, tries: Tries) -> None:
    token = system.servers.issuer.token(list(Role))
    csrf = csrf_token(token)
    changing = {
        "without the token": cookie(token, STAFF),
        "with a wrong token": cookie(token, STAFF, csrf[1:]),
        "from another site": cookie(token, EVIL, csrf),
        "from the public origin": cookie(token, PUBLIC, csrf),
        "from nowhere": cookie(token, None, csrf),
    }
    reading = {
        "from another site": cookie(token, EVIL),
        "by a script of the public origin": cookie(token, **{"Sec-Fetch-Site": "same-site"}),
        "as a stream without the token": cookie(token, STAFF, Accept="text/event-stream"),
        "as a stream from another site": cookie(token, EVIL, csrf, Accept="text/event-stream"),
    }
    for row in rows():
        for who, headers in (reading if row.method in SAFE else changing).items():
            await tries.ask(row, f"a cookie {who}", "403", headers, STAFF)
    assert tries.wrong == []


async def test_a_page_is_on_its_own_origin_alone(system: System, tries: Tries) -> None:
    officer = bearer(system.servers.issuer.token(list(Role)))
    for row in rows():
        if row.on != "both":
            await tries.ask(row, "everybody", "404", officer, PUBLIC if row.on == "staff" else STAFF)
    assert tries.wrong == []
