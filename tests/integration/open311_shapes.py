"""The answers of GeoReport v2 as JSON Schemas, written after the specification's tables and our extensions."""

from collections.abc import Mapping
from typing import Any

type Schema = Mapping[str, Any]

WHEN: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$"}
TEXT: Schema = {"type": "string"}
NAMED: Schema = {"type": "string", "minLength": 1}
FLAG: Schema = {"type": "boolean"}


def nullable(schema: Schema) -> Schema:
    """Or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def record(_optional: Mapping[str, Schema] | None = None, **fields: Schema) -> Schema:
    """An object with these fields and no other."""
    return {
        "type": "object",
        "properties": {**fields, **(_optional or {})},
        "required": list(fields),
        "additionalProperties": False,
    }


def many(items: Schema, **rules: Any) -> Schema:
    """A bare array."""
    return {"type": "array", "items": items, **rules}


SERVICE = record(
    service_code=NAMED, service_name=NAMED, description=TEXT, metadata=FLAG,
    type={"enum": ["realtime", "batch", "blackbox"]}, keywords={"type": "string", "pattern": "^[^ ]*$"}, group=TEXT,
)  # fmt: skip

ATTRIBUTE = record(
    variable=FLAG, code=NAMED,
    datatype={"enum": ["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"]},
    required=FLAG, datatype_description=nullable(TEXT), order={"type": "integer", "minimum": 1}, description=TEXT,
    values=many(record(key=NAMED, name=NAMED)),
)  # fmt: skip

EXTENSIONS: Mapping[str, Schema] = {
    "attributes": many(record(code=NAMED, label=TEXT, values=many(record(key=TEXT, name=TEXT)))),
    "extended_attributes": record(channel=NAMED, district=nullable(TEXT), media_urls=many(NAMED)),
    "notes": many(record(datetime=WHEN, status=NAMED, summary=TEXT)),
}

REQUEST = record(
    EXTENSIONS,
    service_request_id=NAMED, status={"enum": ["open", "closed"]}, status_notes=nullable(TEXT), service_name=NAMED,
    service_code=NAMED, description=nullable(TEXT), agency_responsible=nullable(TEXT), service_notice=nullable(TEXT),
    requested_datetime=WHEN, updated_datetime=WHEN, expected_datetime=nullable(WHEN), address=nullable(TEXT),
    address_id=nullable(TEXT), zipcode=nullable(TEXT), lat=nullable({"type": "number"}),
    long=nullable({"type": "number"}), media_url=nullable(NAMED),
)  # fmt: skip

ENDPOINT = record(
    specification={"const": "http://wiki.open311.org/GeoReport_v2"}, url={"type": "string", "pattern": "^https?://"},
    changeset=WHEN, type={"enum": ["production", "test"]}, formats=many(NAMED, minItems=2),
)  # fmt: skip

UPDATE = record(
    update_id=NAMED, service_request_id=NAMED, description=TEXT, updated_datetime=WHEN, media_url=nullable(NAMED),
    status={"enum": ["open", "closed", "fixed", "in_progress", "planned", "action_scheduled", "investigating",
                     "duplicate", "no_further_action", "internal_referral", "cancelled", "for_triage"]},
)  # fmt: skip

SHAPES: Mapping[str, Schema] = {
    "services": many(SERVICE),
    "service_definition": record(service_code=NAMED, attributes=many(ATTRIBUTE)),
    "filed": many(
        record(service_request_id=NAMED, service_notice=nullable(TEXT), account_id=nullable(TEXT)),
        minItems=1,
        maxItems=1,
    ),
    "token": many(record(service_request_id=NAMED, token=NAMED), minItems=1, maxItems=1),
    "requests": many(REQUEST),
    "errors": many(record(code={"type": "integer"}, description=NAMED), minItems=1),
    "discovery": record(changeset=WHEN, contact=NAMED, key_service=NAMED, endpoints=many(ENDPOINT, minItems=2)),
    "updates": many(UPDATE),
}
