"""Settings of metrics: environment variables with the prefix ``METRICS_``."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field
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

    An analyst's query may take ``sql_seconds`` of time and ``sql_memory`` bytes, and gets ``sql_rows`` rows of a
    snapshot that is at most ``sql_snapshot_age`` old.

    A picture may take ``chart_seconds`` to draw, in one of ``charts_at_once`` processes. ``intake_url`` is where intake
    answers: it tells what the city calls its categories and districts, and where these are; without it codes are shown.
    """

    model_config = SettingsConfigDict(env_prefix="METRICS_", extra="ignore", hide_input_in_errors=True)

    port: int = 8005
    folder: Path = Path(".vpr/metrics")
    sql_seconds: Annotated[int, Field(ge=1, le=600)] = 10
    sql_memory: Annotated[int, Field(ge=2**26)] = 2**29
    sql_rows: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    sql_snapshot_age: Annotated[timedelta, Field(ge=timedelta(0))] = timedelta(minutes=1)
    chart_seconds: Annotated[float, Field(gt=0, le=600)] = 10
    charts_at_once: Annotated[int, Field(ge=1, le=32)] = 1
    intake_url: str = ""
    zone: Annotated[str, AfterValidator(_zone)] = "America/Winnipeg"
