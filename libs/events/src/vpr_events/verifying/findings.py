"""What a verification has to say, and what it remembers of each event: two bits."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not agree. ``where`` and ``what`` name ids, numbers and attributes, never their values."""

    service: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.service}: {self.where}: {self.what}"


type Report = Callable[[Finding], None]

type Progress = Callable[[str, int], None]
"""Told now and then what is read, and how much of it so far."""


@dataclass
class Marks:
    """A set of positions, a bit each: a hundred million of them take 12 MB."""

    _chunks: dict[int, bytearray] = field(default_factory=dict)

    def add(self, position: int) -> None:
        """Put it in."""
        chunk, byte, bit = _place(position)
        self._chunks.setdefault(chunk, bytearray(CHUNK))[byte] |= bit

    def __contains__(self, position: int) -> bool:
        chunk, byte, bit = _place(position)
        return chunk in self._chunks and bool(self._chunks[chunk][byte] & bit)


CHUNK = 8192
"""Bytes. In chunks, a position that somebody made up costs no more than one."""


def _place(position: int) -> tuple[int, int, int]:
    byte, bit = divmod(position, 8)
    return (*divmod(byte, CHUNK), 1 << bit)


@dataclass
class Evidence:
    """What log and seals say of one service's events, by position, and what was counted."""

    logged: Marks = field(default_factory=Marks)
    sealed: Marks = field(default_factory=Marks)
    sealed_up_to: int = 0
    """The position up to which the newest seal has sealed, as the table says."""
    stated: tuple[int, int] | None = None
    """Events and streams up to there, as the newest seal says."""
    seals: int = 0
    messages: int = 0
    events: int = 0
    streams: int = 0
