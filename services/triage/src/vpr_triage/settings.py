"""Settings of triage: environment variables with the prefix ``TRIAGE_``."""

from pydantic_settings import SettingsConfigDict

from vpr_service.settings import ServiceSettings


class Settings(ServiceSettings):
    """Triage's own settings. ``intake_url`` is where intake tells the city's opening hours, within which is booked."""

    model_config = SettingsConfigDict(env_prefix="TRIAGE_", extra="ignore", hide_input_in_errors=True)

    port: int = 8002
    intake_url: str = ""
