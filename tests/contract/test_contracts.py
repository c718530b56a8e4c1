"""The published contracts: what they may hold, and that their form on the wire never changes unseen."""

import enum
import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AwareDatetime, ValidationError
from pydantic.fields import FieldInfo

from tests.examples import NOON, recorded
from vpr_events.cloudevents import MESSAGE_ID, event_of, headers_of, subject_of
from vpr_events.codec import Malformed, UnknownVersion, decode, encode
from vpr_events.contracts import CONTRACTS, OWNERS, SERVICES, families_of
from vpr_events.contracts.case import CasePrioritised
from vpr_events.contracts.report import ReportFiled
from vpr_events.contracts.values import Channel, Gravest
from vpr_events.event import Event, Recorded

GOLDEN = Path(__file__).parent / "golden"
PLAIN = {UUID, int, bool, AwareDatetime}
"""No float: nothing that is counted needs one, and coordinates do."""
PERSONAL = {
    "lat", "latitude", "long", "lon", "longitude", "location", "point", "address", "street", "postcode", "zipcode",
    "name", "phone", "telephone", "email", "mail", "text", "note", "notes", "description", "narrative", "comment",
    "comments", "remark", "message", "title", "body", "birth", "age", "person", "contact", "plate", "ip", "url", "uri",
    "path", "filename", "file",
}  # fmt: skip
ALL = pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)


def bounded(metadata: list[Any]) -> bool:
    """Whether a text has a pattern that admits neither a sentence nor anything long."""
    patterns = [one.pattern for one in metadata if getattr(one, "pattern", None)]
    return any(p.startswith("^") and p.endswith("$") and r"\s" not in p and "." not in p.replace(r"[A-Za-z0-9._/-]", "")
               for p in patterns)  # fmt: skip


def allowed(kind: Any, metadata: list[Any]) -> bool:
    """Whether a field of this type can hold no personal data."""
    origin = get_origin(kind)
    if hasattr(kind, "__metadata__"):
        return allowed(kind.__origin__, [*metadata, *kind.__metadata__])
    if origin in {Union, UnionType}:
        return all(one is type(None) or allowed(one, metadata) for one in get_args(kind))
    if origin is tuple:
        item, rest = get_args(kind)
        return rest is Ellipsis and allowed(item, [])
    if kind is str:
        return bounded(metadata)
    return kind in PLAIN or (isinstance(kind, type) and issubclass(kind, enum.StrEnum))


def personal(name: str) -> bool:
    return not PERSONAL.isdisjoint(name.removesuffix("_id").split("_"))


def field_allowed(name: str, field: FieldInfo) -> bool:
    return not personal(name) and allowed(field.annotation, field.metadata)


@ALL
def test_a_contract_can_hold_no_personal_data(contract: type[Event]) -> None:
    fields = contract.model_fields.items()
    assert [name for name, field in fields if not field_allowed(name, field)] == []
    assert contract.model_config["extra"] == "ignore"
    assert contract.__pydantic_decorators__.computed_fields == {}


class Leaky(Event):
    """Every way to smuggle personal data into a contract that comes to mind."""

    latitude: float
    caller_name: UUID
    remarks: str
    codes: tuple[str, ...]
    anything: Any
    either: UUID | str
    more: dict[str, str]
    nested: Event


def test_the_rule_sees_each_way_round_it() -> None:
    assert [name for name, field in Leaky.model_fields.items() if field_allowed(name, field)] == []


@ALL
@pytest.mark.parametrize("text", ["two words", "Quillon Zzyzxwood", "a@b.example", "x" * 65, "", "line\n", "é", "\0"])
def test_no_text_field_takes_a_sentence(contract: type[Event], text: str) -> None:
    for name in contract.model_fields:
        with pytest.raises(ValidationError) as refused:
            contract.model_validate({name: text})
        wrong = {error["loc"][0] for error in refused.value.errors()}
        assert name in wrong, f"{name} took {text!r}"


