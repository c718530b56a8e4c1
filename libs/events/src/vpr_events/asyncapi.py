"""The events as an AsyncAPI 3.0 document, made from the contracts: what each service sends, and what it receives."""

import inspect
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from vpr_events.cloudevents import MESSAGE_ID, SCHEMA_ROOT, SUBJECT_PREFIX
from vpr_events.codec import UPCASTERS
from vpr_events.contracts import CONTRACTS, OWNERS
from vpr_events.event import Event

VERSION = "1.0.0"
"""Of the document. Events have versions of their own, in their types."""

type Receivers = Mapping[str, Collection[type[Event]]]
"""Service -> the contracts it does something about."""

type Node = dict[str, Any]


def document(receivers: Receivers) -> Node:
    """The document of these services: their own families' events as sent, the others' as received."""
    used = [one for one in CONTRACTS.values() if _owner(one) in receivers or _read_by(one, receivers)]
    return {
        "asyncapi": "3.0.0",
        "id": "urn:vpr:events",
        "info": _info(receivers),
        "defaultContentType": "application/json",
        "servers": {"log": SERVER},
        "channels": {contract.event_name: _channel(contract) for contract in used},
        "operations": {name: operation for one in used for name, operation in _operations(one, receivers)},
        "components": {
            "messages": {contract.event_type(): _message(contract) for contract in used},
            "schemas": {"Headers": HEADERS, **_schemas(used)},
        },
    }


def _info(receivers: Receivers) -> Node:
    who = "the five services" if len(receivers) > 1 else f"the service {next(iter(receivers))}"
    return {
        "title": f"VPR events of {who}",
        "version": VERSION,
        "description": "Every event is a CloudEvent in binary mode on one JetStream stream, the event log. "
        "Consumers ignore unknown fields and types, and know an event by its ce-id: it may come more than once.",
        "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
    }


SERVER: Node = {
    "host": "localhost:4222",
    "protocol": "nats",
    "description": "NATS with JetStream; the stream is VPR. Each service has an account and a durable consumer.",
}


def _owner(contract: type[Event]) -> str:
    return OWNERS[_family(contract)]


def _family(contract: type[Event]) -> str:
    return contract.event_name.partition(".")[0]


def _read_by(contract: type[Event], receivers: Receivers) -> list[str]:
    return [service for service, contracts in receivers.items() if contract in contracts]


def _channel(contract: type[Event]) -> Node:
    older = [f"v{version}" for name, version in sorted(UPCASTERS) if name == contract.event_name]
    note = f"\n\nThe log may hold {', '.join(older)} of it, which our consumers lift." if older else ""
    return {
        "address": f"{SUBJECT_PREFIX}.{contract.event_name}",
        "description": _doc(contract) + note,
        "servers": [{"$ref": "#/servers/log"}],
        "messages": {contract.event_type(): {"$ref": f"#/components/messages/{contract.event_type()}"}},
        "tags": [{"name": _family(contract)}],
    }


def _operations(contract: type[Event], receivers: Receivers) -> Iterable[tuple[str, Node]]:
    actions = [(_owner(contract), "send")] if _owner(contract) in receivers else []
    actions += [(service, "receive") for service in _read_by(contract, receivers)]
    for service, action in actions:
        channel = f"#/channels/{contract.event_name}"
        yield (
            f"{service}.{action}.{contract.event_name}",
            {
                "action": action,
                "channel": {"$ref": channel},
                "summary": f"{service.capitalize()} {action}s {contract.event_name}.",
                "messages": [{"$ref": f"{channel}/messages/{contract.event_type()}"}],
                "tags": [{"name": service}],
            },
        )


def _message(contract: type[Event]) -> Node:
    payload = example_of(contract)
    return {
        "name": contract.event_type(),
        "title": contract.__name__,
        "summary": _doc(contract).split("\n")[0],
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/Headers"},
        "payload": {"$ref": f"#/components/schemas/{contract.__name__}"},
        "examples": [{"headers": _example_headers(contract), "payload": payload}],
    }


