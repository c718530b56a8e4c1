"""Settings of metrics: environment variables with the prefix ``METRICS_``."""

from pathlib import Path

from pydantic_settings import SettingsConfigDict

from vpr_service.settings import ServiceSettings


class Settings(ServiceSettings):
    """Metrics's own settings. ``folder`` keeps the DuckDB files, which one process alone may use."""

    model_config = SettingsConfigDict(env_prefix="METRICS_", extra="ignore", hide_input_in_errors=True)

    port: int = 8005
    folder: Path = Path(".vpr/metrics")
