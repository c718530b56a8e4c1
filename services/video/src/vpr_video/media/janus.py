"""The connection to Janus: its API over one WebSocket, from server to server. What it means is in ``rooms.py``."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

KEEPALIVE = 25.0
"""Seconds between signs of life: Janus forgets a session after 60 without."""

PATIENCE = 5.0
"""Seconds that Janus has for an answer."""

SIZE = 1_048_576
PLUGIN = "janus.plugin.videoroom"
NO_SUCH_SESSION = 458


class JanusAway(Exception):
    """Janus does not answer now."""


class JanusRefused(Exception):
    """Janus answered with an error: its own or its plugin's code, and its words."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"Janus refused ({code}): {reason}")
        self.code, self.reason = code, reason


type Told = Mapping[str, Any]


@dataclass(eq=False)
class Janus:
    """A session at Janus, with its handles."""

    url: str
    secret: str
    session: int | None = None
    _heard: dict[int, Callable[[Told], None]] = field(default_factory=dict)
    _socket: ClientConnection | None = None
    _asked: dict[str, tuple[str, asyncio.Future[Told]]] = field(default_factory=dict)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[bool]:
        """A connection, with the session from before if Janus still has it; whether it has.

        Raises JanusAway and JanusRefused.
        """
        try:
            async with connect(
                self.url, subprotocols=[Subprotocol("janus-protocol")], max_size=SIZE, proxy=None, open_timeout=PATIENCE
            ) as socket:
                self._socket = socket
                reading = asyncio.create_task(self._read(socket))
                try:
                    yield await self._begin()
                finally:
                    self._over()
                    reading.cancel()
        except (OSError, TimeoutError, WebSocketException) as error:
            raise JanusAway(str(error) or type(error).__name__) from error

    async def until_lost(self) -> None:
        """Give signs of life until the connection breaks. Raises JanusAway and JanusRefused."""
        while self._socket is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._socket.wait_closed(), KEEPALIVE)
                return
            await self.ask("keepalive")

    async def _begin(self) -> bool:
        if self.session is not None:
            try:
                await self.ask("claim")
            except JanusRefused as refusal:
                if refusal.code != NO_SUCH_SESSION:
                    raise
                self.session = None
                self._heard.clear()
            else:
                return True
        self.session = (await self.ask("create"))["data"]["id"]
        return False

    async def attach(self, heard: Callable[[Told], None] = lambda _: None) -> int:
        """A new handle; ``heard`` is given what Janus tells of it by itself."""
        handle: int = (await self.ask("attach", plugin=PLUGIN))["data"]["id"]
        self._heard[handle] = heard
        return handle

    async def detach(self, handle: int) -> None:
        """The handle is not needed any more. Raises JanusAway and JanusRefused."""
        self._heard.pop(handle, None)
        await self.ask("detach", handle_id=handle)

    async def message(self, handle: int, body: Told, jsep: Told | None = None) -> Told:
        """Ask the plugin: the whole answer, whose ``plugindata`` says what it decided. Raises JanusRefused."""
        more = {"jsep": jsep} if jsep else {}
        answer = await self.ask("message", handle_id=handle, body=body, **more)
        told = answer["plugindata"]["data"]
        if "error_code" in told:
            raise JanusRefused(told["error_code"], str(told.get("error", "")))
        return answer

    async def ask(self, what: str, **values: Any) -> Told:
        """Ask, and wait for the answer. Raises JanusAway and JanusRefused."""
        transaction, answer = uuid4().hex, asyncio.get_running_loop().create_future()
        self._asked[transaction] = (what, answer)
        try:
            await self._send({"janus": what, "transaction": transaction, **values})
            async with asyncio.timeout(PATIENCE):
                told: Told = await answer
        except (TimeoutError, WebSocketException) as error:
            raise JanusAway(f"no answer to {what}") from error
        finally:
            self._asked.pop(transaction, None)
        if told["janus"] == "error":
            raise JanusRefused(told["error"]["code"], str(told["error"]["reason"]))
        return told

    async def _send(self, message: dict[str, Any]) -> None:
        if self._socket is None:
            raise JanusAway("there is no connection")
        whole = {"apisecret": self.secret, **message}
        if self.session is not None:
            whole["session_id"] = self.session
        await self._socket.send(orjson.dumps(whole).decode())

    async def _read(self, socket: ClientConnection) -> None:
        with suppress(WebSocketException):
            async for text in socket:
                self._take(orjson.loads(text))

    def _take(self, told: Told) -> None:
        what, answer = self._asked.get(told.get("transaction", ""), ("", None))
        if answer is not None:
            # Of a message the acknowledgement says only that the answer will come.
            if not answer.done() and not (what == "message" and told["janus"] == "ack"):
                answer.set_result(told)
        elif heard := self._heard.get(told.get("sender", 0)):
            heard(told)

    def _over(self) -> None:
        self._socket = None
        for _, answer in self._asked.values():
            if not answer.done():
                answer.set_exception(JanusAway("the connection broke"))
