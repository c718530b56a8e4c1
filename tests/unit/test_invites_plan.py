"""What is tried next, what residents are told, who gets an SMS: without any server."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from vpr_events.seals import SealKey
from vpr_service.languages import LANGUAGES, Language
from vpr_service.moments import told_short
from vpr_service.settings import SharedSettings
from vpr_video.sending import messages
from vpr_video.sending.appointment_messages import TEXTS as TEXTS_OF_APPOINTMENTS
from vpr_video.sending.appointment_messages import about
from vpr_video.sending.gateways import NotTaken
from vpr_video.sending.numbers import number_for_sms
from vpr_video.sending.plan import Plan, Try
from vpr_video.settings import Settings
from vpr_video.tokens import ALPHABET, code_in, new_code
from vpr_video.web.neutral_texts import NEUTRAL
from vpr_video.web.texts import TEXTS

GSM_7 = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The basic characters of 3GPP TS 23.038: one SMS holds 160 of them, and 70 as soon as any other is among them."""
LONG_LINK = "https://meet.some-city.example/video/join/" + "x" * 22
POLICE = ("polic", "officer", "agent", "constable")

sms_then_mail = Plan(["sms", "email"], (5.0, 30.0))


def failed(channel: str, *, final: bool = False) -> Try:
    return Try(channel, f"{channel}_error", final)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", TEXTS_OF_APPOINTMENTS)
def test_what_is_said_of_an_appointment_is_one_sms_and_neutral_where_it_must_be(
    kind: tuple[bool, bool], language: Language
) -> None:
    when = told_short(datetime(2026, 9, 30, 20, 30, tzinfo=UTC), "UTC", language)
    text = about("sms", LONG_LINK, (when, ""), language, kind=kind).text
    assert when in text
    assert len(text) <= 160, text
    assert set(text) <= GSM_7, set(text) - GSM_7
    mail = about("email", LONG_LINK, ("", "then"), language, kind=kind)
    assert LONG_LINK in mail.text
    if kind[0]:
        assert not [word for word in POLICE if word in (text + mail.text + mail.subject).lower()]


def test_the_chosen_channel_comes_first_and_waits_longer_each_time() -> None:
    assert sms_then_mail.channel([]) == "sms"
    assert sms_then_mail.wait([failed("sms")]) == 5.0
    assert sms_then_mail.wait([failed("sms")] * 2) == 30.0


def test_the_other_channel_follows_at_once_when_the_tries_are_used_up() -> None:
    tried = [failed("sms")] * 3
    assert (sms_then_mail.channel(tried), sms_then_mail.wait(tried)) == ("email", 0.0)


def test_a_final_refusal_needs_no_further_try() -> None:
    tried = [failed("sms", final=True)]
    assert (sms_then_mail.channel(tried), sms_then_mail.wait(tried)) == ("email", 0.0)


def test_when_both_are_used_up_it_is_over_for_the_reason_of_the_chosen_one() -> None:
    tried = [failed("sms", final=True), *[failed("email")] * 3]
    assert (sms_then_mail.channel(tried), sms_then_mail.wait(tried)) == (None, None)
    assert sms_then_mail.reason(tried) == "sms_error"


tries = st.lists(st.builds(Try, st.sampled_from(["sms", "email", "contact"]), st.just("x"), st.booleans()))


@given(st.permutations(["sms", "email"]), st.lists(st.floats(1, 100), max_size=4), tries)
def test_every_plan_ends(channels: list[str], delays: list[float], tried: list[Try]) -> None:
    plan, rest = Plan(channels, delays), 0
    while (channel := plan.channel(tried)) is not None:
        tried, rest = [*tried, failed(channel)], rest + 1
        assert plan.wait(tried) is None or (plan.wait(tried) or 0) >= 0
    assert rest <= len(channels) * (len(delays) + 1)
    assert plan.reason(tried)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("neutral", [False, True])
def test_an_sms_is_one_part(language: Language, *, neutral: bool) -> None:
    for hours in (0.9, 1, 4, 24):
        text = messages.sms(LONG_LINK, timedelta(hours=hours), language, neutral=neutral).text
        assert set(text) <= GSM_7, set(text) - GSM_7
        assert len(text) <= 160, len(text)
        assert LONG_LINK in text.split(), "a link ends where a space is, or phones take more into it"


@pytest.mark.parametrize("language", LANGUAGES)
def test_neutral_words_are_neutral(language: Language) -> None:
    lasts = timedelta(hours=4)
    mail = messages.email(LONG_LINK, lasts, language, neutral=True)
    told = [mail.subject, mail.text, messages.sms(LONG_LINK, lasts, language, neutral=True).text]
    told += [part for text in NEUTRAL[language].values() for part in (text.title, *text.lines)]
    assert not [one for one in told for word in POLICE if word in one.lower()]


def test_every_page_that_names_police_has_a_neutral_form() -> None:
    for language in LANGUAGES:
        for name, text in (TEXTS[language] | NEUTRAL[language]).items():
            assert not [one for one in text.lines for word in POLICE if word in one.lower()], (language, name)


