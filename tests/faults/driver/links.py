"""What stands between a service and its servers: connections that can be slow, thin, silent or cut."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

CHUNK = 65536

type Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Link:
    """Passes connections on to where ``reach`` leads.

    ``delay`` seconds are added to every piece of data, ``rate`` bounds bytes a second, ``silent`` holds all data back
    without closing anything, ``cut`` refuses and has closed every connection. Counts tell that it really happened.
    """

    reach: Callable[[], Awaitable[Streams]]
    delay: float = 0.0
    rate: float | None = None
    cut: bool = False
    carried: int = field(default=0, init=False)
    hindered: int = field(default=0, init=False)
    _spoken: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _open: set[asyncio.StreamWriter] = field(default_factory=set, init=False)
    _server: asyncio.Server | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._spoken.set()

    async def listen_on_socket(self, path: str) -> None:
        """Take connections at a unix socket."""
        self._server = await asyncio.start_unix_server(self._serve, path)

    async def listen_on_port(self) -> int:
        """Take connections at a loopback port of its choice."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Take no more connections and close what is open."""
        self.sever()
        self._spoken.set()
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    def sever(self) -> None:
        """Close every connection at once."""
        for writer in self._open:
            self.hindered += 1
            writer.transport.abort()

    def hold_back(self) -> None:
        """Let no data pass from now on."""
        self._spoken.clear()

    def heal(self) -> None:
        """Pass everything on again as it comes."""
        self.delay, self.rate, self.cut = 0.0, None, False
        self._spoken.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.cut:
            self.hindered += 1
            writer.transport.abort()
            return
        self._open.add(writer)
        with suppress(OSError):
            far = await self.reach()
            self._open.add(far[1])
            await self._pass_on((reader, writer), far)
        self._close(writer)

    async def _pass_on(self, near: Streams, far: Streams) -> None:
        """Both directions until one ends, however it does; then both ends are closed, as a server's death does."""
        ways = [asyncio.create_task(self._pump(near[0], far[1])), asyncio.create_task(self._pump(far[0], near[1]))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            self._close(far[1])

    def _close(self, writer: asyncio.StreamWriter) -> None:
        self._open.discard(writer)
        writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One direction until its end."""
        with suppress(OSError):
            while chunk := await reader.read(CHUNK):
                await self._hinder(len(chunk))
                writer.write(chunk)
                await writer.drain()
                self.carried += len(chunk)

    async def _hinder(self, size: int) -> None:
        wait = self.delay + (size / self.rate if self.rate else 0)
        if wait or not self._spoken.is_set():
            self.hindered += 1
            await self._spoken.wait()
            await asyncio.sleep(wait)
