"""Effects: what a service does to the world (an SMS, a webhook, a deleted file), as rows written with the events.

An effect is carried out after the commit, at least once, under one id that whoever receives it can tell repeats by.
What came of it returns as commands, in the transaction that removes the row. A replay of events makes no effects.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from vpr_events.event import Recorded, derived_id

type Value = str | int | bool | None

LANE = "lane"
"""The key of ``data`` that says whom an effect goes to: effects of one lane share their places (see the runner)."""


@dataclass(frozen=True, slots=True)
class Effect:
    """Something to do. ``data`` holds ids, numbers and codes, never personal data: that is read when it is done.

    ``purpose`` tells effects of one kind and event apart.
    """

    kind: str
    data: Mapping[str, Value]
    purpose: str = ""


def lane_of(kind: str, data: Mapping[str, Value]) -> str:
    """The lane of an effect: all of a kind that names none have one."""
    return f"{kind}/{data.get(LANE) or ''}"


def effect_id(effect: Effect, event: Recorded) -> UUID:
    """The id of an effect of an event: the same whenever it is derived."""
    return derived_id(event.id, f"{effect.kind}/{effect.purpose}")


def row_of(effect: Effect, event: Recorded) -> dict[str, Any]:
    """An effect as a row of ``effects``."""
    return {
        "id": effect_id(effect, event),
        "kind": effect.kind,
        "data": dict(effect.data),
        "correlation_id": event.correlation_id,
        "causation_id": event.id,
    }
