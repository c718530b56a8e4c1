"""Contracts to bytes and back; old versions are lifted to the newest by upcasters."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import orjson
from pydantic import ValidationError

from vpr_events.contracts import CONTRACTS
from vpr_events.contracts.values import Gravest
from vpr_events.event import Event

KINDS = 1024
"""How many types are remembered: there are fewer, but publishers may send any."""

type Body = dict[str, Any]
type Upcaster = Callable[[Body], Body]


class Malformed(Exception):
    """The bytes do not hold what their type promises."""


class UnknownVersion(Malformed):
    """A type we know, in a version newer than ours: it waits for a newer consumer.

    ``envelope`` holds the attributes that could be read all the same, such as ``correlation_id``.
    """

    envelope: Mapping[str, Any] | None = None


def _with_direction(body: Body) -> Body:
    return {**body, "gravest": Gravest.LOWEST}


def _as_it_was(body: Body) -> Body:
    """The newer version only knows more kinds."""
    return body


UPCASTERS: Mapping[tuple[str, int], Upcaster] = {
    ("access.alarm_raised", 1): _as_it_was,
    ("access.alarm_raised", 2): _as_it_was,
    ("case.prioritised", 1): _with_direction,
    ("session.ended", 1): _as_it_was,
    ("session.evidence_captured", 1): _as_it_was,
    ("session.evidence_closed", 1): _as_it_was,
}
"""(event name, version) -> what turns its body into the next version's."""


def encode(event: Event) -> bytes:
    """The JSON bytes that are stored, hashed and published. Absent optional fields are left out."""
    return event.model_dump_json(exclude_none=True).encode()


@lru_cache(KINDS)
def split_type(event_type: str) -> tuple[str, int]:
    """``report.filed.v1`` -> (``report.filed``, 1). Raises Malformed."""
    name, marker, version = event_type.rpartition(".v")
    if not marker or not version.isdecimal() or version.startswith("0"):
        raise Malformed(f"{event_type!r} is not an event type")
    return name, int(version)


def decode(event_type: str, body: bytes) -> Event | None:
    """The event, lifted to its newest version; None for a type nobody here knows.

    Raises UnknownVersion for a version from the future and Malformed for a body that breaks its contract.
    """
    name, version = split_type(event_type)
    contract = CONTRACTS.get(name)
    if contract is None:
        return None
    if version > contract.event_version:
        raise UnknownVersion(f"{event_type} is newer than {contract.event_type()}")
    try:
        if version == contract.event_version:
            return contract.model_validate_json(body)
        return contract.model_validate(_lifted(name, version, contract.event_version, orjson.loads(body)))
    except (ValidationError, orjson.JSONDecodeError) as error:
        raise Malformed(f"the body of {event_type} breaks its contract") from error


def _lifted(name: str, version: int, newest: int, body: Body) -> Body:
    if not isinstance(body, dict):
        raise Malformed(f"the body of {name}.v{version} is no object")
    for step in range(version, newest):
        body = UPCASTERS[name, step](body)
    return body
