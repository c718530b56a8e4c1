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
    """

    model_config = SettingsConfigDict(env_prefix="INTAKE_", extra="ignore", hide_input_in_errors=True)

    port: int = 8001
    break_glass_lifetime: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(hours=24))] = timedelta(hours=1)
    city: Annotated[InstanceOf[City], NoDecode, BeforeValidator(city_at)] = Field(
        default_factory=lambda: _loaded(shipped()["winnipeg"])
    )
