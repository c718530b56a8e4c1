"""Signing in by OpenID Connect over real HTTP, with everything that may be tampered with on the way."""

import base64
import json
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr, ValidationError

from tests.processes import free_port
from tests.serving import served
from tests.waiting import DEADLINE
from vpr.all_in_one import let_staff_in
from vpr.home import STAFF_CLIENT, Home
from vpr_events.contracts import SERVICES
from vpr_events.contracts.values import Role
from vpr_service import problems, sign_in
from vpr_service.cookies import COOKIE, StaffCookies, csrf_token
from vpr_service.issuer import LIFETIME, subject_of
from vpr_service.oidc import IssuerClient
from vpr_service.problems import Problem
from vpr_service.service_tokens import MARGIN, TokenSource
from vpr_service.settings import SharedSettings
from vpr_service.sign_in import ATTEMPT_COOKIE
from vpr_service.tokens import TokenVerifier


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A local system of which only sign-in and issuer run."""
    port = free_port()
    home = Home(tmp_path_factory.mktemp("home"), "http://localhost:8000", f"http://localhost:{port}")
    app = FastAPI()
    problems.install(app)
    let_staff_in(app, home)
    app.add_middleware(StaffCookies, staff_url=home.staff_url)
    with served(app, port):
        yield home


@pytest.fixture
def client(home: Home) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=home.staff_url, timeout=DEADLINE) as client:
        yield client


def cookies_of(answer: httpx.Response) -> SimpleCookie:
    return SimpleCookie("\n".join(f"{value};" for value in answer.headers.get_list("set-cookie")))


def begun(client: httpx.Client, **query: str) -> tuple[str, str]:
    """Where the browser is sent, and the attempt it keeps. (A browser's cookie: httpx sends none that is Secure.)"""
    answer = client.get("/sign-in", params=query)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"], cookies_of(answer)[ATTEMPT_COOKIE].value


def granted(client: httpx.Client, address: str, role: Role = Role.OFFICER) -> dict[str, str]:
    """What the issuer sends the browser back with."""
    answer = client.get(address, params=parse_qs(urlsplit(address).query) | {"role": role})
    assert answer.status_code == 303, answer.text
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    return {name: values[0] for name, values in query.items()}


def back(client: httpx.Client, given: dict[str, str], attempt: str | None) -> httpx.Response:
    headers = {"Cookie": f"{ATTEMPT_COOKIE}={attempt}"} if attempt is not None else {}
    return client.get("/sign-in/callback", params=given, headers=headers)


def test_a_member_of_staff_signs_in_and_comes_back_to_the_page(client: httpx.Client, home: Home) -> None:
    address, attempt = begun(client, next="/csrf?from=here")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert (asked["response_type"], asked["code_challenge_method"], asked["scope"]) == ("code", "S256", "openid")
    assert all(len(asked[name]) >= 43 for name in ("state", "nonce", "code_challenge"))
    answer = back(client, granted(client, address), attempt)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{home.staff_url}/csrf?from=here")
    cookie = cookies_of(answer)[COOKIE]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, True, "lax", "/")
    assert cookie["domain"] == ""
    assert 0 < int(cookie["max-age"]) <= 12 * 3600
    assert cookies_of(answer)[ATTEMPT_COOKIE]["max-age"] == "0"
    token = client.get("/csrf", headers={"Cookie": f"{COOKIE}={cookie.value}"})
    assert token.json() == {"csrf_token": csrf_token(cookie.value)}
    assert token.headers["cache-control"] == "no-store"


def changed(attempt: str, **values: str) -> str:
    kept = json.loads(base64.urlsafe_b64decode(attempt))
    return base64.urlsafe_b64encode(json.dumps(kept | values).encode()).decode()


def refused(answer: httpx.Response) -> bool:
    """A page says so, and the browser gets no session."""
    says = "Signing in did not work" in answer.text
    return answer.status_code in {400, 401} and says and COOKIE not in cookies_of(answer)


def test_whoever_did_not_begin_does_not_come_in(client: httpx.Client) -> None:
    address, _ = begun(client)
    assert refused(back(client, granted(client, address), None))
    _, of_another_browser = begun(client)
    assert refused(back(client, granted(client, address), of_another_browser))


