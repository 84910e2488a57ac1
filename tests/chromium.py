"""Debian's Chromium, for the tests that look at pages as their readers do."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.parts import CHROMIUM


@contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """A browser of its own, with these options besides; it asks nobody anything by itself."""
    words = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", *more]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=words)
        try:
            yield browser
        finally:
            browser.close()
