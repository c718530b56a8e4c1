"""Settings from the environment. Each service has its own prefix (``INTAKE_``); what all share has none."""

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


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
    ``commit_batch`` at most share a commit; with 1 each has its own.
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
    shared: SharedSettings = Field(default_factory=SharedSettings)
