"""Settings of intake: environment variables with the prefix ``INTAKE_``."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from vpr_service.settings import ServiceSettings


class Settings(ServiceSettings):
    """Intake's own settings. ``break_glass_lifetime`` is how long somebody may read who broke the glass."""

    model_config = SettingsConfigDict(env_prefix="INTAKE_", extra="ignore", hide_input_in_errors=True)

    port: int = 8001
    break_glass_lifetime: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(hours=24))] = timedelta(hours=1)
