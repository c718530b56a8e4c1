"""The language of pages, their texts, and the link."""

import pytest
from pydantic import SecretStr, ValidationError

from vpr_events.contracts.session import EvidenceKind
from vpr_service.languages import LANGUAGES, preferred
from vpr_service.settings import SharedSettings
from vpr_video.domain.items import Stage
from vpr_video.settings import Settings
from vpr_video.tokens import digest_of, new_token
from vpr_video.web.evidence_texts import ITEMS
from vpr_video.web.texts import TEXTS, text_of


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("fr", "fr"),
        ("fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        ("en-CA, en;q=0.9, fr;q=0.8", "en"),
        ("de, FR;q=0.5", "fr"),
        ("en;q=0.2, fr;q=0.4", "fr"),
        ("cr, de", "en"),
        ("*", "en"),
        ("en;q=0, fr;q=0.1", "fr"),
        ("fr;q=much, en;q=0.1", "en"),
        ("frisian", "en"),
        ("fr;q=nan, en;q=0.1", "en"),
    ],
)
def test_a_page_speaks_the_language_that_the_browser_prefers(accepted: str, language: str) -> None:
    assert preferred(accepted) == language


def test_every_text_exists_in_every_language() -> None:
    for language in LANGUAGES:
        assert TEXTS[language].keys() == TEXTS["en"].keys()
        assert all(len(text.lines) == len(TEXTS["en"][name].lines) for name, text in TEXTS[language].items())


def test_every_kind_of_evidence_has_a_name_in_every_language() -> None:
    for language in LANGUAGES:
        assert ITEMS[language].keys() == ITEMS["en"].keys()
        assert {f"kind_{kind}" for kind in EvidenceKind} <= ITEMS[language].keys()
        assert {f"state_{stage}" for stage in set(Stage) - {Stage.CAPTURED, Stage.DISCARDED}} <= ITEMS[language].keys()


def test_a_problem_without_a_text_of_its_own_has_the_general_one() -> None:
    assert text_of("unavailable", "fr") == TEXTS["fr"]["failed"]


def settings(**options: str) -> Settings:
    shared = SharedSettings(vpr_environment="development", public_url="https://vpr.example/")
    return Settings(database_url=SecretStr("postgresql+asyncpg://nobody"), shared=shared, **options)  # type: ignore[arg-type]


def test_the_link_is_made_of_the_public_address() -> None:
    assert settings().link_of("abc") == "https://vpr.example/video/join/abc"
    assert settings(join_url="https://v.example/join/{token}").link_of("abc") == "https://v.example/join/abc"


@pytest.mark.parametrize("template", ["{public_url}/join", "{public_url}/{tokens}/{token}", "{token}{"])
def test_a_template_that_makes_no_link_is_refused_at_start(template: str) -> None:
    with pytest.raises(ValidationError):
        settings(join_url=template)


def test_tokens_have_128_bits_and_only_their_digest_is_kept() -> None:
    token = new_token()
    assert len(token) == 22
    assert token != new_token()
    assert digest_of(token) != token
    assert len(digest_of(token)) == 64
