"""The shared event log: one JetStream stream, published to in order and read through durable consumers."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import nats
import nats.errors
import orjson
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy, StorageType, StreamConfig
from nats.js.errors import APIError, NotFoundError, ServiceUnavailableError

from vpr_events.event import new_id

STREAM = "VPR"
SUBJECTS = "vpr.>"
BATCH_LIMIT = 1000
DUPLICATE_IN_BATCH = 10201
ACK_WAIT = 10.0
REPLY_WAIT = 5.0
PULL_EXPIRES = 30.0

log = structlog.get_logger(__name__)


class LogUnavailable(Exception):
    """The broker does not answer, or refuses for now: try later."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish."""

    subject: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message of the log, and how to say that it is done with."""

    subject: str
    headers: Mapping[str, str]
    body: bytes
    reply: str
    _client: Client = field(repr=False)

    async def ack(self) -> None:
        """Never deliver it again. Raises LogUnavailable: then it comes again, and the inbox knows it."""
        with _unavailable():
            await self._client.publish(self.reply, b"+ACK")

    async def nak(self) -> None:
        """Deliver it again at once; without a broker it comes again anyway."""
        with suppress(LogUnavailable), _unavailable():
            await self._client.publish(self.reply, b"-NAK")


@dataclass
class EventLog:
    """A connection to the broker that heals itself; ``name`` is the NATS user, whose inbox prefix it uses."""

    url: str
    name: str
    password: str
    _client: Client = field(default_factory=Client, init=False, repr=False)
    _entered: bool = field(default=False, init=False, repr=False)

    async def connect(self) -> None:
        """Connect, waiting as long as it takes; later losses are mended by the client."""
        while not self._client.is_connected:
            try:
                await self._connect_once()
            except (OSError, TimeoutError, nats.errors.Error) as error:
                log.warning("broker is not there yet", error=type(error).__name__)
                await asyncio.sleep(0.5)

    async def _connect_once(self) -> None:
        client = Client()
        try:
            await client.connect(
                self.url,
                user=self.name,
                password=self.password,
                name=self.name,
                inbox_prefix=f"_INBOX_{self.name}".encode(),
                allow_reconnect=True,
                max_reconnect_attempts=-1,
                reconnect_time_wait=1,
                connect_timeout=2,
                pending_size=0,  # nothing may wait in the client: after a loss the relay sends anew, in order
                error_cb=_report,
            )
        except BaseException:
            await client.close()
            raise
        self._client, self._entered = client, True

    @property
    def connected(self) -> bool:
        """Whether the broker answers now."""
        return self._client.is_connected

    async def until_connected(self, stop: asyncio.Event) -> bool:
        """Wait for the broker; False when ``stop`` came first."""
        while not (stop.is_set() or self.connected):
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.05)
        return not stop.is_set()

    async def close(self) -> None:
        """Leave the broker, if it was ever entered."""
        if self._entered:
            await self._client.close()

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Publish in order, as one atomic batch; what the log has already is dropped by its message id.

        At most 1,000 messages. Raises LogUnavailable: then none of a batch stands, or the broker has all of it.
        """
        if len(messages) > 1:
            try:
                return await self._publish_batch(messages)
            except APIError as error:
                if error.err_code != DUPLICATE_IN_BATCH:
                    raise LogUnavailable(str(error)) from error
        for message in messages:
            await self._publish_single(message)
        return None

    async def _publish_batch(self, messages: Sequence[Outgoing]) -> None:
        batch = str(new_id())
        *front, last = enumerate(messages, 1)
        with _unavailable():
            for number, message in front:
                headers = {**message.headers, "Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
                await self._client.publish(message.subject, message.body, headers=headers)
            number, message = last
            headers = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number), "Nats-Batch-Commit": "1"}
            await self._request(message, {**message.headers, **headers})

    async def _publish_single(self, message: Outgoing) -> None:
        with _unavailable():
            try:
                await self._request(message, dict(message.headers))
            except APIError as error:
                raise LogUnavailable(str(error)) from error

    async def _request(self, message: Outgoing, headers: dict[str, str]) -> None:
        reply = await self._client.request(message.subject, message.body, REPLY_WAIT, headers=headers)
        answer = orjson.loads(reply.data)
        if "error" in answer:
            raise APIError.from_error(answer["error"])

    async def pull(self, durable: str, *, window: int = 512) -> "Pull":
        """Read a durable consumer from where it stands."""
        pull = Pull(self._client, durable, window)
        await pull.start()
        return pull

    @asynccontextmanager
    async def replay(self, name: str, filter_subject: str = SUBJECTS) -> AsyncIterator["Pull"]:
        """Read the log from its beginning through a consumer of one's own, removed afterwards."""
        await self._delete_consumer(name)
        config = ConsumerConfig(
            name=name, filter_subject=filter_subject, ack_policy=AckPolicy.NONE, inactive_threshold=60, mem_storage=True
        )
        with _unavailable():
            await self._client.jetstream().add_consumer(STREAM, config)
        pull = Pull(self._client, name, window=5000)
        await pull.start()
        try:
            yield pull
        finally:
            await pull.stop()
            await self._delete_consumer(name)

    async def _delete_consumer(self, name: str) -> None:
        with suppress(NotFoundError), _unavailable():
            await self._client.jetstream().delete_consumer(STREAM, name)

    async def pending(self, consumer: str) -> int:
        """How many messages the consumer has not been given or has not acknowledged."""
        with _unavailable():
            info = await self._client.jetstream().consumer_info(STREAM, consumer)
        return (info.num_pending or 0) + (info.num_ack_pending or 0)

    async def ensure(self, consumers: Mapping[str, Sequence[str]]) -> None:
        """Create the stream and the durable consumers (name -> subjects). An administrator's job; repeatable."""
        stream = StreamConfig(
            name=STREAM,
            subjects=[SUBJECTS],
            storage=StorageType.FILE,
            discard=DiscardPolicy.NEW,
            duplicate_window=120,
            deny_delete=True,
            deny_purge=True,
            allow_atomic=True,
        )
        manager = self._client.jetstream()
        try:
            await manager.stream_info(STREAM)
        except NotFoundError:
            await manager.add_stream(stream)
        for name, subjects in consumers.items():
            config = ConsumerConfig(
                durable_name=name,
                filter_subjects=list(subjects),
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=ACK_WAIT,
                max_ack_pending=10_000,
            )
            await manager.add_consumer(STREAM, config)


