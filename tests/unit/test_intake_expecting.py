"""When a report is likely to be closed: only from enough ended cases, never in the past, never from old figures."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from tests.examples import NOON, minutes
from vpr_intake.expecting import ENOUGH, FORGET_AFTER, Expectations, Span, spans_in
from vpr_service.oidc import IssuerClient
from vpr_service.service_tokens import TokenSource

NOWHERE = TokenSource(IssuerClient("http://127.0.0.1:9", "intake", SecretStr("x")))
SPAN = Span(median=minutes(60), p90=minutes(240))


def knowing(at: datetime, asked: datetime = NOON) -> Expectations:
    known = Expectations("http://127.0.0.1:9", NOWHERE, 300, lambda: at)
    known.spans, known.asked_at = {"theft": SPAN}, asked
    return known


@pytest.mark.parametrize(
    ("passed", "expected"),
    [
        pytest.param(0, NOON + minutes(60), id="the median"),
        pytest.param(60, NOON + minutes(240), id="the percentile once the median has passed"),
        pytest.param(239, NOON + minutes(240), id="until that has passed too"),
        pytest.param(240, None, id="then nothing"),
    ],
)
def test_what_is_foretold_lies_ahead(passed: float, expected: datetime | None) -> None:
    assert knowing(NOON + minutes(passed)).of("theft", NOON) == expected


def test_nothing_is_foretold_of_a_category_without_figures() -> None:
    assert knowing(NOON).of("fraud", NOON) is None


def test_figures_that_cannot_be_renewed_are_forgotten() -> None:
    late = NOON + FORGET_AFTER + timedelta(seconds=1)
    assert knowing(late - timedelta(seconds=1)).of("theft", late) is not None
    assert knowing(late).of("theft", late) is None


def test_few_ended_cases_tell_nothing() -> None:
    def group(key: str, n: int) -> dict[str, Any]:
        return {"key": key, "n": n, "median": 3600.0, "p90": 14_400.0}

    answer = {"intervals": [{"groups": [group("theft", ENOUGH), group("fraud", ENOUGH - 1)]}]}
    assert spans_in(answer) == {"theft": SPAN}


async def test_without_an_address_nobody_is_asked() -> None:
    await Expectations("", NOWHERE, 300, lambda: NOON).run(asyncio.Event())
