"""A browser with fake cameras, whose pages may use them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.calls import GRANTED, chromium


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """The driver of browsers, for those with settings of their own."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """The browser."""
    browser = chromium(playwright, GRANTED)
    yield browser
    browser.close()
