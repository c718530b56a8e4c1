"""Settings of video: environment variables with the prefix ``VIDEO_``."""

from pydantic_settings import SettingsConfigDict
from vpr_service.settings import ServiceSettings


class Settings(ServiceSettings):
    """Video's own settings."""

    model_config = SettingsConfigDict(env_prefix="VIDEO_", extra="ignore", hide_input_in_errors=True)

    port: int = 8003
