"""Settings of intake: environment variables with the prefix ``INTAKE_``."""

from datetime import timedelta
from typing import Annotated

from cryptography.fernet import Fernet
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from vpr_service.addresses import Allowed
from vpr_service.settings import ServiceSettings

DELAYS = (5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
"""Standard Webhooks 1.0.0: 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 hours."""


class Settings(ServiceSettings):
    """Intake's own settings. ``break_glass_lifetime`` is how long somebody may read who broke the glass.

    ``webhook_keys`` (Fernet keys, comma-separated, the first encrypts) protect webhooks' secrets; without them there
    are no webhooks. ``webhook_delays``: seconds between a delivery's tries. ``webhook_secret_overlap``: how long the
    former secret signs too. ``delivery_log_age``: how long the log is kept. ``outbound_allow`` (comma-separated names,
    addresses and networks): what may be called although it is not public, also by http; for development.
    """

    model_config = SettingsConfigDict(env_prefix="INTAKE_", extra="ignore", hide_input_in_errors=True)

    port: int = 8001
    break_glass_lifetime: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(hours=24))] = timedelta(hours=1)
    webhook_keys: SecretStr = SecretStr("")
    webhook_delays: tuple[Annotated[float, Field(gt=0)], ...] = DELAYS
    webhook_secret_overlap: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=30))] = timedelta(hours=24)
    delivery_log_age: Annotated[timedelta, Field(ge=timedelta(hours=1))] = timedelta(days=30)
    outbound_allow: Annotated[tuple[str, ...], NoDecode] = ()

    @field_validator("outbound_allow", mode="before")
    @classmethod
    def _listed(cls, given: object) -> object:
        return tuple(_parts(given)) if isinstance(given, str) else given

    @field_validator("outbound_allow")
    @classmethod
    def _readable(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        Allowed.of(given)
        return given

    @field_validator("webhook_keys")
    @classmethod
    def _usable(cls, given: SecretStr) -> SecretStr:
        for key in _parts(given.get_secret_value()):
            Fernet(key)
        return given

    @property
    def webhook_keys_given(self) -> tuple[str, ...]:
        """The keys, the one that encrypts first."""
        return tuple(_parts(self.webhook_keys.get_secret_value()))


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
