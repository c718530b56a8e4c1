"""The form in which each contract was published, kept as JSON schema in ``schemas/<type>.json``.

``python -m tests.contract.published`` writes what is new: a new contract, a new version, an optional field that was
added. It refuses what consumers could not read: that needs a new version of the contract.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vpr_events.contracts import CONTRACTS
from vpr_events.event import Event

FOLDER = Path(__file__).parent / "schemas"
WORDS = ("title", "description")
"""What explains, and so may change."""

type Schema = Mapping[str, Any]


def schema_of(contract: type[Event]) -> Schema:
    """A contract's schema without explanations and with every reference resolved."""
    whole = contract.model_json_schema()
    plain: Schema = _plain({key: value for key, value in whole.items() if key != "$defs"}, whole.get("$defs", {}))
    return plain


def _plain(part: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(part, list):
        return [_plain(one, definitions) for one in part]
    if not isinstance(part, dict):
        return part
    if reference := part.get("$ref"):
        part = {**definitions[reference.rpartition("/")[2]], **{k: v for k, v in part.items() if k != "$ref"}}
    return {
        key: {name: _plain(field, definitions) for name, field in value.items()}
        if key == "properties"
        else _plain(value, definitions)
        for key, value in part.items()
        if key not in WORDS
    }


def stored(event_type: str) -> Schema | None:
    """The published form of a type; None when it was never published."""
    path = FOLDER / f"{event_type}.json"
    found: Schema | None = json.loads(path.read_text()) if path.exists() else None
    return found


def breaks(old: Schema, new: Schema) -> Iterator[str]:
    """What within one version must not change: consumers of the old form would lose something or refuse it."""
    before, after = old["properties"], new["properties"]
    required, now_required = set(old.get("required", ())), set(new.get("required", ()))
    for name in before.keys() - after.keys():
        yield f"{name} is gone"
    for name in before.keys() & after.keys():
        if before[name] != after[name]:
            yield f"{name} has another type"
        if (name in required) != (name in now_required):
            yield f"{name} is {'no longer' if name in required else 'newly'} required"
    for name in (after.keys() - before.keys()) & now_required:
        yield f"{name} is new and required"
    if any(old.get(key) != new.get(key) for key in (old.keys() | new.keys()) - {"properties", "required"}):
        yield "something beside its fields is different"


def main() -> int:
    """Write what is new and compatible; 1 when something is not."""
    refused = 0
    for contract in CONTRACTS.values():
        event_type, new = contract.event_type(), schema_of(contract)
        old = stored(event_type)
        if old is not None and (wrong := list(breaks(old, new))):
            sys.stderr.write(f"{event_type}: {'; '.join(wrong)}: raise its version\n")
            refused = 1
        elif old != new:
            (FOLDER / f"{event_type}.json").write_text(json.dumps(new, indent=1) + "\n")
    return refused


if __name__ == "__main__":
    sys.exit(main())
