"""Which part of an item an HTTP request asks for (RFC 9110, 14.2)."""

import re
from dataclasses import dataclass

ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.IGNORECASE)


class Unsatisfiable(Exception):
    """The range lies outside of the item: 416."""


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes from ``start`` to before ``end`` of ``size``."""

    start: int
    end: int
    size: int

    @property
    def content_range(self) -> str:
        """The header that goes with it."""
        return f"bytes {self.start}-{self.end - 1}/{self.size}"


def part_of(header: str | None, size: int) -> Part | None:
    """The part that a Range header asks for; None for the whole: without a header, with one that cannot be read, or
    with several ranges, which a server may pass over. Raises Unsatisfiable.
    """
    found = ONE_RANGE.fullmatch((header or "").strip())
    if not found or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        length = min(int(last), size)
        if not length:
            raise Unsatisfiable
        return Part(size - length, size, size)
    start, end = int(first), min(int(last) + 1, size) if last else size
    if last and int(last) < int(first):
        return None
    if start >= size:
        raise Unsatisfiable
    return Part(start, end, size)
