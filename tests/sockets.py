"""Participants without a browser: a plain WebSocket client, and services behind a real port in this very loop."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.waiting import DEADLINE
from vpr_service.serving import WEBSOCKET_LIMIT

PROTOCOL = "vpr.call.1"


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[str]:
    """The app, whose lifespan somebody else runs, at this ``ws://`` address."""
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, lifespan="off", ws_max_size=WEBSOCKET_LIMIT,
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        serving = asyncio.create_task(server._serve([taken]))
        try:
            yield f"ws://127.0.0.1:{taken.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


@dataclass
class Caller:
    """A participant's connection, and everything it was told."""

    connection: ClientConnection
    told: list[dict[str, Any]] = field(default_factory=list)

    async def say(self, **message: Any) -> None:
        """Send a message."""
        await self.connection.send(json.dumps(message))

    async def hears(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next message like this; what comes before it is kept in ``told``."""
        async with asyncio.timeout(DEADLINE):
            while True:
                message: dict[str, Any] = json.loads(await self.connection.recv())
                self.told.append(message)
                if wanted(message):
                    return message

    async def hears_of(self, of: str, **values: Any) -> dict[str, Any]:
        """The next message of a type, with these values."""
        return await self.hears(
            lambda told: told["type"] == of and all(told.get(name) == one for name, one in values.items())
        )

    async def sees(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next view of the session like this."""
        return await self.hears(lambda told: told["type"] == "session" and wanted(told))

    async def answered(self) -> None:
        """Everything sent before was taken."""
        await self.say(type="ping")
        await self.hears_of("pong")

    async def end(self) -> tuple[int, str]:
        """Code and reason with which the other side closes."""
        try:
            async with asyncio.timeout(DEADLINE):
                while True:
                    self.told.append(json.loads(await self.connection.recv()))
        except ConnectionClosed as closed:
            ended = closed.rcvd
        assert ended is not None, "it broke instead of being closed"
        return ended.code, ended.reason


@asynccontextmanager
async def calling(
    url: str, headers: Mapping[str, str], protocol: str = PROTOCOL, **options: Any
) -> AsyncIterator[Caller]:
    """A participant's connection."""
    sent = {name: value for name, value in headers.items() if name != "Idempotency-Key"}
    async with connect(
        url, additional_headers=sent, subprotocols=[Subprotocol(protocol)], max_size=None, proxy=None,
        open_timeout=DEADLINE, ping_interval=None, **options,
    ) as connection:  # fmt: skip
        yield Caller(connection)
