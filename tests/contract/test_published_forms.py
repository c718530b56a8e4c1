"""Stored events are the contract: within a version only optional fields are added, and old ones are lifted."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.contract import published
from tests.contract.published import FOLDER, breaks, schema_of, stored
from vpr_events.codec import UPCASTERS, decode
from vpr_events.contracts import CONTRACTS
from vpr_events.contracts.values import Channel
from vpr_events.event import Code, Event

GOLDEN = Path(__file__).parent / "golden"
OLD = [(name, old) for name, contract in CONTRACTS.items() for old in range(1, contract.event_version)]
OLDER = pytest.mark.parametrize(("name", "version"), OLD, ids=[f"{name}.v{old}" for name, old in OLD])


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_a_contract_has_the_form_in_which_it_was_published(contract: type[Event]) -> None:
    old, new = stored(contract.event_type()), schema_of(contract)
    assert old is not None, "a new contract or version: `python -m tests.contract.published` keeps its form"
    assert list(breaks(old, new)) == [], "consumers could not read this: raise the version and add an upcaster"
    assert old == new, "an optional field more: `python -m tests.contract.published` keeps the new form"


def test_no_published_version_is_forgotten() -> None:
    current = {contract.event_type() for contract in CONTRACTS.values()}
    assert {path.stem for path in FOLDER.iterdir()} == current | {f"{name}.v{old}" for name, old in OLD}


def test_every_older_version_has_its_upcaster() -> None:
    assert set(UPCASTERS) == set(OLD)


@OLDER
def test_a_stored_event_of_an_older_version_is_lifted(name: str, version: int) -> None:
    body = (GOLDEN / f"{name}.v{version}.json").read_bytes()
    schema = stored(f"{name}.v{version}")
    assert schema
    Draft202012Validator(schema).validate(json.loads(body))
    lifted = decode(f"{name}.v{version}", body)
    assert type(lifted) is CONTRACTS[name]


class Told(Event):
    """A contract to change."""

    channel: Channel
    category: Code
    district: Code | None = None


def changed(**fields: Any) -> type[Event]:
    """``Told`` with these fields otherwise, or without those that are None."""
    names = {"channel": (Channel, ...), "category": (Code, ...), "district": (Code | None, None)} | fields
    annotations = {name: field[0] for name, field in names.items() if field}
    defaults = {name: field[1] for name, field in names.items() if field and field[1] is not ...}
    return type("Changed", (Event,), {"__annotations__": annotations, "__module__": __name__, **defaults})


def test_an_optional_field_may_be_added() -> None:
    assert list(breaks(schema_of(Told), schema_of(changed(source=(Code | None, None))))) == []


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"district": None}, "district is gone"),
        ({"category": (int, ...)}, "category has another type"),
        ({"category": (Code | None, ...)}, "category has another type"),
        ({"source": (Code, ...)}, "source is new and required"),
    ],
)
def test_a_change_that_consumers_could_not_read_is_seen(fields: dict[str, Any], wrong: str) -> None:
    assert list(breaks(schema_of(Told), schema_of(changed(**fields)))) == [wrong]


def test_a_field_that_becomes_required_or_optional_is_seen() -> None:
    optional = changed(category=(Code, "theft"))
    assert "category is no longer required" in list(breaks(schema_of(Told), schema_of(optional)))
    assert "category is newly required" in list(breaks(schema_of(optional), schema_of(Told)))


def test_another_value_of_an_enumeration_is_seen() -> None:
    schema = json.loads(json.dumps(schema_of(Told)))
    schema["properties"]["channel"]["enum"].append("pigeon")
    assert list(breaks(schema_of(Told), schema)) == ["channel has another type"]


def test_the_tool_refuses_to_keep_an_unreadable_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    schema = {**schema_of(CONTRACTS["unit.off_duty"]), "properties": {"shift": {"type": "integer"}}}
    kept = tmp_path / "unit.off_duty.v1.json"
    kept.write_text(json.dumps(schema))
    monkeypatch.setattr(published, "FOLDER", tmp_path)
    assert published.main() == 1
    assert json.loads(kept.read_text()) == schema
    assert len(list(tmp_path.iterdir())) == len(CONTRACTS)
