"""Who asks, for which jurisdiction, and for which time. An empty parameter is an absent one."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

from fastapi import Query

from vpr_events.event import in_utc
from vpr_intake.api.callers import Caller, client_caller
from vpr_intake.api.open311.errors import STATUSES, Fault, Faulty
from vpr_intake.settings import settings_of
from vpr_service.api_keys import KeyScope
from vpr_service.problems import Problem
from vpr_service.runtime import Running, Runtime

SPAN = timedelta(days=90)
SECOND = timedelta(seconds=1)

BLANK_OFFSET = re.compile(r"(T[0-9:.,]+) (\d\d:?\d\d)$")
"""An offset whose plus sign was not escaped in a query, so that it arrives as a blank."""


async def caller_of(runtime: Runtime, api_key: str, scope: KeyScope) -> Caller:
    """The client whose key this is and who may do this. Raises Problem 403 (a wrong key too) or 429."""
    if not api_key.strip():
        raise Problem(403, "api_key_missing", "api_key: is missing")
    try:
        return await client_caller(runtime, api_key.strip(), scope)
    except Problem as problem:
        status = STATUSES.get(problem.status, problem.status)
        raise Problem(status, problem.code, f"api_key: {problem.detail}", headers=problem.headers) from None


def check_jurisdiction(runtime: Runtime, jurisdiction_id: str) -> None:
    """Raises Problem 404 for another jurisdiction than ours, if ours has an id."""
    ours = settings_of(runtime).jurisdiction_id
    if ours and jurisdiction_id.strip() not in {"", ours}:
        raise Problem(404, "no_such_jurisdiction", "jurisdiction_id: is not served here")


async def served(
    runtime: Running, jurisdiction_id: Annotated[str, Query(description="May be left out: we serve one.")] = ""
) -> None:
    """A dependency: the query asks for our jurisdiction. Raises Problem 404."""
    check_jurisdiction(runtime, jurisdiction_id)


def listed(text: str) -> list[str]:
    """The parts of a comma list."""
    return [part.strip() for part in text.split(",") if part.strip()]


def ids(text: str) -> list[UUID]:
    """The ids in a comma list; what is none of ours names nothing."""
    found = []
    for part in listed(text):
        try:
            found.append(UUID(part))
        except ValueError:
            continue
    return found


def moment(name: str, text: str) -> datetime | None:
    """A moment with its offset. Raises Faulty."""
    if not text.strip():
        return None
    try:
        return in_utc(datetime.fromisoformat(BLANK_OFFSET.sub(r"\1+\2", text.strip())))
    except ValueError:
        example = "must be a time with its offset, such as 2026-05-04T12:00:00Z"
        raise Faulty([Fault(400, f"{name}: {example}")]) from None


@dataclass(frozen=True, slots=True)
class Window:
    """From ``start`` to ``end``, both inclusive, in whole seconds: so exactly are our times told."""

    start: datetime
    end: datetime

    @classmethod
    def of(cls, start: datetime | None, end: datetime | None, now: datetime, names: str) -> Self:
        """At most 90 days, and those before ``end`` (default: now) unless told. Raises Faulty."""
        try:
            last = end or (start + SPAN if start else now)
            first = start or last - SPAN
            if last - first > SPAN:
                raise Faulty([Fault(400, f"{names} may span at most 90 days")])
            whole = first.replace(microsecond=0)
            return cls(whole if whole == first else whole + SECOND, last.replace(microsecond=999_999))
        except OverflowError:
            raise Faulty([Fault(400, f"{names} must lie within the calendar")]) from None