@pytest.mark.parametrize("noise", ["", "x", "e30=", "W10=", "bnVsbA==", "eyJhIjogMX0=", "é"])
def test_a_broken_attempt_is_refused(client: httpx.Client, noise: str) -> None:
    address, _ = begun(client)
    given = granted(client, address)
    answer = client.get("/sign-in/callback", params=given, headers=[(b"Cookie", f"{ATTEMPT_COOKIE}={noise}".encode())])
    assert refused(answer)


def test_a_code_is_good_once(client: httpx.Client) -> None:
    address, attempt = begun(client)
    given = granted(client, address)
    assert back(client, given, attempt).status_code == 303
    assert refused(back(client, given, attempt))


@pytest.mark.parametrize("name", ["state", "code", "iss"])
def test_a_changed_answer_of_the_issuer_is_refused(client: httpx.Client, name: str) -> None:
    address, attempt = begun(client)
    given = granted(client, address)
    assert refused(back(client, given | {name: "other"}, attempt))


def test_a_code_of_another_attempt_is_refused(client: httpx.Client) -> None:
    """An attacker's code slipped into the victim's browser: PKCE ties it to the attacker's own."""
    theirs = granted(client, begun(client)[0], Role.ADMIN)
    address, attempt = begun(client)
    ours = granted(client, address)
    assert refused(back(client, ours | {"code": theirs["code"]}, attempt))


def test_an_id_token_for_another_nonce_is_refused(client: httpx.Client) -> None:
    address, attempt = begun(client)
    assert refused(back(client, granted(client, address), changed(attempt, nonce="other")))


def test_a_refusal_of_the_issuer_is_shown_as_one(client: httpx.Client) -> None:
    address, attempt = begun(client)
    state = parse_qs(urlsplit(address).query)["state"][0]
    assert refused(back(client, {"error": "access_denied", "state": state}, attempt))


@pytest.mark.parametrize(
    "target", ["https://evil.test/", "//evil.test", "/\\evil.test", "\\\\evil.test", "javascript:alert(1)", "/" * 2000]
)
def test_signing_in_never_leads_elsewhere(client: httpx.Client, home: Home, target: str) -> None:
    address, attempt = begun(client, next=target)
    location = back(client, granted(client, address), attempt).headers["location"]
    assert urlsplit(location)[:2] == ("http", urlsplit(home.staff_url).netloc)
    assert location.startswith(f"{home.staff_url}/")


