"""Questions, and the forms in which their answers come. Nothing is asked before a form is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import httpx

ARROW = "application/vnd.apache.arrow.stream"
MEDIA = {
    ".json": "application/json",
    ".csv": "text/csv",
    ".arrow": ARROW,
    ".parquet": "application/vnd.apache.parquet",
}


class Asks(Protocol):
    """What questions need of a client."""

    def answer(
        self, method: str, path: str, params: Any = None, body: Any = None, accept: str = "*/*", key: str = ""
    ) -> httpx.Response:
        """A whole answer."""

    def streaming(
        self, method: str, path: str, params: Any = None, body: Any = None, accept: str = "*/*"
    ) -> AbstractContextManager[httpx.Response]:
        """An answer that is read as it comes."""


@dataclass(frozen=True)
class Question:
    """A question of figures. Each form asks anew: give ``as_of`` where two forms must tell the same."""

    asks: Asks
    path: str
    params: dict[str, Any]

    def json(self) -> dict[str, Any]:
        """The whole answer: figures with their definition's version and what it knows of."""
        told: dict[str, Any] = self._told(MEDIA[".json"]).json()
        return told

    def arrow(self) -> Any:
        """Its rows as a pyarrow Table."""
        import pyarrow as pa  # type: ignore[import-untyped]

        return pa.ipc.open_stream(self._told(ARROW).content).read_all()

    def pandas(self) -> Any:
        """Its rows as a pandas DataFrame."""
        return self.arrow().to_pandas()

    def polars(self) -> Any:
        """Its rows as a polars DataFrame."""
        import polars as pl

        return pl.read_ipc_stream(BytesIO(self._told(ARROW).content))

    def save(self, path: str | Path) -> Path:
        """Write it to a file, in the form that the name's ending says: .csv, .parquet, .arrow or .json."""
        path = Path(path)
        if path.suffix not in MEDIA:
            raise ValueError(f"{path.name}: the name must end in {', '.join(MEDIA)}")
        path.write_bytes(self._told(MEDIA[path.suffix]).content)
        return path

    def _told(self, media: str) -> httpx.Response:
        return self.asks.answer("GET", self.path, self.params, accept=media)


class Query(Question):
    """SQL of one's own; ``params`` are the request's body."""

    def _told(self, media: str) -> httpx.Response:
        return self.asks.answer("POST", self.path, body=self.params, accept=media)


@dataclass(frozen=True)
class EventLog:
    """An event log, however large: it is read as it comes."""

    asks: Asks
    path: str
    params: dict[str, Any]

    def pieces(self) -> Iterator[bytes]:
        """Its bytes."""
        with self.asks.streaming("GET", self.path, self.params) as answer:
            yield from answer.iter_bytes()

    def save(self, path: str | Path) -> Path:
        """Write it to a file, whole or not at all."""
        path = Path(path)
        draft = path.with_name(path.name + ".part")
        with draft.open("wb") as file:
            for piece in self.pieces():
                file.write(piece)
        return draft.replace(path)
