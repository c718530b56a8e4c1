"""What a participant is told of the session: the whole, anew with every change, so that nothing is lost by a gap."""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any
from uuid import UUID

from vpr_events.contracts.session import Consent, Participant
from vpr_video.queries import LOCATION
from vpr_video.seats import Seat
from vpr_video.settings import Settings
from vpr_video.turn import ice_configuration


def session_view(seat: Seat, online: Collection[UUID]) -> dict[str, Any]:
    """The session as this participant may know it: from the waiting room only oneself and the officers."""
    row = seat.row
    return {
        "type": "session",
        "status": row["status"],
        "mode": row["mode"],
        "end_reason": row["end_reason"],
        "recording": row["recording"],
        "served_recording": seat.served["id"] if seat.served and seat.acts else None,
        "you": _person(seat.person, online) | {"present": seat.present, "acts": seat.acts},
        "people": [_shown(seat, one, online) for one in seat.people if one["left_at"] is None and _known_to(seat, one)],
        "place": asdict(seat.place) if seat.place else None,
    }


def _shown(seat: Seat, person: dict[str, Any], online: Collection[UUID]) -> dict[str, Any]:
    """Where somebody is, those who act on the session see, while it is allowed."""
    return _person(person, online) | ({"location": _location(person)} if seat.acts else {})


def _location(person: dict[str, Any]) -> dict[str, Any] | None:
    if person["located_at"] is None or Consent.LOCATION not in person["consents"]:
        return None
    return {name: person[name] for name in LOCATION}


def _known_to(seat: Seat, person: dict[str, Any]) -> bool:
    return seat.inside or person["kind"] == Participant.OFFICER or person["participant_id"] == seat.participant_id


def _person(person: dict[str, Any], online: Collection[UUID]) -> dict[str, Any]:
    return {
        "id": person["participant_id"],
        "kind": person["kind"],
        "name": person["name"],
        "admitted": person["admitted_at"] is not None,
        "consents": sorted(person["consents"]),
        "online": person["participant_id"] in online,
    }


def ice_view(seat: Seat, settings: Settings) -> dict[str, Any]:
    """What whoever was let in opens connections with."""
    return {"type": "ice", **ice_configuration(seat, settings).model_dump(by_alias=True, exclude_none=True)}


def chat_view(row: dict[str, Any]) -> dict[str, Any]:
    """Something that was written."""
    names = ("id", "kind", "at", "text")
    return {"type": "chat", "from": row["participant_id"], **{name: row[name] for name in names}}
