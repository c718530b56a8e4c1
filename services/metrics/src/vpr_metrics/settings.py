"""Settings of metrics: environment variables with the prefix ``METRICS_``."""

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator
from pydantic_settings import SettingsConfigDict

from vpr_service.settings import ServiceSettings


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ValueError, ZoneInfoNotFoundError, OSError) as error:
        raise ValueError("not an IANA time zone") from error


class Settings(ServiceSettings):
    """Metrics's own settings. ``folder`` keeps the DuckDB files, which one process alone may use; days, weeks and hours
    are those of the city's time ``zone``.
    """

    model_config = SettingsConfigDict(env_prefix="METRICS_", extra="ignore", hide_input_in_errors=True)

    port: int = 8005
    folder: Path = Path(".vpr/metrics")
    zone: Annotated[str, AfterValidator(_zone)] = "America/Winnipeg"
