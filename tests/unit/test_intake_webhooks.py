"""What a delivery does with an answer, and how its secrets are kept, without any server."""

from datetime import UTC, datetime
from uuid import uuid4

import orjson
import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from tests.examples import NOON
from vpr_intake.delivering import JITTER, LONGEST_WAIT, headers_of, jittered, wait_asked_for
from vpr_intake.sealed_secrets import KeyMissing, Sealed, new_secret
from vpr_intake.settings import DELAYS
from vpr_service.outbound import Answer


def asked(value: str) -> float:
    return wait_asked_for(Answer(503, {"retry-after": value}, b""), NOON)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("99999999999999999999", LONGEST_WAIT),
        ("Mon, 04 May 2026 12:02:00 GMT", 120.0),
        ("Mon, 04 May 2026 11:00:00 GMT", 0.0),
        ("Mon, 04 May 2099 11:00:00 GMT", LONGEST_WAIT),
        ("Mon, 04 May 2026 12:02:00", 0.0),
        ("soon", 0.0),
        ("-5", 0.0),
        ("", 0.0),
    ],
)
def test_retry_after_is_read_in_both_forms_and_bounded(value: str, seconds: float) -> None:
    assert asked(value) == seconds


@given(st.text(max_size=60))
def test_whatever_retry_after_holds_it_is_a_wait_of_at_most_a_day(value: str) -> None:
    assert 0 <= asked(value) <= LONGEST_WAIT


def test_the_tries_are_those_of_the_standard_and_jitter_only_lengthens_them() -> None:
    assert DELAYS == (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
    waits = [jittered(delay) / delay for delay in DELAYS * 50]
    assert all(1 <= one <= 1 + JITTER for one in waits)
    assert len(set(waits)) > 1


@given(st.dictionaries(st.text(max_size=5), st.integers(-9, 9), max_size=4).map(orjson.dumps), st.integers(1, 2))
def test_every_valid_secret_verifies_and_a_changed_body_does_not(body: bytes, count: int) -> None:
    keys = [new_secret() for _ in range(count)]
    headers = headers_of(uuid4(), body, datetime.now(UTC), keys)
    for key in keys:
        assert Webhook(key).verify(body, headers) == orjson.loads(body)
        with pytest.raises(WebhookVerificationError):
            Webhook(key).verify(body + b" ", headers)
    assert len(headers["webhook-signature"].split(" ")) == count


def test_a_secret_is_opened_by_an_old_key_and_by_no_foreign_one() -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    secret = new_secret()
    stored = Sealed([old]).encrypt(secret)
    assert Sealed([new, old]).decrypt(stored) == secret
    for keys in ([new], []):
        with pytest.raises(KeyMissing):
            Sealed(keys).decrypt(stored)
    with pytest.raises(KeyMissing):
        Sealed([]).encrypt(secret)
    with pytest.raises(ValueError, match="base64"):
        Sealed(["short"])
