"""Which record ids an extract has told already: in a database file, so that memory does not grow with the extract."""

import hashlib
import sqlite3
from collections import deque

import orjson

from vpr_intake.extracts.records import CaseRecord

TABLE = """
create table if not exists seen (record_id text, content blob, primary key (record_id, content)) without rowid
"""
DIGEST = 16

type Told = dict[str, set[bytes]]


def content_of(record: CaseRecord) -> bytes:
    """A digest of everything that a record tells."""
    return hashlib.blake2b(orjson.dumps(record), digest_size=DIGEST).digest()


class Seen:
    """Record ids with digests of what was told under them.

    What is new stays in memory until it is settled, part by part: whoever reads ahead of what it has passed on can so
    commit the one without the other.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._parts: deque[Told] = deque([{}])
        database.execute(TABLE)

    def contents(self, record_id: str) -> set[bytes]:
        """The digests told under an id so far; none for a new one."""
        found = self._database.execute("select content from seen where record_id = ?", [record_id]).fetchall()
        return {content for (content,) in found}.union(*(part.get(record_id, ()) for part in self._parts))

    def add(self, record_id: str, content: bytes) -> None:
        """Note a digest."""
        self._parts[-1].setdefault(record_id, set()).add(content)

    def cut(self) -> None:
        """Begin a new part."""
        self._parts.append({})

    def settle(self) -> None:
        """Write the oldest part that was cut; the caller commits."""
        rows = [(record_id, content) for record_id, told in self._parts.popleft().items() for content in told]
        self._database.executemany("insert or ignore into seen values (?, ?)", rows)
