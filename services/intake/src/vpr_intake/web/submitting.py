"""From a finished draft to a filed report with its receipt."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import orjson
from sqlalchemy.exc import IntegrityError

from vpr_events.contracts.values import Channel
from vpr_events.idempotency import IdempotencyKey, KeyReused
from vpr_events.pipeline import Execution
from vpr_intake import receipts
from vpr_intake.api.callers import RESIDENT
from vpr_intake.api.filing import city_of, filing
from vpr_intake.api.screening import told_in
from vpr_intake.case_numbers import hash_of, new_number, secret_of
from vpr_intake.domain.screening import Outcome
from vpr_intake.receipts import Wishes
from vpr_intake.schemas.filing import NewReport, Place, Reporter
from vpr_intake.web.draft import Draft
from vpr_intake.web.moments import span_of
from vpr_intake.web.phrases import new_phrase
from vpr_intake.web.steps import keeps_point, point_of
from vpr_service.languages import Language
from vpr_service.runtime import Runtime

NUMBERS_TRIED = 3
"""Case numbers are drawn by chance: one that exists is drawn anew."""


@dataclass(frozen=True)
class Receipt:
    """What the resident is shown once. ``advice`` is what the rules tell them to do."""

    number: str
    secret: str
    phrase: str
    emergency: bool
    advice: str


async def submit(draft: Draft, language: Language, runtime: Runtime) -> Receipt:
    """File what was said; the same form sent again is answered with the same receipt.

    Raises KeyReused for a form that was changed after it was sent, or whose report was erased; and what filing raises.
    """
    new, wishes = report_of(draft, runtime), wishes_of(draft, language)
    key = _key_of(draft, new, wishes)
    secret = secret_of(draft.key)
    for tried in range(1, NUMBERS_TRIED + 1):
        number = new_number()
        digest = await asyncio.to_thread(hash_of, number, secret)
        executions = _with_receipt(filing(new, RESIDENT, Channel.WEB, runtime), number, digest, wishes, draft, runtime)
        try:
            outcome = await runtime.pipeline.execute(*executions, key=key)
            break
        except IntegrityError:
            if tried == NUMBERS_TRIED:
                raise
    async with runtime.reading() as connection:
        shown = await receipts.told_at_filing(connection, outcome.events[0].entity_id)
    if shown is None:  # sent before, and erased since
        raise KeyReused
    number, phrase = shown
    screened = told_in(outcome.events, city_of(runtime), language)
    emergency = screened is not None and screened.outcome is Outcome.EMERGENCY
    return Receipt(number, secret, phrase, emergency, screened.advice if screened else "")


def report_of(draft: Draft, runtime: Runtime) -> NewReport:
    """The report as the API would take it, from a draft on which nothing is wrong."""
    city = city_of(runtime)
    span = span_of(draft.texts, city.zone, runtime.now())
    point = point_of(draft) if keeps_point(draft) else None
    latitude, longitude = point or (None, None)
    return NewReport(
        category=draft.text("category"),
        description=draft.text("description"),
        occurred_from=span.start,
        occurred_to=span.end,
        place=Place(address=draft.text("address") or None, latitude=latitude, longitude=longitude),
        reporter=Reporter(
            first_name=draft.text("first_name") or None,
            last_name=draft.text("last_name") or None,
            email=draft.text("email") or None,
            phone=draft.text("phone") or None,
        ),
        answers=draft.answers(city),
    )


def wishes_of(draft: Draft, language: Language) -> Wishes:
    """How the resident wants to be reached."""
    return Wishes(language, draft.text("contact_by") or "any", draft.text("safe") == "no")


def _key_of(draft: Draft, new: NewReport, wishes: Wishes) -> IdempotencyKey:
    """Only a digest of the form's key is stored: the secret is made of the key itself.

    Neither the language nor the end of a span that is "until now" makes it another form.
    """
    told = new.model_dump(mode="json", exclude={"occurred_to"}), wishes.contact_by, wishes.discreet
    fingerprint = hashlib.sha256(orjson.dumps(told)).hexdigest()
    return IdempotencyKey(RESIDENT.scope, hashlib.sha256(f"form {draft.key}".encode()).hexdigest(), fingerprint)


def _with_receipt(
    filed: Sequence[Execution], number: str, digest: bytes, wishes: Wishes, draft: Draft, runtime: Runtime
) -> Sequence[Execution]:
    first, *others = filed
    rows = [
        receipts.receipt_of(first.entity, number, digest),
        receipts.resident_of(first.entity, new_phrase(cast("Language", wishes.language)), wishes),
    ]
    if draft.is_sensitive(city_of(runtime)):
        rows.append(receipts.sensitive(first.entity))
    return [replace(first, private=[*first.private, *rows]), *others]
