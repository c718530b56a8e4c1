"""The AsyncAPI document: valid, complete, told by every service, and the committed pages are up to date."""

import json
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator
from pydantic import SecretStr

from tests.examples import recorded
from vpr.event_pages import page
from vpr.services import assembly, durables, receivers
from vpr_events.asyncapi import HEADERS, document, example_of
from vpr_events.cloudevents import headers_of, subject_of
from vpr_events.contracts import CONTRACTS, OWNERS, SERVICES, families_of
from vpr_events.contracts.case import CasePrioritised
from vpr_events.event import Event
from vpr_service.settings import SharedSettings

DOCS = Path(__file__).parents[2] / "docs"
SPECIFICATION = json.loads((Path(__file__).parent / "asyncapi" / "3.0.0.json").read_bytes())
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
WHOLE = document(receivers())


def errors(found: Any) -> list[str]:
    return [error.message for error in Draft7Validator(SPECIFICATION).iter_errors(found)]


def references(node: Any) -> Iterator[str]:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from references(child)
    if isinstance(node, dict) and isinstance(node.get("$ref"), str):
        yield node["$ref"]


def resolved(found: Any, reference: str) -> Any:
    return reduce(lambda node, name: node[name], reference.removeprefix("#/").split("/"), found)


@pytest.mark.parametrize("name", [None, *SERVICES])
def test_the_document_is_asyncapi_3_and_every_reference_in_it_leads_somewhere(name: str | None) -> None:
    found = document({name: receivers()[name]}) if name else WHOLE
    assert errors(found) == []
    assert all(resolved(found, reference) for reference in references(found))


@pytest.mark.parametrize(
    ("place", "value"),
    [("channels.report.filed", {"adress": "x"}), ("asyncapi", "3"), ("info", {"title": "no version"})],
)
def test_the_check_sees_what_is_wrong(place: str, value: Any) -> None:
    found = json.loads(json.dumps(WHOLE))
    part, _, name = place.partition(".")
    if name:
        found[part][name] = value
    else:
        found[part] = value
    assert errors(found)


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_every_event_is_there_with_an_example_that_its_own_schema_accepts(contract: type[Event]) -> None:
    channel = WHOLE["channels"][contract.event_name]
    assert channel["address"] == subject_of(contract.event_type())
    assert list(channel["messages"]) == [contract.event_type()]
    message = WHOLE["components"]["messages"][contract.event_type()]
    [example] = message["examples"]
    payload = {**message["payload"], "components": WHOLE["components"]}
    Draft202012Validator(payload).validate(example["payload"])
    Draft202012Validator(HEADERS).validate(example["headers"])
    assert contract.model_validate(example["payload"])
    assert example["payload"].keys() == contract.model_fields.keys()


def test_the_owner_sends_and_who_handles_receives() -> None:
    told = {
        (name.partition(".")[0], operation["action"], operation["channel"]["$ref"].removeprefix("#/channels/"))
        for name, operation in WHOLE["operations"].items()
    }
    sent = {(OWNERS[name.partition(".")[0]], "send", name) for name in CONTRACTS}
    received = {(service, "receive", one.event_name) for service, handled in receivers().items() for one in handled}
    assert told == sent | received
    assert {name for service, _, name in received if service == "metrics"} == set(CONTRACTS)


@pytest.mark.parametrize("service", [one for one in SERVICES if one != "metrics"])
def test_what_a_service_receives_is_what_its_durable_is_given(service: str) -> None:
    addresses = sorted(
        WHOLE["channels"][operation["channel"]["$ref"].removeprefix("#/channels/")]["address"]
        for name, operation in WHOLE["operations"].items()
        if name.startswith(f"{service}.receive.")
    )
    assert addresses == list(durables([service])[service])


def test_the_headers_are_those_of_a_published_event() -> None:
    event = recorded(CasePrioritised(**example_of(CasePrioritised)), entity=uuid4())
    headers = headers_of(event, TRACE)
    Draft202012Validator(HEADERS).validate(headers)
    assert headers.keys() | {"ce-causationid"} == HEADERS["properties"].keys()


def test_an_older_version_that_the_log_may_hold_is_named() -> None:
    assert "v1" in WHOLE["channels"]["case.prioritised"]["description"]


def test_the_committed_document_and_page_are_up_to_date() -> None:
    assert yaml.safe_load((DOCS / "asyncapi.yaml").read_text()) == WHOLE, "run `make contracts`"
    assert (DOCS / "events.md").read_text() == page(receivers()), "run `make contracts`"


def test_the_page_tells_of_every_event_who_sends_it_and_who_reacts() -> None:
    lines = page(receivers()).splitlines()
    assert all(any(line.startswith(f"| `{name}` |") for line in lines) for name in CONTRACTS)
    [filed] = [line for line in lines if line.startswith("| `report.filed` |")]
    assert "`channel` web / open311 / partner / clerk<br>`category` code<br>`district`? code" in filed
    assert filed.endswith("| triage |")


@pytest.mark.parametrize("name", SERVICES)
async def test_a_service_tells_its_own_part(name: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"folder": tmp_path} if name == "metrics" else {}
    shared = SharedSettings(vpr_environment="development", log_level="warning")
    url = SecretStr("postgresql+asyncpg://nobody@/nothing")
    app = assembly(name).make_app(assembly(name).Settings(database_url=url, shared=shared, **options))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service.test") as client:
        answer = await client.get("/asyncapi.json")
    assert answer.status_code == 200
    found = answer.json()
    assert errors(found) == []
    assert {operation.partition(".")[0] for operation in found["operations"]} == {name}
    own = {channel for channel in CONTRACTS if channel.partition(".")[0] in families_of(name)}
    assert own <= found["channels"].keys()
