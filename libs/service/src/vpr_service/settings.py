"""Settings from the environment. Each service has its own prefix (``INTAKE_``); what all share has none."""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from limits import parse_many
from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from vpr_events.seals import SealKey
from vpr_service.origins import host_of, origin_of

DEVELOPMENT_ISSUER: Final = "/development-issuer"
"""How the development issuer's address ends."""


def _limits(text: str) -> str:
    """The text, limits that can be read. Raises ValueError."""
    if text:
        parse_many(text)
    return text


class SharedSettings(BaseSettings):
    """What every service is told alike.

    ``oidc_jwks``: where the issuer's public keys are, a file or a URL. ``public_url`` and ``staff_url``: the two
    origins at which browsers reach us; cookies count only on the second. Who sets ``oidc_client_id`` signs staff in.
    ``trusted_proxies`` (addresses and networks, comma-separated) are believed when they say by X-Forwarded-For and
    X-Forwarded-Proto for whom they ask; nobody else is.
    """

    model_config = SettingsConfigDict(extra="ignore", hide_input_in_errors=True)

    nats_url: str = "nats://127.0.0.1:4222"
    vpr_environment: Literal["development", "production"] = "production"
    oidc_issuer: str = "https://localhost/issuer"
    oidc_audience: str = "vpr"
    oidc_jwks: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    public_url: Annotated[str, AfterValidator(origin_of)] = "http://localhost:8000"
    staff_url: Annotated[str, AfterValidator(origin_of)] = "http://localhost:8001"
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    log_level: str = "info"
    log_format: Literal["json", "text"] = "json"

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _proxies(cls, given: object) -> object:
        return tuple(part.strip() for part in given.split(",") if part.strip()) if isinstance(given, str) else given

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for one in given:
            ip_network(one)
        return given

    @property
    def production(self) -> bool:
        """Whether this is the real thing."""
        return self.vpr_environment == "production"

    @model_validator(mode="after")
    def _two_origins(self) -> Self:
        if host_of(self.public_url) == host_of(self.staff_url):
            raise ValueError("PUBLIC_URL and STAFF_URL must differ in host or port")
        return self

    @model_validator(mode="after")
    def _production_is_guarded(self) -> Self:
        if not self.production:
            return self
        if not self.oidc_issuer.startswith("https://") or self.oidc_issuer.endswith(DEVELOPMENT_ISSUER):
            raise ValueError("OIDC_ISSUER must be https in production, and not the development issuer")
        if self.oidc_jwks.startswith("http://"):
            raise ValueError("OIDC_JWKS must be https or a file in production")
        if self.oidc_client_id and not self.staff_url.startswith("https://"):
            raise ValueError("STAFF_URL must be https in production where staff sign in")
        return self


class ServiceSettings(BaseSettings):
    """Base of a service's settings; a subclass gives the prefix.

    ``max_body_bytes`` bounds a request's body, ``pool_size`` the connections to the database. So many requests as
    ``commit_batch`` at most share a commit; with 1 each has its own. ``seal_key`` (a file, an Ed25519 private key in
    PEM that the database's account cannot read) signs the seals of ``seal_every`` seconds, which are put into
    ``seal_folder``; services may share a key, but not a folder. ``client_secret`` is the service's own at the issuer,
    whose client is named like the service. ``effects_in_flight`` effects at most are carried out at the same time, of
    which ``effects_per_lane`` go to the same receiver; with 0 this process leaves them to another one of the service.
    ``rate_per_key`` and ``rate_per_source`` (as ``20/second;600/minute``, empty for none) bound the requests of an API
    key, and those of a source without credentials.
    """

    model_config = SettingsConfigDict(extra="ignore", hide_input_in_errors=True)

    database_url: SecretStr
    nats_password: SecretStr = SecretStr("")
    client_secret: SecretStr = SecretStr("")
    host: str = "127.0.0.1"
    port: int = 8000
    max_body_bytes: int = 1_048_576
    pool_size: int = 10
    commit_batch: Annotated[int, Field(ge=1, le=1000)] = 128
    retry_delays: tuple[float, ...] = (1, 5, 30, 120, 600)
    seal_key: Path | None = None
    seal_folder: Path | None = None
    seal_every: float = Field(default=60, gt=0)
    effects_in_flight: Annotated[int, Field(ge=0, le=10_000)] = 800
    effects_per_lane: Annotated[int, Field(ge=1, le=1000)] = 4
    rate_per_key: Annotated[str, AfterValidator(_limits)] = "60000/minute"
    rate_per_source: Annotated[str, AfterValidator(_limits)] = "40/second;1500/minute"
    shared: SharedSettings = Field(default_factory=SharedSettings)

    def body_limit(self, path: str, content_type: str) -> int:  # noqa: ARG002 - a service's own settings look at them
        """How many bytes a request's body to this path may have."""
        return self.max_body_bytes

    @field_validator("seal_key")
    @classmethod
    def _key_is_usable(cls, path: Path | None) -> Path | None:
        if path is not None:
            SealKey.at(path)
        return path

    @model_validator(mode="after")
    def _production_is_sealed(self) -> Self:
        given = (self.seal_key, self.seal_folder)
        if None in given and (self.shared.vpr_environment == "production" or any(given)):
            prefix = self.model_config.get("env_prefix", "")
            raise ValueError(f"{prefix}SEAL_KEY and {prefix}SEAL_FOLDER belong together, and production needs them")
        return self