def _doc(contract: type[Event]) -> str:
    return inspect.getdoc(contract) or ""


def _text(description: str, **more: Any) -> Node:
    return {"type": "string", "description": description, **more}


HEADERS: Node = {
    "type": "object",
    "properties": {
        "ce-id": _text("The event's id, a UUIDv7: its first arrival counts.", format="uuid"),
        "ce-source": _text("Who recorded it: /vpr/<service>.", pattern="^/vpr/[a-z]+$"),
        "ce-specversion": _text("CloudEvents 1.0.", const="1.0"),
        "ce-type": _text("The event's name and version.", pattern=r"^[a-z_]+\.[a-z_]+\.v[1-9][0-9]*$"),
        "ce-subject": _text("Its stream: <family>/<uuid>.", pattern="^[a-z]+/[0-9a-f-]{36}$"),
        "ce-time": _text("When it happened in the world.", format="date-time"),
        "ce-datacontenttype": _text("Of the body.", const="application/json"),
        "ce-dataschema": _text("Names the body's schema.", pattern=f"^{SCHEMA_ROOT}:"),
        "ce-sequence": _text("Its version in its stream, from 1, without a gap.", pattern="^[1-9][0-9]*$"),
        "ce-recordedtime": _text("When it was written.", format="date-time"),
        "ce-correlationid": _text("The report's id.", format="uuid"),
        "ce-causationid": _text("The event that led to it.", format="uuid"),
        "ce-hash": _text("Chains it to the event before it in its stream (SHA-256).", pattern="^[0-9a-f]{64}$"),
        MESSAGE_ID: _text("The event's id again, by which the broker drops repeats.", format="uuid"),
        "traceparent": _text("W3C trace context of the request behind it."),
    },
}
OPTIONAL = ("ce-causationid", "traceparent")
HEADERS["required"] = [name for name in HEADERS["properties"] if name not in OPTIONAL]

AN_ID = "01900000-0000-7000-8000-000000000001"
A_TIME = "2026-05-04T12:00:00Z"


def _example_headers(contract: type[Event]) -> Node:
    return {
        "ce-id": AN_ID,
        "ce-source": f"/vpr/{_owner(contract)}",
        "ce-specversion": "1.0",
        "ce-type": contract.event_type(),
        "ce-subject": f"{_family(contract)}/{AN_ID}",
        "ce-time": A_TIME,
        "ce-datacontenttype": "application/json",
        "ce-dataschema": f"{SCHEMA_ROOT}:{contract.event_type()}",
        "ce-sequence": "1",
        "ce-recordedtime": A_TIME,
        "ce-correlationid": AN_ID,
        "ce-hash": "0" * 64,
        MESSAGE_ID: AN_ID,
    }


def _schemas(contracts: Iterable[type[Event]]) -> Node:
    """Every contract's schema and the enumerations they share, each under its name."""
    wanted = [(contract, "validation") for contract in contracts]
    _, found = models_json_schema(wanted, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    schemas: Node = found["$defs"]
    return schemas


def example_of(contract: type[Event]) -> Node:
    """A body of this contract with every field, made up from its schema."""
    whole = contract.model_json_schema()
    return {name: _example(field, whole.get("$defs", {})) for name, field in whole["properties"].items()}


def _example(field: Node, definitions: Node) -> Any:
    if reference := field.get("$ref"):
        return _example(definitions[reference.rpartition("/")[2]], definitions)
    if either := field.get("anyOf"):
        return _example(either[0], definitions)
    if "enum" in field:
        return field["enum"][0]
    if "items" in field:
        return [_example(field["items"], definitions)]
    if "pattern" in field:
        return next(text for text in BY_PATTERN if re.fullmatch(field["pattern"], text))
    return BY_FORMAT.get(field.get("format", ""), 1 if field["type"] == "integer" else True)


BY_PATTERN = ("2026-05-04T14:30", "0" * 64, "code-1")
BY_FORMAT = {"uuid": AN_ID, "date-time": A_TIME}
