"""The fast client against the original: any headers are read and written as nats-py does it, byte for byte."""

from collections.abc import Mapping
from uuid import UUID

from hypothesis import example, given
from hypothesis import strategies as st
from nats.aio.client import Client as NatsClient
from nats.errors import Error

from tests.examples import recorded
from vpr_events.client import Client, block_of, headers_in
from vpr_events.cloudevents import headers_of
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


names = st.sampled_from(["ce-id", "Nats-Msg-Id", "a b", "a:", "", " ", "é"]) | st.text(max_size=3)
values = st.sampled_from(["", "1", "a b", " a", "a ", "a\r\nb: c", "a: b", "é", "\x00"]) | st.text(max_size=3)


async def written(client: NatsClient, headers: Mapping[str, str]) -> object:
    """What the client would send, or why it refuses to."""
    try:
        await client._send_publish("vpr.report.filed", "reply.here", b"{}", 2, dict(headers))
    except Error as error:
        return repr(error)
    return [bytes(command) for command in client._pending], client.stats


@given(st.dictionaries(names, values, max_size=4))
@example({"a": "1", "": "2"})
@example({"a": "1", "b": "2 "})
async def test_any_headers_are_written_as_nats_py_writes_them(headers: dict[str, str]) -> None:
    assert await written(Client(), headers) == await written(NatsClient(), headers)


def test_the_headers_of_our_events_take_the_fast_ways() -> None:
    headers = headers_of(EVENT)
    block = block_of(headers)
    assert block is not None
    assert headers_in(block.removeprefix(b"NATS/1.0\r\n")) == headers
