"""Settings of video: environment variables with the prefix ``VIDEO_``."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import SettingsConfigDict

from vpr_service.settings import ServiceSettings


def _with_token(template: str) -> str:
    if "{token}" not in template:
        raise ValueError("the join link needs a place for its {token}")
    try:
        template.format(public_url="", token="")
    except (LookupError, AttributeError):
        raise ValueError("the join link knows only {public_url} and {token}") from None
    return template


class Settings(ServiceSettings):
    """Video's own settings.

    ``join_url`` is the link that a resident opens, with places for {public_url} and {token}; ``invite_lifetime`` is
    how long it can be opened, though never longer than its session lasts.
    """

    model_config = SettingsConfigDict(env_prefix="VIDEO_", extra="ignore", hide_input_in_errors=True)

    port: int = 8003
    join_url: Annotated[str, AfterValidator(_with_token)] = "{public_url}/video/join/{token}"
    invite_lifetime: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(hours=4)

    def link_of(self, token: str) -> str:
        """The join link of a token."""
        return self.join_url.format(public_url=self.shared.public_url.rstrip("/"), token=token)
