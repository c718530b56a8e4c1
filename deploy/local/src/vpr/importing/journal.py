"""How far an import is: kept in a file, from which one that was cut off goes on."""

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from pydantic import TypeAdapter

from vpr_intake.extracts import Mapping, Place, RowIssue, Seen

SHOWN = 10


class Busy(Exception):
    """Another import of the same file is running."""


@dataclass
class Tally:
    """What became of rows. ``issues`` counts by "kind reason"; the first ``examples`` and ``differing`` are named."""

    recorded: int = 0
    unchanged: int = 0
    differing: list[str] = field(default_factory=list)
    issues: Counter[str] = field(default_factory=Counter)
    examples: list[RowIssue] = field(default_factory=list)

    def add(self, issues: Sequence[RowIssue]) -> None:
        """Count them."""
        self.issues.update(f"{one.kind} {one.reason}" for one in issues)
        self.examples += issues[: max(0, SHOWN - len(self.examples))]


@dataclass(frozen=True)
class State:
    """How far an import of ``key`` is; ``listed`` bytes of its list of issues belong to that."""

    key: str
    place: Place = field(default_factory=Place)
    tally: Tally = field(default_factory=Tally)
    listed: int = 0


STATE = TypeAdapter(State)


def key_of(file: Path, mapping: Mapping, issues: Path | None) -> str:
    """What makes an import the same one: the file as it is now, the mapping, and where its issues are listed."""
    told = file.stat()
    parts = (file.resolve(), told.st_size, told.st_mtime_ns, mapping.model_dump_json(), issues and issues.resolve())
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


class Journal:
    """How far an import is, in a file: what was acknowledged before the process ended, however it did, stays done."""

    def __init__(self, database: sqlite3.Connection, state: State) -> None:
        self._database = database
        self.state = state
        self.seen = Seen(database)

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, key: str, *, anew: bool) -> Iterator[Self]:
        """The journal of ``key``, where it stood unless ``anew``; removed if all goes well. Raises Busy."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{key[:32]}.sqlite"
        with closing(sqlite3.connect(path, timeout=0)) as database:
            database.execute("pragma locking_mode = exclusive")
            try:
                database.execute("pragma journal_mode = wal")
                database.execute("begin immediate")
            except sqlite3.OperationalError as error:
                raise Busy from error
            database.execute("create table if not exists state (state text)")
            rows = [] if anew else database.execute("select state from state").fetchall()
            journal = cls(database, STATE.validate_json(rows[0][0]) if rows else State(key))
            if not rows:
                journal.begin()
            yield journal
            path.unlink()
        for left in folder.glob(f"{path.name}-*"):
            left.unlink(missing_ok=True)

    def begin(self) -> None:
        """Forget what was done."""
        self.state = State(self.state.key)
        self._database.execute("delete from seen")
        self._write()

    def settle(self, place: Place, listed: int) -> None:
        """Everything before this place is acknowledged and listed."""
        self.seen.settle()
        self.state = replace(self.state, place=place, listed=listed)
        self._write()

    def _write(self) -> None:
        self._database.execute("delete from state")
        self._database.execute("insert into state values (?)", [STATE.dump_json(self.state).decode()])
        self._database.commit()
