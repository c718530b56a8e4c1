"""An object store that speaks S3, as a process of its own. It keeps what it is given in memory."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.processes import Process, free_port
from tests.waiting import DEADLINE

BUCKET = "evidence"


@dataclass(frozen=True)
class ObjectStore:
    """A server with one bucket, on a port of the loopback."""

    process: Process

    @property
    def bucket(self) -> str:
        """Where it answers for the bucket."""
        return f"{self.process.url}/{BUCKET}"

    @property
    def url(self) -> str:
        """As a service is told of a place in it."""
        return f"s3://{BUCKET}/files"

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to reach it."""
        return {
            "AWS_ENDPOINT_URL": self.process.url, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "guards nothing",
        }  # fmt: skip

    def names(self) -> str:
        """What the bucket lists, as it says it: keys, and uploads that were never ended."""
        return "\n".join(
            httpx.get(self.bucket, params=wanted, timeout=DEADLINE).text for wanted in ({}, {"uploads": ""})
        )


@contextmanager
def object_store(folder: Path) -> Iterator[ObjectStore]:
    """A running one, with its bucket."""
    port = free_port()
    words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    store = ObjectStore(Process(words, {}, f"http://127.0.0.1:{port}", folder / "objects.log", "/moto-api/"))
    store.process.start()
    try:
        httpx.put(store.bucket, timeout=DEADLINE).raise_for_status()
        yield store
    finally:
        store.process.kill()
