"""From messages of the log to the read model; what cannot be read is set aside."""

from collections.abc import Sequence

from duckdb import DuckDBPyConnection

from vpr_events.codec import Malformed
from vpr_events.event import Recorded
from vpr_events.pull import Delivery
from vpr_metrics import model

type Unreadable = tuple[Delivery, str]
"""A message, and what is wrong with it."""


def take(connection: DuckDBPyConnection, deliveries: Sequence[Delivery]) -> list[Unreadable]:
    """Apply a batch in one transaction, without the messages that it returns; unknown types are ignored."""
    readable, unreadable = _decoded(deliveries)
    try:
        model.apply(connection, [event for _, event in readable], [_place(delivery) for delivery, _ in readable])
    except model.UNFIT:
        unreadable += [(one, problem) for one, event in readable if (problem := _alone(connection, one, event))]
    return unreadable


def _decoded(deliveries: Sequence[Delivery]) -> tuple[list[tuple[Delivery, Recorded]], list[Unreadable]]:
    readable: list[tuple[Delivery, Recorded]] = []
    unreadable: list[Unreadable] = []
    for delivery in deliveries:
        try:
            if event := delivery.event():
                readable.append((delivery, event))
        except Malformed as error:
            unreadable.append((delivery, str(error)))
    return readable, unreadable


def _place(delivery: Delivery) -> int | None:
    """Where it stands in the log; none for a dead letter, which comes from our own table."""
    return delivery.sequence if delivery.reply else None


def _alone(connection: DuckDBPyConnection, delivery: Delivery, event: Recorded) -> str | None:
    try:
        model.apply(connection, [event], [_place(delivery)])
    except model.UNFIT as error:
        return f"{event.type} does not fit the read model: {type(error).__name__}"
    return None
