"""What a notice may carry."""

from uuid import UUID

import orjson
import pytest

from tests.examples import NOON
from vpr_events.notices import LIMIT, notice


def test_a_notice_is_a_write_that_names_what_happened() -> None:
    write = notice("entity", "alarms", "alarm", {"id": UUID(int=1), "raised_at": NOON})
    assert write.values["channel"] == "alarms"
    told = orjson.loads(write.values["payload"])
    assert told == {"event": "alarm", "data": {"id": str(UUID(int=1)), "raised_at": NOON.isoformat()}}


def test_a_notice_that_the_database_would_not_take_is_refused() -> None:
    fits = LIMIT - len(notice("entity", "alarms", "alarm", {"text": ""}).values["payload"])
    assert len(notice("entity", "alarms", "alarm", {"text": "x" * fits}).values["payload"]) == LIMIT
    with pytest.raises(ValueError, match="7999"):
        notice("entity", "alarms", "alarm", {"text": "x" * (fits + 1)})
