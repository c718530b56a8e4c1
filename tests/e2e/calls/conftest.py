"""A browser with fake cameras, whose pages may use them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.calls import GRANTED, chromium

FEW_FRAMES = "--use-fake-device-for-media-stream=device-count=3,fps=8"
"""A picture that moves, but leaves two cores something for all else: the last flag of a name counts."""


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """The driver of browsers, for those with settings of their own."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """The browser."""
    browser = chromium(playwright, GRANTED, FEW_FRAMES)
    yield browser
    browser.close()
