"""A real browser for the tests of pages, a desktop's and a phone's screen, and a folder for what they look like."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.waiting import DEADLINE

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-domain-reliability", "--no-pings"]  # fmt: skip
SCREENS = {"desktop": (1280, 900), "phone": (390, 844)}
SHOTS = Path(__file__).parents[2] / "screenshots"
PATIENCE = DEADLINE * 1000
"""Milliseconds that a page is waited for."""

expect.set_options(timeout=PATIENCE)


def chromium_path() -> str:
    """Where Chromium is; without one the test is skipped, and fails in CI."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path:
        return path
    reason = "Chromium is missing: install the package chromium"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's or the system's own Chromium; none is downloaded."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield browser
        browser.close()


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """A visitor's browser, with Playwright's options, whose pages are waited for as long as everything else."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE)
    return context


@pytest.fixture(params=SCREENS)
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """An empty page, once on each screen."""
    width, height = SCREENS[request.param]
    context = new_context(browser, viewport={"width": width, "height": height})
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """The folder of screenshots, for people to look at."""
    SHOTS.mkdir(exist_ok=True)
    return SHOTS
