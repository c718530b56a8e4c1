"""CloudEvents 1.0, binary mode over NATS: lower-case ``ce-*`` headers and the JSON body.

This runs for every event that a relay sends and a consumer takes, so it does no work twice: what depends on the type
alone is remembered, and texts that need no escaping are not escaped.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote
from uuid import UUID

from pydantic_core import SchemaValidator, ValidationError, core_schema

from vpr_events import codec
from vpr_events.contracts import OWNERS
from vpr_events.event import Envelope, Event, Recorded, family_of, in_utc

SUBJECT_PREFIX = "vpr"
MESSAGE_ID = "Nats-Msg-Id"
SCHEMA_ROOT = "urn:vpr:schema"
ESCAPED = re.compile(r"[^A-Za-z0-9_.~:/+-]")
USUAL_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
UUIDS = SchemaValidator(core_schema.uuid_schema())
"""Five times as fast as the standard library's parser."""


@lru_cache(codec.KINDS)
def subject_of(event_type: str) -> str:
    """``report.filed.v1`` -> ``vpr.report.filed``: a subject per kind of event, not per entity. Raises Malformed."""
    return f"{SUBJECT_PREFIX}.{codec.split_type(event_type)[0]}"


def headers_of(event: Envelope, traceparent: str | None = None) -> dict[str, str]:
    """What a published event carries beside its body."""
    event_id = str(event.id)
    headers = {
        "ce-id": event_id,
        "ce-source": f"/vpr/{OWNERS[family_of(event.stream)]}",
        "ce-specversion": "1.0",
        "ce-type": _escaped(event.type),
        "ce-subject": _escaped(event.stream),
        "ce-time": _stamp(event.occurred_at),
        "ce-datacontenttype": "application/json",
        "ce-dataschema": f"{SCHEMA_ROOT}:{_escaped(event.type)}",
        "ce-sequence": str(event.version),
        "ce-recordedtime": _stamp(event.recorded_at),
        "ce-correlationid": str(event.correlation_id),
    }
    if event.causation_id:
        headers["ce-causationid"] = str(event.causation_id)
    headers["ce-hash"] = _escaped(event.hash)
    headers[MESSAGE_ID] = event_id
    if traceparent:
        headers["traceparent"] = traceparent
    return headers


def _escaped(text: str) -> str:
    return quote(text, safe=":/+") if ESCAPED.search(text) else text


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
        envelope = _envelope(
            {name: unquote(value) if "%" in value else value for name, value in (headers or {}).items()}
        )
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


def _envelope(headers: Mapping[str, str]) -> dict[str, Any]:
    causation = headers.get("ce-causationid")
    return {
        "id": _uuid(headers["ce-id"]),
        "stream": _stream(headers["ce-subject"]),
        "version": _sequence(headers["ce-sequence"]),
        "type": headers["ce-type"],
        "occurred_at": _moment(headers["ce-time"]),
        "recorded_at": _moment(headers["ce-recordedtime"]),
        "correlation_id": _uuid(headers["ce-correlationid"]),
        "causation_id": _uuid(causation) if causation else None,
        "hash": headers["ce-hash"],
    }


def _uuid(text: str) -> UUID:
    try:
        found: UUID = UUIDS.validate_python(text)
    except ValidationError:
        return UUID(text)
    return found


def _stream(text: str) -> str:
    family, _, entity = text.partition("/")
    return text if USUAL_UUID.fullmatch(entity) else f"{family}/{UUID(entity)}"


def _sequence(text: str) -> int:
    number = int(text)
    if not 1 <= number < 2**31:
        raise ValueError("a version counts from 1 and fits a column")
    return number


def _moment(text: str) -> datetime:
    return in_utc(datetime.fromisoformat(text))


def _stamp(when: datetime) -> str:
    return in_utc(when).isoformat(timespec="microseconds")[: -len("+00:00")] + "Z"