@pytest.mark.parametrize(
    ("lasts", "en", "fr"),
    [
        (timedelta(hours=4), "4 hours", "4 heures"),
        (timedelta(hours=3, minutes=59), "3 hours", "3 heures"),
        (timedelta(hours=1, minutes=59), "1 hour", "1 heure"),
        (timedelta(minutes=59), "59 minutes", "59 minutes"),
        (timedelta(seconds=3), "1 minutes", "1 minutes"),
    ],
)
def test_how_long_a_link_lasts_is_never_said_longer_than_it_does(lasts: timedelta, en: str, fr: str) -> None:
    assert (messages.told(lasts, "en"), messages.told(lasts, "fr")) == (en, fr)


@pytest.mark.parametrize("written", ["+1 204 555 0142", "204-555-0142", "1 (204) 555 0142", "tel:+1-204-555-0142"])
def test_a_number_is_read_however_it_is_written(written: str) -> None:
    assert number_for_sms(written, ("CA",)) == "+12045550142"


def answer_to(written: str) -> str:
    """The number that gets an SMS, or the code of the refusal."""
    try:
        return number_for_sms(written, ("CA", "US"))
    except NotTaken as refused:
        return refused.code if refused.final else "not final"


@given(st.text(max_size=40))
def test_what_is_no_number_is_refused_without_being_told(written: str) -> None:
    answer = answer_to(written)
    assert answer.startswith("+1") or answer in {"number_invalid", "country_not_allowed", "number_not_allowed"}


def test_a_number_that_costs_the_caller_money_gets_no_sms() -> None:
    with pytest.raises(NotTaken, match="number_not_allowed"):
        number_for_sms("+1 900 555 1234", ("US",))


@given(st.text(max_size=12))
def test_whatever_is_typed_is_a_code_of_ours_or_none(typed: str) -> None:
    code = code_in(typed)
    assert code is None or (len(code) == 6 and set(code) <= set(ALPHABET))


def test_a_code_is_read_however_it_is_typed() -> None:
    code = new_code()
    assert {code_in(one) for one in (code, code.lower(), f" {code[:3]} - {code[3:]} ")} == {code}


def settings(environment: Literal["development", "production"] = "development", **options: Any) -> Settings:
    shared = SharedSettings(vpr_environment=environment, oidc_issuer="https://issuer.example")
    return Settings(database_url=SecretStr("postgresql+asyncpg://nobody"), shared=shared, **options)


@pytest.fixture
def sealed(tmp_path: Path) -> dict[str, Path]:
    """What production needs beside."""
    SealKey.made_at(tmp_path / "seal.pem")
    return {"seal_key": tmp_path / "seal.pem", "seal_folder": tmp_path}


TWILIO: dict[str, Any] = {
    "sms": "twilio",
    "sms_account": "AC1",
    "sms_token": "t",
    "sms_from": "+12045550100",
    "intake_url": "http://i",
}
SMTP: dict[str, Any] = {
    "email": "smtp",
    "smtp_host": "mail.example",
    "mail_from": "Police <p@city.example>",
    "intake_url": "http://i",
}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sms": "twilio"}, "VIDEO_SMS_ACCOUNT, VIDEO_SMS_TOKEN, VIDEO_SMS_FROM, VIDEO_INTAKE_URL"),
        ({"email": "smtp"}, "VIDEO_SMTP_HOST, VIDEO_MAIL_FROM, VIDEO_INTAKE_URL"),
        (TWILIO | {"sms_url": "http://sms.example"}, "must be https"),
        (TWILIO | {"sms_url": "https://10.0.0.1"}, "not public"),
        (TWILIO | {"sms_countries": "CA,Canada"}, "two-letter codes"),
        (TWILIO | {"sms_countries": ""}, "two-letter codes"),
        (SMTP | {"mail_from": "The Police"}, "e-mail address"),
        ({"sms": "pigeon"}, "twilio"),
        ({"neutral_join_url": "meet.example/{token}"}, "no http address"),
        ({"neutral_join_url": "http://localhost:8001/video/join/{token}"}, "must not lead to STAFF_URL"),
    ],
)
def test_settings_that_cannot_send_stop_the_start(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        settings(**options)


@pytest.mark.parametrize("channel", ["sms", "email"])
def test_production_refuses_the_outbox(channel: str, sealed: dict[str, Path]) -> None:
    with pytest.raises(ValidationError, match="must not be outbox in production"):
        settings("production", **sealed, **{channel: "outbox"})


def test_production_refuses_mail_without_tls(sealed: dict[str, Path]) -> None:
    assert settings("production", **sealed, **SMTP).smtp_tls == "starttls"
    with pytest.raises(ValidationError, match="VIDEO_SMTP_TLS"):
        settings("production", **sealed, **SMTP, smtp_tls="none")


def test_a_neutral_sender_is_a_number_or_named_so() -> None:
    assert settings(**TWILIO).can_send("sms", neutral=True)
    named = settings(**TWILIO | {"sms_from": "POLICE"})
    assert (named.can_send("sms", neutral=False), named.can_send("sms", neutral=True)) == (True, False)
    assert not settings(**SMTP).can_send("email", neutral=True)
    assert settings(**SMTP, mail_from_neutral="c@m.example").sender_of("email", neutral=True) == "c@m.example"
