"""One Chromium for all that is done at a desk; who comes, comes in a context of their own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.chromium import chromium
from tests.integration.desk.standing import trusted


@pytest.fixture(scope="package")
def chrome() -> Iterator[Browser]:
    """Started once: a start takes as long as several pages."""
    with chromium(*trusted()) as found:
        yield found


@pytest.fixture
def browser(chrome: Browser) -> Iterator[Browser]:
    """The same, with nothing left of those who came before."""
    assert chrome.contexts == []
    yield chrome
    for context in chrome.contexts:
        context.close()
