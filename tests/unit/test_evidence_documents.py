"""Documents that the service makes of what it holds of a session, and when."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import orjson
import pytest

from tests.examples import NOON, minutes, recorded
from vpr_events.contracts.session import EndReason, SessionConnected, SessionEnded, SessionExpired
from vpr_events.contracts.session import Mode as CallMode
from vpr_events.effects import Effect
from vpr_events.event import Event, new_id
from vpr_video.evidence.documents import DOCUMENTING, chat_document, location_document
from vpr_video.evidence.effects import follow_evidence

SESSION, RESIDENT = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize("end", [SessionEnded(reason=EndReason.COMPLETED), SessionExpired()])
def test_every_end_of_a_session_has_its_documents_made(end: Event) -> None:
    event = recorded(end, entity=SESSION)
    [effect] = [one for one in follow_evidence(event) if isinstance(one, Effect)]
    assert (effect.kind, effect.data) == (DOCUMENTING, {"session": str(SESSION)})
    assert list(follow_evidence(recorded(SessionConnected(mode=CallMode.AUDIO), entity=new_id()))) == []


def test_positions_are_points_with_the_longitude_first() -> None:
    row = {
        "participant_id": RESIDENT,
        "latitude": 49.5,
        "longitude": -97.25,
        "accuracy": 8.0,
        "measured_at": NOON - timedelta(days=1),
        "received_at": NOON,
    }
    told = orjson.loads(location_document(SESSION, [row], NOON + minutes(1), most=2))
    assert told == {
        "type": "FeatureCollection",
        "document": "location",
        "session_id": str(SESSION),
        "made_at": f"{NOON + minutes(1):%Y-%m-%dT%H:%M:%SZ}",
        "limit_reached": False,
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": [-97.25, 49.5]},
                "properties": {
                    "measured_at": f"{NOON - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}",
                    "received_at": f"{NOON:%Y-%m-%dT%H:%M:%SZ}",
                    "participant_id": str(RESIDENT),
                    "accuracy_metres": 8.0,
                },
            }
        ],
    }


@pytest.mark.parametrize("write", [chat_document, location_document])
def test_a_document_says_that_more_may_have_been_told_than_is_kept(write: Callable[..., bytes]) -> None:
    assert orjson.loads(write(SESSION, [], NOON, most=1))["limit_reached"] is False
    assert orjson.loads(write(SESSION, [], NOON, most=0))["limit_reached"] is True
