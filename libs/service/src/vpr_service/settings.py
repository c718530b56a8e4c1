"""Settings from the environment. Each service has its own prefix (``INTAKE_``); what all share has none."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from vpr_events.seals import SealKey


class SharedSettings(BaseSettings):
    """What every service is told alike.

    ``oidc_jwks``: where the issuer's public keys are, a file or a URL, which in production is https. ``public_url``:
    the address at which browsers reach our pages; requests with a cookie must come from there.
    """

    model_config = SettingsConfigDict(extra="ignore", hide_input_in_errors=True)

    nats_url: str = "nats://127.0.0.1:4222"
    vpr_environment: Literal["development", "production"] = "production"
    oidc_issuer: str = "https://localhost/issuer"
    oidc_audience: str = "vpr"
    oidc_jwks: str = ""
    public_url: str = "http://localhost:8000"
    log_level: str = "info"
    log_format: Literal["json", "text"] = "json"

    @model_validator(mode="after")
    def _production_is_guarded(self) -> Self:
        if self.vpr_environment == "production" and self.oidc_jwks.startswith("http://"):
            raise ValueError("OIDC_JWKS must be https or a file in production")
        return self


class ServiceSettings(BaseSettings):
    """Base of a service's settings; a subclass gives the prefix.

    ``max_body_bytes`` bounds a request's body, ``pool_size`` the connections to the database. So many requests as
    ``commit_batch`` at most share a commit; with 1 each has its own. ``seal_key`` (a file, an Ed25519 private key in
    PEM that the database's account cannot read) signs the seals of ``seal_every`` seconds, which are put into
    ``seal_folder``; services may share a key, but not a folder.
    """

    model_config = SettingsConfigDict(extra="ignore", hide_input_in_errors=True)

    database_url: SecretStr
    nats_password: SecretStr = SecretStr("")
    host: str = "127.0.0.1"
    port: int = 8000
    max_body_bytes: int = 1_048_576
    pool_size: int = 10
    commit_batch: Annotated[int, Field(ge=1, le=1000)] = 128
    retry_delays: tuple[float, ...] = (1, 5, 30, 120, 600)
    seal_key: Path | None = None
    seal_folder: Path | None = None
    seal_every: float = Field(default=60, gt=0)
    shared: SharedSettings = Field(default_factory=SharedSettings)

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
