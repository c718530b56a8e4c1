"""CloudEvents 1.0, binary mode over NATS: lower-case ``ce-*`` headers and the JSON body."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote
from uuid import UUID

from vpr_events import codec
from vpr_events.contracts import OWNERS
from vpr_events.event import Envelope, Event, Recorded, family_of, in_utc

SUBJECT_PREFIX = "vpr"
MESSAGE_ID = "Nats-Msg-Id"
SCHEMA_ROOT = "urn:vpr:schema"


def subject_of(event_type: str) -> str:
    """``report.filed.v1`` -> ``vpr.report.filed``: a subject per kind of event, not per entity."""
    return f"{SUBJECT_PREFIX}.{codec.split_type(event_type)[0]}"


def headers_of(event: Envelope, traceparent: str | None = None) -> dict[str, str]:
    """What a published event carries beside its body."""
    attributes: dict[str, str | None] = {
        "id": str(event.id),
        "source": f"/vpr/{OWNERS[family_of(event.stream)]}",
        "specversion": "1.0",
        "type": event.type,
        "subject": event.stream,
        "time": _stamp(event.occurred_at),
        "datacontenttype": "application/json",
        "dataschema": f"{SCHEMA_ROOT}:{event.type}",
        "sequence": str(event.version),
        "recordedtime": _stamp(event.recorded_at),
        "correlationid": str(event.correlation_id),
        "causationid": str(event.causation_id) if event.causation_id else None,
        "hash": event.hash,
    }
    headers = {f"ce-{name}": quote(value, safe=":/+") for name, value in attributes.items() if value is not None}
    return headers | {MESSAGE_ID: str(event.id)} | ({"traceparent": traceparent} if traceparent else {})


def id_of(headers: Mapping[str, str]) -> UUID:
    """The id of the event in a message of the log."""
    return UUID(headers["ce-id"])


def received(subject: str, headers: Mapping[str, str] | None, body: bytes) -> Recorded | None:
    """The event in a message that came on ``subject``; None when its type is unknown here. Raises Malformed.

    The broker lets a service publish to its own subjects only, so the subject is trusted, and the headers, which the
    publisher chose, must agree with it.
    """
    event = event_of(headers, body)
    if event and (subject_of(event.type) != subject or subject.split(".")[1] != event.family):
        raise codec.Malformed(f"{event.type} of {event.family} came as {subject}")
    return event


def event_of(headers: Mapping[str, str] | None, body: bytes) -> Recorded | None:
    """The event that headers and body tell of, whoever sent them; None when its type is unknown here.

    Raises Malformed (UnknownVersion for a version from the future) when it cannot be read.
    """
    try:
        attribute = {name[3:]: unquote(value) for name, value in (headers or {}).items() if name.startswith("ce-")}
        envelope = _envelope(attribute)
        data = _decoded(envelope, body)
        return None if data is None else Recorded(data=data, body=body, **envelope)
    except (KeyError, ValueError) as error:
        raise codec.Malformed(f"not one of our CloudEvents: {type(error).__name__}") from error


def _decoded(envelope: Mapping[str, Any], body: bytes) -> Event | None:
    try:
        return codec.decode(envelope["type"], body)
    except codec.UnknownVersion as error:
        error.envelope = envelope
        raise


def _envelope(attribute: Mapping[str, str]) -> dict[str, Any]:
    family, _, entity = attribute["subject"].partition("/")
    causation = attribute.get("causationid")
    return {
        "id": UUID(attribute["id"]),
        "stream": f"{family}/{UUID(entity)}",
        "version": _sequence(attribute["sequence"]),
        "type": attribute["type"],
        "occurred_at": _moment(attribute["time"]),
        "recorded_at": _moment(attribute["recordedtime"]),
        "correlation_id": UUID(attribute["correlationid"]),
        "causation_id": UUID(causation) if causation else None,
        "hash": attribute["hash"],
    }


def _sequence(text: str) -> int:
    number = int(text)
    if not 1 <= number < 2**31:
        raise ValueError("a version counts from 1 and fits a column")
    return number


def _moment(text: str) -> datetime:
    return in_utc(datetime.fromisoformat(text))


def _stamp(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
