"""Settings of dispatch: environment variables with the prefix ``DISPATCH_``."""

from pydantic_settings import SettingsConfigDict

from vpr_service.settings import ServiceSettings


class Settings(ServiceSettings):
    """Dispatch's own settings."""

    model_config = SettingsConfigDict(env_prefix="DISPATCH_", extra="ignore", hide_input_in_errors=True)

    port: int = 8004
