"""The development issuer: signs tokens with a key of its own. Refused in production."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from vpr_events.contracts.values import Role
from vpr_service.auth import ALGORITHM

LIFETIME = timedelta(hours=12)
KID = "development"


@dataclass(frozen=True)
class DevelopmentIssuer:
    """Issues tokens; ``key`` is a P-256 private key in PEM."""

    key: bytes = field(repr=False)
    issuer: str
    audience: str

    @classmethod
    def at(cls, path: Path, issuer: str, audience: str) -> "DevelopmentIssuer":
        """The issuer whose key is in this file, made if absent; its public half is written to ``<path>.jwks``."""
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_bytes(_new_key())
        made = cls(path.read_bytes(), issuer, audience)
        path.with_suffix(".jwks").write_text(made.jwks())
        return made

    def token(self, roles: Collection[Role], subject: UUID | None = None, lifetime: timedelta = LIFETIME) -> str:
        """A signed token. Without a subject, the same roles always get the same one."""
        now = datetime.now(UTC)
        claims = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": str(subject or subject_of("+".join(sorted(roles)))),
            "roles": sorted(roles),
            "iat": now,
            "exp": now + lifetime,
            "jti": str(uuid4()),
        }
        return jwt.encode(claims, self.key, ALGORITHM, headers={"kid": KID})

    def jwks(self) -> str:
        """The public key as a JWK set, in JSON."""
        private = serialization.load_pem_private_key(self.key, None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise TypeError("the development issuer's key is not a P-256 key")
        public = ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
        return json.dumps({"keys": [public | {"kid": KID, "use": "sig", "alg": ALGORITHM}]})


def subject_of(name: str) -> UUID:
    """A stable id for a made-up member of staff."""
    return uuid5(NAMESPACE_URL, f"urn:vpr:development:{name}")


def _new_key() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
