"""The development issuer: signs tokens with a key of its own. Refused in production."""

import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from vpr_events.contracts.values import Role

ALGORITHM = "ES256"
LIFETIME = timedelta(hours=12)
KID = "development"


class RefusedInProduction(Exception):
    """Whoever holds the development issuer's key is anybody: it signs nothing where VPR_ENVIRONMENT is production."""


@dataclass(frozen=True)
class DevelopmentIssuer:
    """Issues tokens; ``key`` is a P-256 private key in PEM. Raises RefusedInProduction."""

    key: bytes = field(repr=False)
    issuer: str
    audience: str

    def __post_init__(self) -> None:
        if os.environ.get("VPR_ENVIRONMENT") == "production":
            raise RefusedInProduction("the development issuer signs anyone in as anything: not in production")

    @classmethod
    def at(cls, path: Path, issuer: str, audience: str) -> "DevelopmentIssuer":
        """The issuer whose key is in this file, made if absent; its public half stands beside it, in ``.jwks``."""
        if not path.exists():
            path.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
            write_whole(path, _new_key())
        made = cls(path.read_bytes(), issuer, audience)
        published = path.with_suffix(".jwks")
        if not published.exists() or published.read_text() != made.jwks():
            write_whole(published, made.jwks().encode())
        return made

    def token(
        self,
        roles: Collection[Role],
        subject: UUID | None = None,
        lifetime: timedelta = LIFETIME,
        client: str | None = None,
    ) -> str:
        """An access token. Without a subject, the same roles always get the same one.

        ``client`` is the client of the issuer that it is made for: with the role ``service``, the service.
        """
        who = subject or subject_of("+".join(sorted(roles)))
        more = {"azp": client} if client else {}
        return self._signed(self.audience, who, lifetime, {"roles": sorted(roles), "jti": str(uuid4()), **more})

    def id_token(self, client: str, subject: UUID, nonce: str) -> str:
        """What tells a client who signed in (OpenID Connect Core, 2)."""
        return self._signed(client, subject, timedelta(minutes=5), {"nonce": nonce})

    def _signed(self, audience: str, subject: UUID, lifetime: timedelta, more: Mapping[str, object]) -> str:
        now = datetime.now(UTC)
        stamps = {"iat": now, "exp": now + lifetime}
        claims = {"iss": self.issuer, "aud": audience, "sub": str(subject), **stamps, **more}
        return jwt.encode(claims, self.key, ALGORITHM, headers={"kid": KID})

    def jwks(self) -> str:
        """The public key as a JWK set, in JSON."""
        private = serialization.load_pem_private_key(self.key, None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise TypeError("the development issuer's key is not a P-256 key")
        public = ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
        return json.dumps({"keys": [public | {"kid": KID, "use": "sig", "alg": ALGORITHM}]})


def write_whole(path: Path, content: bytes) -> None:
    """For our eyes only, and never half: others may read or end us at any moment."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    draft.replace(path)


def subject_of(name: str) -> UUID:
    """A stable id for a made-up member of staff."""
    return uuid5(NAMESPACE_URL, f"urn:vpr:development:{name}")


def _new_key() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
