"""Settings of intake: environment variables with the prefix ``INTAKE_``."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from vpr_service.settings import ServiceSettings


class Settings(ServiceSettings):
    """Intake's own settings. ``break_glass_lifetime`` is how long somebody may read who broke the glass.

    ``jurisdiction_id`` is ours in Open311: other ones are then unknown, while without it any is taken. ``open311_url``
    (default: the address that was asked) and ``open311_test_url`` (default: the same) are what discovery tells, beside
    ``open311_contact`` and ``open311_key_service``, sentences for developers.
    """

    model_config = SettingsConfigDict(env_prefix="INTAKE_", extra="ignore", hide_input_in_errors=True)

    port: int = 8001
    break_glass_lifetime: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(hours=24))] = timedelta(hours=1)
    jurisdiction_id: str = ""
    open311_url: str = ""
    open311_test_url: str = ""
    open311_contact: str = "Write to whoever operates this service."
    open311_key_service: str = "Ask whoever operates this service for an API key."
