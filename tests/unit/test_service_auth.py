"""Who is let in: tokens good, bad and forged, for how long, and the keys that the issuer publishes."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Annotated, Any
from uuid import UUID

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from fastapi import Depends, FastAPI
from jwt.algorithms import RSAAlgorithm

from tests.waiting import until
from vpr_events.contracts.values import Role
from vpr_service import problems, tokens
from vpr_service.auth import ACTING_FOR, PURPOSE, Principal, require
from vpr_service.cookies import COOKIE
from vpr_service.issuer import KID, DevelopmentIssuer, RefusedInProduction
from vpr_service.problems import Problem
from vpr_service.tokens import TokenVerifier

ISSUER, AUDIENCE = "http://issuer.test", "vpr"
SUBJECT = UUID(int=7)


@pytest.fixture
def issuer(tmp_path: Path) -> DevelopmentIssuer:
    return DevelopmentIssuer.at(tmp_path / "issuer.pem", ISSUER, AUDIENCE)


@pytest.fixture
def verifier(issuer: DevelopmentIssuer, tmp_path: Path) -> TokenVerifier:
    return TokenVerifier(ISSUER, AUDIENCE, str(tmp_path / "issuer.jwks"))


def claims(**changes: Any) -> dict[str, Any]:
    """Good claims; None leaves one out."""
    now = datetime.now(UTC)
    good: dict[str, Any] = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": str(SUBJECT), "roles": ["officer"], "iat": now,
        "exp": now + timedelta(hours=1),
    }  # fmt: skip
    return {name: value for name, value in (good | changes).items() if value is not None}


def signed(issuer: DevelopmentIssuer, kid: str | None = KID, **changes: Any) -> str:
    return jwt.encode(claims(**changes), issuer.key, "ES256", headers={"kid": kid} if kid else {})


async def refusal(verifier: TokenVerifier, token: str) -> str:
    with pytest.raises(Problem) as refused:
        await verifier.verify(token)
    assert refused.value.status == 401
    assert refused.value.headers == {"WWW-Authenticate": "Bearer"}
    return refused.value.code


async def test_a_token_of_the_issuer_names_a_principal(issuer: DevelopmentIssuer, verifier: TokenVerifier) -> None:
    token = issuer.token([Role.OFFICER, Role.SUPERVISOR], SUBJECT)
    assert await verifier.verify(token) == Principal(SUBJECT, frozenset({Role.OFFICER, Role.SUPERVISOR}))


async def test_a_token_without_roles_names_somebody_who_may_nothing(
    issuer: DevelopmentIssuer, verifier: TokenVerifier
) -> None:
    assert (await verifier.verify(signed(issuer, roles=None))).roles == frozenset()


YESTERDAY = datetime.now(UTC) - timedelta(days=1)
BAD_CLAIMS: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "http://other.test"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "bank"},
    "no audience": {"aud": None},
    "no expiry": {"exp": None},
    "no issue time": {"iat": None},
    "no subject": {"sub": None},
    "a subject that is a name": {"sub": "quillon"},
    "an issue time tomorrow": {"iat": datetime.now(UTC) + timedelta(days=1)},
    "a beginning tomorrow": {"nbf": datetime.now(UTC) + timedelta(days=1)},
    "roles that are a text": {"roles": "admin"},
    "roles that are a number": {"roles": 7},
    "a key nobody published": {"kid": "other"},
    "no key": {"kid": None},
}


@pytest.mark.parametrize("changes", BAD_CLAIMS.values(), ids=BAD_CLAIMS)
async def test_a_token_with_wrong_claims_is_invalid(
    issuer: DevelopmentIssuer, verifier: TokenVerifier, changes: dict[str, Any]
) -> None:
    assert await refusal(verifier, signed(issuer, **changes)) == "token_invalid"


async def test_an_expired_token_is_told_so(issuer: DevelopmentIssuer, verifier: TokenVerifier) -> None:
    assert await refusal(verifier, signed(issuer, exp=YESTERDAY)) == "token_expired"


async def test_an_issuer_may_sign_with_rsa(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    public = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": KID, "use": "sig"}
    (tmp_path / "rsa.jwks").write_text(json.dumps({"keys": [public]}))
    verifier = TokenVerifier(ISSUER, AUDIENCE, str(tmp_path / "rsa.jwks"))
    token = jwt.encode(claims(), key, "RS256", headers={"kid": KID})
    assert (await verifier.verify(token)).id == SUBJECT
    other = jwt.encode(claims(), key, "PS256", headers={"kid": KID})
    assert await refusal(verifier, other) == "token_invalid", "the key is published for RS256"


async def test_a_token_of_another_key_is_invalid(verifier: TokenVerifier, tmp_path: Path) -> None:
    stranger = DevelopmentIssuer.at(tmp_path / "stranger.pem", ISSUER, AUDIENCE)
    assert await refusal(verifier, stranger.token([Role.ADMIN])) == "token_invalid"


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part, default=str).encode()).rstrip(b"=").decode()


def forged(header: dict[str, Any], key: bytes | None) -> str:
    """A token made by hand, with an HMAC if there is a key."""
    stamps = {name: int(value.timestamp()) for name, value in claims().items() if isinstance(value, datetime)}
    text = f"{encoded(header | {'kid': KID})}.{encoded(claims() | stamps)}"
    mac = hmac.new(key, text.encode(), hashlib.sha256).digest() if key else b""
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", "HS256", "ES384", "RS256"])
async def test_a_token_without_a_real_signature_is_invalid(verifier: TokenVerifier, algorithm: str) -> None:
    assert await refusal(verifier, forged({"alg": algorithm}, None)) == "token_invalid"


async def test_a_token_signed_with_the_public_key_as_a_secret_is_invalid(
    issuer: DevelopmentIssuer, verifier: TokenVerifier
) -> None:
    private = serialization.load_pem_private_key(issuer.key, None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = private.public_key().public_bytes(serialization.Encoding.PEM, form)
    for secret in (pem, issuer.jwks().encode(), pem.strip()):
        assert await refusal(verifier, forged({"alg": "HS256", "typ": "JWT"}, secret)) == "token_invalid"


@pytest.mark.parametrize("token", ["", "a", "a.b", "a.b.c", "....", "é.é.é", "e30.e30.", "x" * 9000])
async def test_noise_is_no_token(verifier: TokenVerifier, token: str) -> None:
    assert await refusal(verifier, token) == "token_invalid"


async def test_a_changed_token_is_invalid(issuer: DevelopmentIssuer, verifier: TokenVerifier) -> None:
    head, _, signature = issuer.token([Role.OFFICER]).split(".")
    stamps = {name: int(value.timestamp()) for name, value in claims().items() if isinstance(value, datetime)}
    payload = encoded(claims(roles=["admin"]) | stamps)
    assert await refusal(verifier, f"{head}.{payload}.{signature}") == "token_invalid"


@pytest.fixture
async def client(verifier: TokenVerifier) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.state.verifier = verifier
    problems.install(app)
    officer = Annotated[Principal, Depends(require(Role.OFFICER, Role.SUPERVISOR))]

    @app.api_route("/case", methods=["GET", "POST"])
    async def case(caller: officer) -> str:
        return str(caller.id)

    @app.get("/who")
    async def who(caller: Annotated[Principal, Depends(require(*Role))]) -> list[str | None]:
        return [caller.service, str(caller.acting_for), caller.purpose]

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sample.test") as client:
        yield client


async def test_a_role_opens_the_door_and_another_does_not(client: httpx.AsyncClient, issuer: DevelopmentIssuer) -> None:
    async def status(*roles: Role) -> int:
        return (await client.get("/case", headers={"Authorization": f"Bearer {issuer.token(roles)}"})).status_code

    assert await status(Role.OFFICER) == 200
    assert await status(Role.ANALYST, Role.SUPERVISOR) == 200
    assert await status(Role.ANALYST, Role.ADMIN) == 403
    assert await status() == 403


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic b2ZmaWNlcjpvZmZpY2Vy", "Token x"])
async def test_a_request_without_a_token_is_asked_for_one(client: httpx.AsyncClient, header: str | None) -> None:
    answer = await client.get("/case", headers={} if header is None else {"Authorization": header})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.json()["type"] == "urn:vpr:problem:token_missing"


class Keys(BaseHTTPRequestHandler):
    """An issuer's key server: serves its document, or fails."""

    document = b""
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.document)

    def log_message(self, *_: object) -> None:
        """Quietly."""


