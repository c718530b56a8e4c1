"""Lines of a body, however it is cut into chunks."""

from collections.abc import AsyncIterator, Sequence

from hypothesis import given
from hypothesis import strategies as st

from vpr_service.ndjson import Line, lines

LONGEST = 8
bodies = st.lists(st.sampled_from([b"{}", b"\n", b"\r\n", b" ", b"12345678", b"123456789", b"\xff", b"\xe2\x80\xa8"]))


async def read(chunks: Sequence[bytes]) -> list[Line]:
    async def arriving() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    return [line async for line in lines(arriving(), LONGEST)]


def expected(body: bytes) -> list[Line]:
    numbered = enumerate(body.split(b"\n"), 1)
    found = [Line(number, text.strip(b" \t\r") if len(text) <= LONGEST else None) for number, text in numbered]
    return [line for line in found if line.text != b""]


@given(bodies, st.data())
async def test_lines_are_the_same_however_the_body_arrives(parts: list[bytes], data: st.DataObject) -> None:
    body = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)))))
    chunks = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    assert await read(chunks) == expected(body)


async def test_a_line_that_is_too_long_is_told_without_its_text_and_the_next_one_is_whole() -> None:
    assert await read([b"x" * 100, b"x" * 100, b"\nnext\n"]) == [Line(1, None), Line(2, b"next")]
