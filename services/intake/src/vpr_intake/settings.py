"""Settings of intake: environment variables with the prefix ``INTAKE_``."""

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, InstanceOf
from pydantic_settings import NoDecode, SettingsConfigDict

from vpr_intake.city import City, load_city, shipped
from vpr_service.settings import ServiceSettings

_loaded = cache(load_city)


def city_at(place: object) -> object:
    """The city of this folder, or the shipped one of this name; what is no text or path stays as it is.

    Raises CityError.
    """
    return _loaded(shipped().get(str(place)) or Path(place)) if isinstance(place, (str, Path)) else place


class Settings(ServiceSettings):
    """Intake's own settings. ``break_glass_lifetime`` is how long somebody may read who broke the glass.

    ``city`` is the folder of the city's files, or the name of a shipped one.
    ``jurisdiction_id`` is ours in Open311: other ones are then unknown, while without it any is taken. ``open311_url``
    (default: the address that was asked) and ``open311_test_url`` (default: the same) are what discovery tells, beside
    ``open311_contact`` and ``open311_key_service``, sentences for developers.
    """

    model_config = SettingsConfigDict(env_prefix="INTAKE_", extra="ignore", hide_input_in_errors=True)

    port: int = 8001
    break_glass_lifetime: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(hours=24))] = timedelta(hours=1)
    city: Annotated[InstanceOf[City], NoDecode, BeforeValidator(city_at)] = Field(
        default_factory=lambda: _loaded(shipped()["winnipeg"])
    )
    jurisdiction_id: str = ""
    open311_url: str = ""
    open311_test_url: str = ""
    open311_contact: str = "Write to whoever operates this service."
    open311_key_service: str = "Ask whoever operates this service for an API key."
