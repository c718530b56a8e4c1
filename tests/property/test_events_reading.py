"""What is read fast is read as it was before: headers as nats-py does, ids as the standard library does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from nats.aio.client import Client as NatsClient

from tests.examples import NOON, recorded
from vpr_events.client import Client, plain_headers
from vpr_events.cloudevents import event_of, headers_of
from vpr_events.codec import Malformed
from vpr_events.contracts.report import ReportFiled
from vpr_events.contracts.values import Channel

pieces = st.sampled_from(
    [b"ce-id", b"a", b":", b": ", b" ", b"\r\n", b"\r", b"\n", b"\t", b"\x0b", b"\xc3\xa9", b"\xff"]
)
blocks = st.lists(pieces | st.binary(max_size=3), max_size=25).map(b"".join)

EVENT = recorded(ReportFiled(channel=Channel.WEB, category="theft"), entity=UUID(int=7), event_id=UUID(int=8))


@given(blocks)
@example(b"a: 1\r\na:b: 2\r\n\r\n")
@example(b"a: 1 \r\n\r\n")
@example(b"a b: 1\r\n\r\n")
@example(b"a: 1\rb: 2\n\r\n")
def test_any_header_block_is_read_as_nats_py_reads_it(raw: bytes) -> None:
    assert Client._parse_header_lines(raw) == NatsClient._parse_header_lines(raw)


def test_the_headers_of_our_events_are_read_the_fast_way() -> None:
    headers = headers_of(EVENT)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    assert plain_headers(f"{lines}\r\n".encode()) == headers


def _id_or_none(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


digits = st.uuids().flatmap(lambda one: st.sampled_from([str(one), one.hex, f"{{{one}}}", one.urn, str(one).upper()]))


@given(digits | st.text("0123456789abcdefABCDEF-{}:urid", max_size=45))
@example("0-1-2-3-4567890123456789012345678901")
def test_an_id_is_read_as_the_standard_library_reads_it(text: str) -> None:
    expected = _id_or_none(text)
    spelled = quote(text)
    headers = headers_of(EVENT) | {"ce-id": spelled, "ce-correlationid": spelled, "ce-subject": f"report/{spelled}"}
    if expected is None:
        with pytest.raises(Malformed):
            event_of(headers, EVENT.body)
    else:
        event = event_of(headers, EVENT.body)
        assert event is not None
        assert (event.id, event.correlation_id, event.stream) == (expected, expected, f"report/{expected}")


offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
times = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=offsets | st.just(UTC))  # noqa: DTZ001 - bounds


@given(times, times, st.integers(1, 2**31 - 1), st.none() | st.uuids(), st.text(min_size=1).filter(str.isprintable))
def test_what_is_published_is_read_back(
    occurred_at: datetime, recorded_at: datetime, version: int, cause: UUID | None, digest: str
) -> None:
    sent = replace(
        EVENT, occurred_at=occurred_at, recorded_at=recorded_at, version=version, causation_id=cause, hash=digest
    )
    assert all(value.isascii() for value in headers_of(sent).values())
    assert event_of(headers_of(sent), sent.body) == sent


def test_times_are_read_in_utc() -> None:
    event = event_of(headers_of(EVENT) | {"ce-time": "2026-05-04T14:00:00+02:00"}, EVENT.body)
    assert event is not None
    assert (event.occurred_at, event.occurred_at.tzinfo) == (NOON, UTC)
