"""Telling every process of a service what changed: PostgreSQL's NOTIFY, as one more write of the pass.

It is told when the pass is committed, in the order of commits, and never when it is not.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import bindparam, func, select

from vpr_events.writes import Write

NOTIFY = select(func.pg_notify(bindparam("channel"), bindparam("payload")))
LIMIT = 7999
"""Bytes of a payload: PostgreSQL takes no more."""


def notice(entity: object, channel: str, event: str, data: Mapping[str, Any]) -> Write:
    """Tell ``event`` with its ``data`` (ids, codes, times: it may reach anyone who listens). Raises ValueError."""
    payload = orjson.dumps({"event": event, "data": dict(data)}).decode()
    if len(payload.encode()) > LIMIT:
        raise ValueError(f"a notice holds at most {LIMIT} bytes")
    return Write(entity, NOTIFY, {"channel": channel, "payload": payload})