def test_signing_out_takes_the_cookie_and_needs_the_token(client: httpx.Client, home: Home) -> None:
    token = home.issuer().token([Role.OFFICER])
    headers = {"Cookie": f"{COOKIE}={token}", "Origin": home.staff_url}
    assert client.post("/sign-out", headers=headers).status_code == 403
    answer = client.post("/sign-out", headers=headers, data={"csrf_token": csrf_token(token)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/signed-out")
    assert cookies_of(answer)[COOKIE]["max-age"] == "0"


def test_the_issuer_knows_one_way_to_ask(client: httpx.Client) -> None:
    address, _ = begun(client)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    where = address.partition("?")[0]
    wrong = {"client_id": "other", "redirect_uri": "http://evil.test/", "response_type": "token",
             "code_challenge_method": "plain", "role": "service"}  # fmt: skip
    for name, value in wrong.items():
        assert client.get(where, params=asked | {name: value}).status_code in {400, 422}, name
    assert client.get(where, params={name: value for name, value in asked.items() if name != "code_challenge"}).is_error


@pytest.mark.parametrize(
    ("auth", "form", "error"),
    [
        (None, {"grant_type": "client_credentials"}, "invalid_client"),
        (("video", "wrong"), {"grant_type": "client_credentials"}, "invalid_client"),
        (("nobody", "x"), {"grant_type": "client_credentials"}, "invalid_client"),
        (("video", None), {"grant_type": "authorization_code", "code": "x"}, "unauthorized_client"),
        ((STAFF_CLIENT, None), {"grant_type": "client_credentials"}, "unauthorized_client"),
        ((STAFF_CLIENT, None), {"grant_type": "password"}, "unauthorized_client"),
        ((STAFF_CLIENT, None), {"grant_type": "authorization_code", "code": "x"}, "invalid_grant"),
    ],
)
def test_the_token_endpoint_refuses(
    client: httpx.Client, home: Home, auth: tuple[str, str | None] | None, form: dict[str, str], error: str
) -> None:
    known = auth and httpx.BasicAuth(auth[0], auth[1] or home.client_secrets()[auth[0]])
    answer = client.post("/development-issuer/token", data=form, auth=known or httpx.Auth())
    assert (answer.status_code, answer.json()["error"]) == (401 if error == "invalid_client" else 400, error)


def test_a_code_needs_its_own_redirect(client: httpx.Client, home: Home) -> None:
    address, attempt = begun(client)
    form = {
        "grant_type": "authorization_code",
        "code": granted(client, address)["code"],
        "code_verifier": json.loads(base64.urlsafe_b64decode(attempt))["verifier"],
        "redirect_uri": "http://evil.test/",
    }
    auth = (STAFF_CLIENT, home.client_secrets()[STAFF_CLIENT])
    assert client.post("/development-issuer/token", data=form, auth=auth).json() == {"error": "invalid_grant"}


def source(home: Home, service: str, secret: str | None = None) -> TokenSource:
    known = SecretStr(secret or home.client_secrets()[service])
    return TokenSource(IssuerClient(home.issuer_name, service, known))


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_gets_a_token_that_names_it(home: Home, service: str) -> None:
    verifier = TokenVerifier(home.issuer_name, "vpr", f"{home.issuer_name}/jwks")
    caller = await verifier.verify(await source(home, service).token())
    assert (caller.service, caller.roles, caller.id) == (
        service,
        frozenset({Role.SERVICE}),
        subject_of(f"service:{service}"),
    )


async def test_a_token_is_kept_until_shortly_before_it_ends(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens, now = source(home, "triage"), 1000.0
    monkeypatch.setattr("vpr_service.service_tokens.time.monotonic", lambda: now)
    first = await tokens.token()
    now += LIFETIME.total_seconds() - MARGIN - 1
    assert await tokens.token() == first
    now += 1
    assert await tokens.token() != first


async def test_a_call_says_for_whom_and_why(home: Home) -> None:
    officer = subject_of("officer")
    headers = await source(home, "video").headers(acting_for=officer, purpose="evidence.export")
    assert (headers["VPR-Acting-For"], headers["VPR-Purpose"]) == (str(officer), "evidence.export")
    assert set(await source(home, "video").headers()) == {"Authorization"}


async def test_a_service_without_a_token_is_an_outage(home: Home) -> None:
    away = TokenSource(IssuerClient("http://127.0.0.1:9", "video", SecretStr("x")))
    other = TokenSource(IssuerClient(f"{home.staff_url}/nothing", "video", SecretStr("x")))
    for tokens in (source(home, "video", "wrong"), away, other):
        with pytest.raises(Problem) as refused:
            await tokens.token()
        assert refused.value.status == 503


def test_an_issuer_that_is_away_is_told_on_a_page(home: Home, tmp_path: Path) -> None:
    port = free_port()
    shared = SharedSettings(
        vpr_environment="development", staff_url=f"http://localhost:{port}", oidc_issuer="http://127.0.0.1:9",
        oidc_client_id="staff",
    )  # fmt: skip
    app = FastAPI()
    app.state.staff_url = shared.staff_url
    sign_in.install(app, shared)
    with served(app, port):
        answer = httpx.get(f"http://localhost:{port}/sign-in?lang=fr", timeout=DEADLINE)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "Connexion impossible pour le moment" in answer.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"oidc_issuer": "http://issuer.example"},
        {"oidc_issuer": "https://vpr.example/development-issuer"},
        {"oidc_jwks": "http://issuer.example/keys"},
        {"oidc_client_id": "vpr", "staff_url": "http://staff.example"},
        {"public_url": "https://vpr.example", "staff_url": "https://vpr.example:443"},
        {"staff_url": "https://staff.example/path"},
        {"staff_url": "staff.example"},
    ],
)
def test_production_wants_https_another_issuer_and_two_origins(wrong: dict[str, str]) -> None:
    good = {"oidc_issuer": "https://issuer.example", "oidc_client_id": "vpr", "staff_url": "https://staff.example",
            "public_url": "https://vpr.example"}  # fmt: skip
    assert SharedSettings(vpr_environment="production", **good).production  # type: ignore[arg-type]
    with pytest.raises(ValidationError):
        SharedSettings(vpr_environment="production", **good | wrong)  # type: ignore[arg-type]