@ALL
def test_a_contract_belongs_to_a_family_with_an_owner(contract: type[Event]) -> None:
    family, _, happened = contract.event_name.partition(".")
    assert OWNERS[family] in SERVICES
    assert happened
    assert subject_of(contract.event_type()) == f"vpr.{contract.event_name}"
    assert "".join(part.capitalize() for part in contract.event_name.replace(".", "_").split("_")) == contract.__name__


def test_every_family_has_one_owner_and_some_contract() -> None:
    assert sorted(OWNERS) == sorted({name.partition(".")[0] for name in CONTRACTS})
    assert [family for service in SERVICES for family in families_of(service)] == list(OWNERS)


def test_no_two_contracts_share_a_name() -> None:
    def below(kind: type[Event]) -> list[type[Event]]:
        return [kind, *(deeper for one in kind.__subclasses__() for deeper in below(one))]

    ours = [one for one in below(Event) if one.__module__.startswith("vpr_events.contracts.")]
    assert sorted(ours, key=str) == sorted(CONTRACTS.values(), key=str)


moments = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
codes = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._/-]{0,39}\Z")
BY_PATTERN = {
    "^[0-9a-f]{64}$": st.from_regex(r"\A[0-9a-f]{64}\Z"),
    r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$": moments.map(lambda when: when.strftime("%Y-%m-%dT%H:%M")),
}


def values(kind: Any, metadata: list[Any]) -> st.SearchStrategy[Any]:
    """Values of a field's type."""
    if hasattr(kind, "__metadata__"):
        return values(kind.__origin__, [*metadata, *kind.__metadata__])
    if get_origin(kind) in {Union, UnionType}:
        either = [st.none() if one is type(None) else values(one, metadata) for one in get_args(kind)]
        return st.one_of(*either)
    if get_origin(kind) is tuple:
        return st.lists(values(get_args(kind)[0], []), max_size=4).map(tuple)
    if kind is str:
        patterns = [one.pattern for one in metadata if getattr(one, "pattern", None)]
        return next((BY_PATTERN[one] for one in patterns if one in BY_PATTERN), codes)
    plain: dict[Any, st.SearchStrategy[Any]] = {
        UUID: st.uuids(), int: st.integers(-(2**31), 2**31 - 1), bool: st.booleans(), AwareDatetime: moments,
    }  # fmt: skip
    return plain[kind] if kind in plain else st.sampled_from(list(kind))


def instances(contract: type[Event]) -> st.SearchStrategy[Event]:
    fields = contract.model_fields.items()
    return st.builds(contract, **{name: values(field.annotation, field.metadata) for name, field in fields})


EVENTS = st.sampled_from(sorted(CONTRACTS.values(), key=str)).flatmap(instances)


@given(EVENTS)
def test_every_event_survives_the_way_through_bytes(event: Event) -> None:
    body = encode(event)
    assert decode(event.event_type(), body) == event
    assert encode(event) == body
    assert b"null" not in body


@given(EVENTS, st.uuids(), moments, moments, st.none() | st.uuids())
def test_every_recorded_event_survives_the_way_over_the_wire(
    event: Event, entity: UUID, occurred: datetime, written: datetime, cause: UUID | None
) -> None:
    sent = replace(recorded(event, entity=entity), occurred_at=occurred, recorded_at=written, causation_id=cause)
    assert event_of(headers_of(sent), sent.body) == sent


@given(EVENTS)
def test_unknown_fields_are_ignored(event: Event) -> None:
    body = json.dumps({**json.loads(encode(event)), "added_later": {"by": ["a", "newer", "producer"]}})
    assert decode(event.event_type(), body.encode()) == event


def test_times_are_written_in_utc() -> None:
    event = ReportFiled(
        channel=Channel.WEB, category="theft", occurred_from=datetime.fromisoformat("2026-05-04T07:00:00-05:00")
    )
    assert json.loads(encode(event))["occurred_from"] == "2026-05-04T12:00:00Z"


