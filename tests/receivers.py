"""Receivers of webhooks: a real server on a port of its own, which notes what came and answers as it is told."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

type Answering = Callable[["Came"], "Reply"]


@dataclass(frozen=True, slots=True)
class Came:
    """A request that came; header names are in lower case. ``nth`` counts from 1."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    nth: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered, once ``after`` is set; without a ``status`` nothing is, until the receiver ends."""

    status: int | None = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    after: asyncio.Event | None = None


@dataclass
class Receiver:
    """Answers every request by ``answering`` (204 unless told otherwise)."""

    answering: Answering = lambda _: Reply()
    came: list[Came] = field(default_factory=list)
    url: str = ""
    silent: int = 0
    _ending: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    @asynccontextmanager
    async def listening(
        cls, answering: Answering = lambda _: Reply(), port: int = 0, tls: ssl.SSLContext | None = None
    ) -> AsyncIterator["Receiver"]:
        """A receiver on a free port of the loopback, or this one."""
        one = cls(answering)
        server = await asyncio.start_server(one._serve, "127.0.0.1", port, ssl=tls)
        one.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield one
        finally:
            one._ending.set()
            server.close()
            await server.wait_closed()

    @property
    def port(self) -> int:
        """Where it listens."""
        return urlsplit(self.url).port or 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await self._read(reader):
                reply = self.answering(request)
                if reply.status is None:
                    self.silent += 1
                    await self._ending.wait()
                    return
                if reply.after:
                    await reply.after.wait()
                head = {"content-length": str(len(reply.body)), **reply.headers}
                lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
                writer.write(f"HTTP/1.1 {reply.status} Said\r\n{lines}\r\n".encode() + reply.body)
                await writer.drain()
        except ConnectionError:
            return  # the caller went away: that is the caller's affair
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Came | None:
        reading = asyncio.ensure_future(reader.readuntil(b"\r\n\r\n"))
        ending = asyncio.ensure_future(self._ending.wait())
        await asyncio.wait([reading, ending], return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if not reading.done():
            reading.cancel()
            return None
        try:
            head, *lines = reading.result().decode().split("\r\n")[:-2]
        except asyncio.IncompleteReadError:
            return None
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        one = Came(head.split(" ")[1], headers, body, len(self.came) + 1)
        self.came.append(one)
        return one
