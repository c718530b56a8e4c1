"""Locks by name that a transaction holds to its end, such as the one of a stream: advisory locks of PostgreSQL.

Whoever takes several at once without waiting cannot be part of a deadlock; whoever waits takes them in one order.
"""

from collections.abc import Iterable
from hashlib import blake2b

from sqlalchemy import ARRAY, BigInteger, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

_numbers = func.unnest(bindparam("numbers", type_=ARRAY(BigInteger))).column_valued("number")

TRY = select(_numbers, func.pg_try_advisory_xact_lock(_numbers))
WAIT = select(func.pg_advisory_xact_lock(_numbers))


def number_of(name: str) -> int:
    """The 64-bit number of a name's lock; two names that share one only wait for each other needlessly."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True)


async def take(connection: AsyncConnection, names: Iterable[str]) -> set[str]:
    """Take what is free now, without waiting: which of the names it got."""
    numbers = {name: number_of(name) for name in names}
    if not numbers:
        return set()
    rows = await connection.execute(TRY, {"numbers": list(numbers.values())})
    held = {number for number, got in rows.all() if got}
    return {name for name, number in numbers.items() if number in held}


async def wait_for(connection: AsyncConnection, names: Iterable[str]) -> None:
    """Take all, waiting for who holds them."""
    if numbers := sorted(number_of(name) for name in names):
        await connection.execute(WAIT, {"numbers": numbers})