@pytest.mark.parametrize("when", ["2026-05-04T07:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_needs_an_offset_and_a_calendar(when: str) -> None:
    with pytest.raises(Malformed):
        decode("report.filed.v1", json.dumps({"channel": "web", "category": "theft", "occurred_to": when}).encode())


def test_an_event_can_not_be_changed() -> None:
    event = CasePrioritised(priority=1, gravest=Gravest.LOWEST)
    with pytest.raises(ValidationError):
        event.priority = 2  # type: ignore[misc]


def test_a_type_that_nobody_knows_is_nothing() -> None:
    assert decode("weather.changed.v1", b"not even JSON") is None


@pytest.mark.parametrize("event_type", ["report.filed.v2", "case.prioritised.v3"])
def test_a_version_that_we_do_not_know_is_said_to_be_so(event_type: str) -> None:
    with pytest.raises(UnknownVersion):
        decode(event_type, b"{}")


@pytest.mark.parametrize("event_type", ["report.filed", "report.filed.v", "report.filed.vx", "report.filed.v-1", ""])
def test_a_type_without_a_version_is_malformed(event_type: str) -> None:
    with pytest.raises(Malformed):
        decode(event_type, b"{}")


@pytest.mark.parametrize("event_type", ["case.prioritised.v1", "case.prioritised.v2"])
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"17", b"null", b"\xff", b'{"priority": "high"}', b"{}", b"[" * 9999]
)
def test_a_broken_body_is_malformed(event_type: str, body: bytes) -> None:
    with pytest.raises(Malformed):
        decode(event_type, body)


def test_the_first_version_of_a_priority_is_lifted() -> None:
    body = (GOLDEN / "case.prioritised.v1.json").read_bytes()
    assert decode("case.prioritised.v1", body) == CasePrioritised(priority=0, gravest=Gravest.LOWEST)


def golden_event() -> Recorded:
    data = ReportFiled(
        channel=Channel.OPEN311,
        category="theft",
        district="4/north",
        client_id=UUID("01900000-0000-7000-8000-000000000003"),
        occurred_from=datetime(2026, 5, 4, 11, 30, tzinfo=UTC),
        occurred_to=datetime(2026, 5, 4, 11, 45, 0, 250_000, tzinfo=UTC),
    )
    return recorded(
        data,
        entity=UUID("01900000-0000-7000-8000-000000000001"),
        event_id=UUID("01900000-0000-7000-8000-000000000002"),
        at=NOON,
    )


def test_the_form_on_the_wire_is_the_one_that_was_published() -> None:
    """A change here breaks every consumer and every stored hash: it needs a new version of the contract instead."""
    headers = json.loads((GOLDEN / "report.filed.v1.headers.json").read_bytes())
    body = (GOLDEN / "report.filed.v1.json").read_bytes()
    event = golden_event()
    assert event.body == body
    assert headers_of(event, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01") == headers
    assert event_of(headers, body) == event
    assert headers[MESSAGE_ID] == headers["ce-id"]


@pytest.mark.parametrize(
    "missing", ["id", "type", "subject", "sequence", "time", "recordedtime", "correlationid", "hash"]
)
def test_an_event_without_one_of_its_attributes_is_malformed(missing: str) -> None:
    headers = headers_of(golden_event())
    del headers[f"ce-{missing}"]
    with pytest.raises(Malformed):
        event_of(headers, golden_event().body)


@pytest.mark.parametrize("headers", [None, {}, {"Content-Type": "application/json"}])
def test_a_message_without_headers_is_malformed(headers: dict[str, str] | None) -> None:
    with pytest.raises(Malformed):
        event_of(headers, b"{}")


def test_importing_the_contracts_loads_neither_database_nor_broker() -> None:
    script = "import sys, vpr_events.contracts; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "vpr_events" in loaded
    assert {"sqlalchemy", "asyncpg", "nats", "fastapi", "vpr_service"}.isdisjoint(loaded)