class Pull:
    """Standing pull requests on one consumer: what the broker has arrives at once, without waiting for a full batch.

    nats-py's ``fetch(n)`` holds the first message back until n came or the time is over; this does not.
    """

    def __init__(self, client: Client, consumer: str, window: int) -> None:
        self._client = client
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{consumer}"
        self._inbox = client.new_inbox()
        self._window = window
        self._wanted = 0
        self._asked = (0, 0.0)
        self._arrived: deque[Delivery] = deque()
        self._ready = asyncio.Event()
        self._subscription: Any = None

    async def start(self) -> None:
        """Subscribe and ask for the first messages."""
        self._subscription = await self._client.subscribe(self._inbox, cb=self._receive)
        await self._ask()

    async def stop(self) -> None:
        """Stop asking, and give back what was not asked for by ``next``."""
        if self._client.is_connected:
            await self._subscription.unsubscribe()
            for delivery in self._arrived:
                await delivery.nak()

    async def next(self, limit: int, wait: float) -> list[Delivery]:
        """At least one and at most ``limit`` messages; none after ``wait`` seconds without any."""
        if not self._arrived:
            await self._await_arrival(wait)
        batch = [self._arrived.popleft() for _ in range(min(limit, len(self._arrived)))]
        if not self._arrived:
            self._ready.clear()
        if self._wanted < self._window // 2 or self._forgotten():
            await self._ask()
        return batch

    def _forgotten(self) -> bool:
        """Whether the broker no longer knows our request: we reconnected, or it should have expired by now."""
        reconnects, when = self._asked
        forgotten = self._client.stats["reconnects"] != reconnects or time.monotonic() - when > PULL_EXPIRES + 5
        if forgotten:
            self._wanted = 0
        return forgotten

    async def _await_arrival(self, wait: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._ready.wait()

    async def _ask(self) -> None:
        if not self._client.is_connected:
            return
        missing = self._window - self._wanted
        if missing > 0:
            self._wanted += missing
            self._asked = (self._client.stats["reconnects"], time.monotonic())
            request = orjson.dumps({"batch": missing, "expires": int(PULL_EXPIRES * 1e9)})
            with _unavailable():
                await self._client.publish(self._subject, request, reply=self._inbox)

    async def _receive(self, message: Msg) -> None:
        headers = message.headers or {}
        if "Status" in headers and not message.reply:
            self._wanted = max(0, self._wanted - int(headers.get("Nats-Pending-Messages", self._wanted)))
            return
        self._wanted = max(0, self._wanted - 1)
        self._arrived.append(Delivery(message.subject, headers, message.data, message.reply, self._client))
        self._ready.set()


class _unavailable:  # noqa: N801 - reads as a word: `with _unavailable():`
    """Turns what a client raises without a broker into LogUnavailable."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        answered = isinstance(error, APIError) and not isinstance(error, ServiceUnavailableError)
        if isinstance(error, (nats.errors.Error, OSError, TimeoutError)) and not answered:
            raise LogUnavailable(f"{type(error).__name__}: {error}") from error


async def _report(error: Exception) -> None:
    log.warning("broker", error=f"{type(error).__name__}: {error}")
