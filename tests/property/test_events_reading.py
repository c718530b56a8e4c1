"""What is published is read back, and ids are read as the standard library reads them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.examples import NOON, recorded
from vpr_events.cloudevents import event_of, headers_of
from vpr_events.codec import Malformed
from vpr_events.contracts.report import ReportFiled
from vpr_events.contracts.values import Channel

EVENT = recorded(ReportFiled(channel=Channel.WEB, category="theft"), entity=UUID(int=7), event_id=UUID(int=8))


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
