"""The events as a page for people: a table a family, from the contracts and their docstrings."""

import inspect
from collections.abc import Iterator
from typing import Any

from vpr_events.asyncapi import Receivers
from vpr_events.contracts import CONTRACTS, OWNERS
from vpr_events.event import Event

HEAD = """# Events

Made from the contracts by `make contracts`; the same for programs is [asyncapi.yaml](asyncapi.yaml), and each service
serves its part at `/asyncapi.json`. A `?` marks a field that may be absent. Metrics reads every event.
"""

KINDS = {"uuid": "id", "date-time": "time", "integer": "number", "boolean": "yes or no"}
TEXTS = {r"^[0-9a-f]{64}$": "sha-256", r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$": "local time"}


def page(receivers: Receivers) -> str:
    """The page, in Markdown."""
    return "\n".join([HEAD, *(line for family in OWNERS for line in _family(family, receivers))])


def _family(family: str, receivers: Receivers) -> Iterator[str]:
    yield f"## {family}\n\nSent by {OWNERS[family]}.\n"
    yield "| event | version | means | fields | who reacts |\n|---|---|---|---|---|"
    for name, contract in CONTRACTS.items():
        if name.startswith(f"{family}."):
            meaning = " ".join((inspect.getdoc(contract) or "").split())
            reacting = [one for one, handled in receivers.items() if contract in handled and one != "metrics"]
            cells = (f"`{name}`", str(contract.event_version), meaning, _fields(contract), ", ".join(reacting))
            yield f"| {' | '.join(cells)} |"
    yield ""


def _fields(contract: type[Event]) -> str:
    schema = contract.model_json_schema()
    required, definitions = schema.get("required", ()), schema.get("$defs", {})
    return "<br>".join(
        f"`{name}`{'' if name in required else '?'} {_kind(field, definitions)}"
        for name, field in schema["properties"].items()
    )


def _kind(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    if reference := field.get("$ref"):
        return _kind(definitions[reference.rpartition("/")[2]], definitions)
    if either := field.get("anyOf"):
        return _kind(either[0], definitions)
    if "enum" in field:
        return " / ".join(field["enum"])
    if "items" in field:
        return f"list of {_kind(field['items'], definitions)}"
    if "pattern" in field:
        return TEXTS.get(field["pattern"], "code")
    return KINDS[field.get("format") or field["type"]]
