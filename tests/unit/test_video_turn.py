"""Credentials for TURN."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from vpr_video.settings import Settings
from vpr_video.turn import turn_credentials


def test_credentials_are_what_the_protocol_says() -> None:
    """Computed apart: ``printf %s 1767225600:alpha | openssl dgst -sha1 -hmac north -binary | base64``."""
    username, password = turn_credentials("north", "alpha", datetime(2026, 1, 1, tzinfo=UTC))
    assert username == "1767225600:alpha"
    assert password == "1p6CF9dK5V73IsMbJ/1p7WRE6Lk="


@pytest.mark.parametrize(
    "wrong",
    [
        {"turn_urls": ["http://turn.example"]},
        {"turn_urls": ["turn:turn.example"]},
        {"ice_policy": "relay"},
        {"ice_policy": "relay", "turn_urls": ["stun:stun.example"]},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"database_url": "postgresql://", **wrong})
