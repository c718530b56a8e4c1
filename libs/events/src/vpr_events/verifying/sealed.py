"""Seals against files, rows, keys and the events that they name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import Any

from sqlalchemy import Integer, Row, Text, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events.seals import BadSeal, Head, PublicKeys, Seal, SealFolder, digest_of, opened
from vpr_events.tables import events, seals
from vpr_events.verifying.findings import Evidence, Finding, Progress, Report

ROWS = 20
HEADS = 2000

type SealRow = Row[*tuple[Any, ...]]

_asked = (
    func.unnest(
        bindparam("streams", type_=ARRAY(Text)),
        bindparam("firsts", type_=ARRAY(Integer)),
        bindparam("lasts", type_=ARRAY(Integer)),
    )
    .table_valued(column("stream", Text), column("first", Integer), column("last", Integer))
    .render_derived()
    .alias("asked")
)
_BENEATH = select(events.c.stream, events.c.version, events.c.position, events.c.hash).select_from(
    _asked.join(events, (events.c.stream == _asked.c.stream) & events.c.version.between(_asked.c.first, _asked.c.last))
)


@dataclass
class SealCheck:
    """One service's seals. ``listed``: the numbers of the files that were there before the snapshot was taken."""

    service: str
    snapshot: AsyncConnection
    folder: SealFolder
    keys: PublicKeys
    listed: Sequence[int]
    grace: timedelta
    report: Report
    progress: Progress
    evidence: Evidence
    _before: tuple[int, str] = field(default=(0, ""), init=False)
    _standing: tuple[int, int, int] = field(default=(0, 0, 0), init=False)

    async def run(self) -> None:
        """Look at every seal that has a file or a row, in order."""
        found = (await self.snapshot.execute(select(seals.c.number))).scalars()
        numbers = sorted({*found, *self.listed})
        for missing in _gaps(numbers):
            self._find(missing, "gone: neither its file nor its row is there")
        for some in batched(numbers, ROWS, strict=False):
            query = select(seals).where(seals.c.number.in_(some))
            rows = {row.number: row for row in await self.snapshot.execute(query)}
            for number in some:
                await self._check(number, rows.get(number))
            self.progress("seals", self.evidence.seals)

    async def _check(self, number: int, row: SealRow | None) -> None:
        kept = self.folder.read(number)
        if kept is None and row is not None and (row.filed or _age(row.sealed_at) > self.grace):
            self._find(number, "its file is missing")
        if row is None:
            self._find(number, "its row is missing")
        elif kept is not None and kept != row.content:
            self._find(number, "its file and its row differ")
        copies = [copy for copy in (kept, row.content if row else None) if copy is not None]
        seal = self._opened(number, copies)
        self.evidence.seals += 1
        if seal:
            self._check_row(number, row, seal)
            await self._check_heads(number, seal.heads)
        elif row is not None:
            self.evidence.sealed_up_to, self.evidence.stated = row.last_position, None

    def _opened(self, number: int, copies: Sequence[bytes]) -> Seal | None:
        """The seal of the first copy that is good; its place in the chain is checked."""
        before, self._before = self._before, (number, digest_of(copies[0]) if copies else "")
        for copy in dict.fromkeys(copies):
            try:
                seal = opened(copy, self.keys)
            except BadSeal as error:
                self._find(number, str(error))
                continue
            self._before = (number, digest_of(copy))
            if (seal.service, seal.number) != (self.service, number):
                self._find(number, f"it is seal {seal.number} of {seal.service}")
            if before[0] == number - 1 and seal.previous != before[1]:
                self._find(number, "it does not follow the seal before it")
            return seal
        return None

    def _check_row(self, number: int, row: SealRow | None, seal: Seal) -> None:
        if row is None:
            return
        if row.sealed_at != seal.sealed_at:
            self._find(number, "its row tells another time")
        stated, told, standing = (seal.events, seal.streams), (row.events, row.streams), self._standing
        self._standing = (row.last_position, *told)
        if told == stated:
            self.evidence.sealed_up_to, self.evidence.stated = row.last_position, stated
        elif self._standing != standing:  # else it was adopted: what it covers is sealed once more
            self._find(number, "its row tells other counts")

    async def _check_heads(self, number: int, heads: Sequence[Head]) -> None:
        for some in batched(heads, HEADS, strict=False):
            asked = {
                "streams": [head.stream for head in some],
                "firsts": [head.first for head in some],
                "lasts": [head.last for head in some],
            }
            beneath: dict[str, dict[int, str]] = {}
            for row in await self.snapshot.execute(_BENEATH, asked):
                beneath.setdefault(row.stream, {})[row.version] = row.hash
                self.evidence.sealed.add(row.position)
            for head in some:
                self._check_head(number, head, beneath.get(head.stream, {}))

    def _check_head(self, number: int, head: Head, there: dict[int, str]) -> None:
        span = f"version {head.last}" if head.first == head.last else f"versions {head.first} to {head.last}"
        gone = head.last - head.first + 1 - len(there)
        if gone:
            self._find(number, f"of {head.stream}, {span}, {gone} sealed events are gone")
        if there.get(head.last, head.hash) != head.hash:
            self._find(number, f"{head.stream} version {head.last} is not what was sealed")

    def _find(self, number: int, what: str) -> None:
        self.report(Finding(self.service, f"seal {number}", what))


def _gaps(numbers: Sequence[int]) -> Iterator[int]:
    expected = 1
    for number in numbers:
        yield from range(expected, number)
        expected = number + 1


def _age(moment: datetime) -> timedelta:
    return datetime.now(UTC) - moment
