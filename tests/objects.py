"""An object store that speaks S3, as a process of its own. It keeps what it is given in memory."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.processes import free_port

BUCKET = "evidence"
SECONDS = 30


@dataclass
class ObjectStore:
    """A server with one bucket, on a port of the loopback."""

    log: Path
    port: int = field(default_factory=free_port)
    child: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """As a service is told of a place in it."""
        return f"s3://{BUCKET}/files"

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to reach it."""
        return {
            "AWS_ENDPOINT_URL": self.address, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "guards nothing",
        }  # fmt: skip

    def start(self) -> None:
        """Start it, and make the bucket."""
        with self.log.open("ab") as file:
            words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
            self.child = subprocess.Popen(words, stdout=file, stderr=file, start_new_session=True)
        end = time.monotonic() + SECONDS
        while not self._has_bucket():
            assert self.child.poll() is None, self.log.read_text()[-2000:]
            assert time.monotonic() < end, "the object store does not answer"
            time.sleep(0.05)

    def _has_bucket(self) -> bool:
        try:
            return httpx.put(f"{self.address}/{BUCKET}").is_success
        except httpx.TransportError:
            return False

    def names(self) -> str:
        """What the bucket lists, as it says it: keys, and uploads that were never ended."""
        found = [httpx.get(f"{self.address}/{BUCKET}", params=wanted).text for wanted in ({}, {"uploads": ""})]
        return "\n".join(found)

    def end(self) -> None:
        """Stop it; what it kept is gone."""
        if self.child and self.child.poll() is None:
            self.child.kill()
            self.child.wait(SECONDS)


@contextmanager
def object_store(folder: Path) -> Iterator[ObjectStore]:
    """A running one."""
    running = ObjectStore(folder / "objects.log")
    running.start()
    try:
        yield running
    finally:
        running.end()