@pytest.fixture
def key_server() -> Iterator[tuple[str, type[Keys]]]:
    kind = type("OwnKeys", (Keys,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/jwks", kind
        server.shutdown()
        thread.join()


async def test_keys_are_read_from_the_issuer(issuer: DevelopmentIssuer, key_server: tuple[str, type[Keys]]) -> None:
    url, keys = key_server
    keys.document = issuer.jwks().encode()
    verifier = TokenVerifier(ISSUER, AUDIENCE, url)
    assert (await verifier.verify(issuer.token([Role.OFFICER], SUBJECT))).id == SUBJECT
    keys.status = 500
    assert (await verifier.verify(issuer.token([Role.OFFICER], SUBJECT))).id == SUBJECT


async def test_an_issuer_that_is_away_is_an_outage_and_nobodys_fault(
    issuer: DevelopmentIssuer, key_server: tuple[str, type[Keys]]
) -> None:
    url, keys = key_server
    keys.status = 500
    verifier = TokenVerifier(ISSUER, AUDIENCE, url)
    for where in (url, "http://127.0.0.1:9/jwks"):
        verifier.jwks = where
        with pytest.raises(Problem) as refused:
            await verifier.verify(issuer.token([Role.OFFICER]))
        assert (refused.value.status, refused.value.code) == (503, "unavailable")

    verifier.jwks, keys.status, keys.document = url, 200, issuer.jwks().encode()
    assert (await verifier.verify(issuer.token([Role.OFFICER], SUBJECT))).id == SUBJECT


def test_the_development_issuer_keeps_its_key_to_itself(tmp_path: Path, issuer: DevelopmentIssuer) -> None:
    assert (tmp_path / "issuer.pem").stat().st_mode & 0o077 == 0
    assert DevelopmentIssuer.at(tmp_path / "issuer.pem", ISSUER, AUDIENCE) == issuer
    [key] = json.loads((tmp_path / "issuer.jwks").read_text())["keys"]
    assert "d" not in key


async def test_a_role_that_we_do_not_know_allows_nothing_and_spoils_nothing(
    issuer: DevelopmentIssuer, verifier: TokenVerifier
) -> None:
    caller = await verifier.verify(signed(issuer, roles=["officer", "choirmaster"]))
    assert caller.roles == {Role.OFFICER}


async def test_a_cookie_that_nobody_let_through_is_no_token(
    client: httpx.AsyncClient, issuer: DevelopmentIssuer
) -> None:
    answer = await client.get("/case", headers={"Cookie": f"{COOKIE}={issuer.token([Role.OFFICER])}"})
    assert answer.json()["type"] == "urn:vpr:problem:token_missing"


async def test_a_good_token_is_verified_once(issuer: DevelopmentIssuer, verifier: TokenVerifier) -> None:
    token = issuer.token([Role.OFFICER])
    first = await verifier.verify(token)
    assert await verifier.verify(token) is first
    assert await verifier.verify(issuer.token([Role.OFFICER])) is not first


async def test_a_token_that_expires_is_refused_although_it_was_good(
    issuer: DevelopmentIssuer, verifier: TokenVerifier
) -> None:
    token = issuer.token([Role.OFFICER], lifetime=timedelta(seconds=2))
    await verifier.verify(token)

    async def code() -> str:
        with suppress(Problem):
            await verifier.verify(token)
            return ""
        return await refusal(verifier, token)

    assert await until(code, 5) == "token_expired"


async def test_a_bad_token_is_not_remembered(issuer: DevelopmentIssuer, verifier: TokenVerifier) -> None:
    for _ in range(2):
        assert await refusal(verifier, signed(issuer, iss="http://other.test")) == "token_invalid"
    assert not verifier._good


async def test_a_key_that_the_issuer_withdraws_ends_its_tokens_within_the_refresh_time(
    issuer: DevelopmentIssuer, key_server: tuple[str, type[Keys]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "KEYS_FOR", 0.2)
    monkeypatch.setattr(tokens, "ASK_EVERY", 0.1)
    url, keys = key_server
    keys.document = issuer.jwks().encode()
    verifier = TokenVerifier(ISSUER, AUDIENCE, url)
    token = issuer.token([Role.OFFICER])
    await verifier.verify(token)
    keys.document = b'{"keys": []}'

    async def refused() -> bool:
        try:
            await verifier.verify(token)
        except Problem as problem:
            return problem.code == "token_invalid"
        return False

    assert await until(refused, 5)


async def test_no_more_tokens_are_remembered_than_there_is_room_for(
    issuer: DevelopmentIssuer, verifier: TokenVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "REMEMBERED", 3)
    for _ in range(5):
        await verifier.verify(issuer.token([Role.OFFICER]))
    assert len(verifier._good) == 3


async def test_only_a_client_that_is_a_service_is_that_service(
    issuer: DevelopmentIssuer, verifier: TokenVerifier
) -> None:
    async def service(role: Role, client: str | None) -> str | None:
        return (await verifier.verify(issuer.token([role], client=client))).service

    assert await service(Role.SERVICE, "video") == "video"
    assert await service(Role.SERVICE, "city-hall") is None
    assert await service(Role.SERVICE, None) is None
    assert await service(Role.OFFICER, "video") is None


async def test_a_service_says_for_whom_it_acts_and_why(client: httpx.AsyncClient, issuer: DevelopmentIssuer) -> None:
    bearer = {"Authorization": f"Bearer {issuer.token([Role.SERVICE], client='video')}"}
    saying = {ACTING_FOR: str(SUBJECT), PURPOSE: "evidence.export"}
    assert (await client.get("/who", headers=bearer | saying)).json() == ["video", str(SUBJECT), "evidence.export"]
    assert (await client.get("/who", headers=bearer)).json() == ["video", "None", None]


@pytest.mark.parametrize("header", [{ACTING_FOR: "quillon"}, {PURPOSE: "because I say so"}, {PURPOSE: ""}])
async def test_what_a_service_says_has_a_form(
    client: httpx.AsyncClient, issuer: DevelopmentIssuer, header: dict[str, str]
) -> None:
    bearer = {"Authorization": f"Bearer {issuer.token([Role.SERVICE], client='video')}"}
    answer = await client.get("/who", headers=bearer | header)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, next(iter(header)))


@pytest.mark.parametrize("roles", [[Role.OFFICER], [Role.ADMIN], [Role.SERVICE]])
async def test_nobody_else_speaks_for_another(
    client: httpx.AsyncClient, issuer: DevelopmentIssuer, roles: list[Role]
) -> None:
    headers = {"Authorization": f"Bearer {issuer.token(roles)}", ACTING_FOR: str(SUBJECT)}
    assert (await client.get("/who", headers=headers)).status_code == 403


def test_the_development_issuer_signs_nothing_in_production(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VPR_ENVIRONMENT", "production")
    with pytest.raises(RefusedInProduction):
        DevelopmentIssuer.at(tmp_path / "issuer.pem", ISSUER, AUDIENCE)
