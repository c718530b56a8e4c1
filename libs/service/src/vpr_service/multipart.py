"""Bodies of ``multipart/form-data``, part after part, as they arrive: no file is held or put on a disk here."""

import re
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from vpr_service.problems import Problem

MEDIA_TYPE = "multipart/form-data"
MOST_PARTS = 1000


def is_multipart(request: Request) -> bool:
    """Whether the body says that it is in parts."""
    return request.headers.get("Content-Type", "").partition(";")[0].strip().lower() == MEDIA_TYPE


def _broken(detail: str) -> Problem:
    return Problem(400, "bad_request", f"body: {detail}", errors=[{"field": "body", "detail": detail}])


EXTENDED = re.compile(r"filename\*\s*=\s*utf-8'[^']*'([^;\s]+)", re.IGNORECASE)
"""RFC 6266 has names in other letters so; in a form they stand as they are (RFC 7578)."""


def file_name_in(disposition: str) -> str | None:
    """The file name in a Content-Disposition header (as Latin-1); empty when it is there and empty."""
    if extended := EXTENDED.search(disposition):
        return unquote(extended[1])
    _, options = parse_options_header(disposition)
    name = options.get(b"filename")
    return None if name is None else name.decode("utf-8", "replace")


async def body_of(request: Request) -> AsyncIterator[bytes]:
    """The body as it arrives. Raises Problem 400 when the connection ends before it does."""
    try:
        async for piece in request.stream():
            if piece:
                yield piece
    except ClientDisconnect:
        raise _broken("the connection ended before it did") from None


@dataclass
class Part:
    """One part. Its content must be read before the next part is asked for, or is passed over."""

    name: str
    file_name: str | None
    content_type: str
    _body: "_Body"

    async def content(self) -> AsyncIterator[bytes]:
        """The content as it arrives. Raises Problem 400 for a body that breaks off."""
        while (piece := await self._body.next()) is not END:
            yield bytes(piece)

    async def text(self, limit: int) -> str:
        """The content of a field. Raises Problem 413 for more than ``limit`` bytes, 400 for what is no UTF-8."""
        found = bytearray()
        async for piece in self.content():
            found += piece
            if len(found) > limit:
                raise Problem(413, "body_too_large", "the fields of the form are too large")
        try:
            return found.decode()
        except UnicodeDecodeError:
            raise _broken("must be UTF-8") from None


END: Any = object()
"""Where a part ends."""


async def parts_of(request: Request) -> AsyncIterator[Part]:
    """The parts of the body, in order. Raises Problem 400 for a body that is no multipart."""
    body = _Body(request)
    count = 0
    while (headers := await body.next_part()) is not None:
        if (count := count + 1) > MOST_PARTS:
            raise _broken(f"has more than {MOST_PARTS} parts")
        disposition = headers.get("content-disposition", "")
        _, options = parse_options_header(disposition)
        if b"name" not in options:
            raise _broken("a part has no name")
        name = options[b"name"].decode("utf-8", "replace")
        yield Part(name, file_name_in(disposition), headers.get("content-type", ""), body)


class _Body:
    """Feeds the parser, and hands out what it finds."""

    def __init__(self, request: Request) -> None:
        _, options = parse_options_header(request.headers["Content-Type"])
        self._found: deque[Any] = deque()
        self._headers: dict[str, str] = {}
        self._name, self._value = b"", b""
        self._stream, self._over, self._ended = body_of(request), False, False
        try:
            self._parser = MultipartParser(options[b"boundary"], {
                "on_part_begin": self._begin, "on_header_field": self._header_name,
                "on_header_value": self._header_value, "on_header_end": self._header_end,
                "on_headers_finished": self._headers_end, "on_part_data": self._data, "on_part_end": self._part_end,
                "on_end": self._end,
            })  # fmt: skip
        except (KeyError, FormParserError):
            raise _broken("has no usable boundary") from None

    async def next_part(self) -> dict[str, str] | None:
        """The headers of the next part; what is left of the one before it is passed over. None at the end."""
        while (found := await self._next()) is not None:
            if isinstance(found, dict):
                return found
        return None

    async def next(self) -> Any:
        """Bytes of the present part, or END. Raises Problem 400 when the body ends before it."""
        return await self._next()

    async def _next(self) -> Any:
        while not self._found:
            if self._over:
                return None
            await self._feed()
        return self._found.popleft()

    async def _feed(self) -> None:
        try:
            async for piece in self._stream:
                self._parser.write(piece)
                return
            self._over = True
            if not self._ended:
                raise _broken("ends before its last part does")
        except FormParserError:
            raise _broken("is no multipart/form-data") from None

    def _begin(self) -> None:
        self._headers = {}

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._name.decode("latin-1").lower()] = self._value.decode("latin-1")
        self._name, self._value = b"", b""

    def _headers_end(self) -> None:
        self._found.append(self._headers)

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._found.append(data[start:end])

    def _part_end(self) -> None:
        self._found.append(END)

    def _end(self) -> None:
        self._ended = True
