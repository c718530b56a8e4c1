"""The shared event log: one JetStream stream, published to in order and read through durable consumers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import nats
import nats.errors
import orjson
import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.api import AckPolicy, ConsumerConfig, ConsumerInfo, DeliverPolicy, DiscardPolicy, StorageType, StreamConfig
from nats.js.errors import APIError, NotFoundError

from vpr_events.client import Client
from vpr_events.event import new_id
from vpr_events.outages import LogUnavailable, unavailable
from vpr_events.pull import Delivery, Pull

STREAM = "VPR"
SUBJECTS = "vpr.>"
BATCH_LIMIT = 1000
DUPLICATE_IN_BATCH = 10201
ACK_WAIT = 10.0
REPLY_WAIT = 5.0
READER_WINDOW = 5000

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish."""

    subject: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class EventLog:
    """A connection to the broker that heals itself; ``name`` is the NATS user, whose inbox prefix it uses."""

    url: str
    name: str
    password: str
    _client: Client = field(default_factory=Client, init=False, repr=False)
    _entered: bool = field(default=False, init=False, repr=False)
    away: bool = field(default=False, init=False, repr=False)
    """Whether the broker did not answer when it was called last."""

    async def connect(self) -> None:
        """Connect, waiting as long as it takes; later losses are mended by the client."""
        while not self._client.is_connected:
            try:
                await self._connect_once()
            except (OSError, TimeoutError, nats.errors.Error) as error:
                self.away = True
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
        self._client, self._entered, self.away = client, True, False

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
        with unavailable():
            for number, message in front:
                headers = {**message.headers, "Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
                await self._client.publish(message.subject, message.body, headers=headers)
            number, message = last
            headers = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number), "Nats-Batch-Commit": "1"}
            await self._request(message, {**message.headers, **headers})

    async def _publish_single(self, message: Outgoing) -> None:
        with unavailable():
            try:
                await self._request(message, dict(message.headers))
            except APIError as error:
                raise LogUnavailable(str(error)) from error

    async def _request(self, message: Outgoing, headers: dict[str, str]) -> None:
        reply = await self._client.request(message.subject, message.body, REPLY_WAIT, headers=headers)
        answer = orjson.loads(reply.data)
        if "error" in answer:
            raise APIError.from_error(answer["error"])

    async def tell(self, subject: str, body: bytes) -> None:
        """Publish what is kept nowhere: who does not listen now never hears it. Raises LogUnavailable."""
        with unavailable():
            await self._client.publish(subject, body)

    async def listen(self, subject: str, heard: Callable[[str, bytes], Awaitable[None]]) -> Subscription:
        """Hear what is told on a subject, from now on and after every loss of the broker. Raises LogUnavailable."""

        async def taken(message: Msg) -> None:
            await heard(message.subject, message.data)

        with unavailable():
            return await self._client.subscribe(subject, cb=taken)

    async def pull(self, consumer: str, *, window: int = 512) -> Pull:
        """Read a consumer from where it stands, with at most ``window`` messages on their way."""
        pull = Pull(self._client, f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{consumer}", window)
        with unavailable():
            await pull.start()
        return pull

    async def make_reader(self, name: str, subject: str = SUBJECTS) -> None:
        """A consumer of one's own that reads ``subject`` from the log's beginning; it replaces one of that name.

        One acknowledgement covers all before it, so that ``pending`` counts what is still on its way to us. The broker
        drops it when nobody asked for a minute.
        """
        await self.drop_reader(name)
        config = ConsumerConfig(
            name=name,
            filter_subject=subject,
            ack_policy=AckPolicy.ALL,
            ack_wait=600,
            max_ack_pending=READER_WINDOW * 2,
            inactive_threshold=60,
            mem_storage=True,
        )
        with unavailable():
            await self._client.jetstream().add_consumer(STREAM, config)

    async def drop_reader(self, name: str) -> None:
        """Remove such a consumer, if it is there."""
        with suppress(NotFoundError), unavailable():
            await self._client.jetstream().delete_consumer(STREAM, name)

    async def last_of(self, family: str) -> Delivery | None:
        """The last message of a family of our own; None when the log holds none. Raises LogUnavailable."""
        name = f"{self.name}_own"
        await self.drop_reader(name)
        if not await self._make_last_reader(name, f"vpr.{family}.>"):
            return None
        pull = await self.pull(name, window=1)
        try:
            found = await pull.next(1, REPLY_WAIT)
        finally:
            await pull.stop()
            await self.drop_reader(name)
        if not found or found[0].subject.split(".")[1] != family:
            raise LogUnavailable(f"the last event of {family} was not delivered")
        return found[0]

    async def _make_last_reader(self, name: str, subject: str) -> bool:
        """A consumer that is given the last message of ``subject``; whether there is one."""
        config = ConsumerConfig(
            name=name,
            filter_subject=subject,
            deliver_policy=DeliverPolicy.LAST,
            ack_policy=AckPolicy.NONE,
            inactive_threshold=60,
            mem_storage=True,
        )
        try:
            with unavailable():
                info = await self._client.jetstream().add_consumer(STREAM, config)
        except APIError as error:
            raise LogUnavailable(str(error)) from error
        return bool(info.num_pending)

    @property
    def reconnects(self) -> int:
        """How often the connection was lost and mended."""
        return int(self._client.stats["reconnects"])

    async def pending(self, consumer: str) -> int:
        """How many messages the consumer has not been given or has not acknowledged."""
        with unavailable():
            info = await self._client.jetstream().consumer_info(STREAM, consumer)
        return (info.num_pending or 0) + (info.num_ack_pending or 0)

    async def delivered(self, consumer: str) -> int:
        """How many messages a consumer was ever given. Raises LogUnavailable, also when it does not exist."""
        info = await self._info(consumer)
        return int(info.delivered.consumer_seq) if info.delivered else 0

    async def places(self, consumer: str) -> tuple[int, int]:
        """Up to which place of the log a consumer has acknowledged all, and the last place that it was given.

        Raises LogUnavailable, also when it does not exist.
        """
        info = await self._info(consumer)
        acknowledged, given = (int(one.stream_seq) if one else 0 for one in (info.ack_floor, info.delivered))
        return acknowledged, given

    async def _info(self, consumer: str) -> ConsumerInfo:
        try:
            with unavailable():
                info: ConsumerInfo = await self._client.jetstream().consumer_info(STREAM, consumer)
                return info
        except NotFoundError as error:
            raise LogUnavailable(f"there is no consumer {consumer} yet") from error

    async def reset(self, consumers: Mapping[str, Sequence[str]]) -> None:
        """Make durable consumers anew, so that they are given the log from its beginning. An administrator's job."""
        for name in consumers:
            await self.drop_reader(name)
        await self.ensure(consumers)

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
            await manager.update_stream(stream)
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


async def _report(error: Exception) -> None:
    log.warning("broker", error=f"{type(error).__name__}: {error}")
