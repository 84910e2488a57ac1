"""A review by the keyboard alone, in a real browser: one key a plain answer, nothing for axe, a stale page is told."""

import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from pipelines.release.context import release_context
from pipelines.release.reviewing import Said, decide, prepare
from tests.accessible import violations
from tests.desk import PROGRAM, Served
from tests.unit.pipelines.release.reviewing import reviewing_home as world

RELEASE = world.RELEASE
pytestmark = pytest.mark.machine("chromium")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A release that waits for reviewers, of whom this process's user is one."""
    root = tmp_path / "home"
    world.make_home(root)
    people = root / "people.toml"
    user = pwd.getpwuid(os.geteuid()).pw_name
    people.write_text(people.read_text().replace('user = "u-rey-1"', f'user = "{user}"'))
    with pytest.MonkeyPatch.context() as patch, world.session_of(root, "rey-1") as session:
        world.without_register(patch)
        prepare(release_context(session, RELEASE))
    return root


@pytest.fixture
def page(home: Path, browser: Browser) -> Iterator[Page]:
    served = Served(home, PROGRAM)
    found = browser.new_page(viewport={"width": 1280, "height": 900}, base_url=served.origin)
    said: list[str] = []
    found.on("console", lambda message: said.append(message.text))
    found.on("pageerror", lambda error: said.append(str(error)))
    found.goto(served.address)
    found.wait_for_url(f"{served.origin}/")
    yield found
    assert [text for text in said if "400" not in text] == []
    found.close()
    assert served.end() == 143
    assert "Traceback" not in served.errors


def press(page: Page, key: str) -> None:
    """One key that leads to another page."""
    with page.expect_navigation():
        page.keyboard.press(key)


_LINK_OR_BUTTON = (
    "document.activeElement.matches('a, button') ? document.activeElement.innerText : ''"
)


def tab_to(page: Page, words: str) -> None:
    """Reach a link or button as somebody does who has no mouse."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if words in page.evaluate(_LINK_OR_BUTTON):
            return
    raise AssertionError(words)


def decided(home: Path) -> list[tuple[object, object]]:
    with world.session_of(home, "rey-1") as session:
        kinds = ("pair_decided", "row_decided", "decision_undone")
        events = session.ledger.events(release=RELEASE, kind=kinds)
        return [(e.actor, e.facts.get("decision", "undone")) for e in events]


def test_a_review_by_single_keys(page: Page, home: Path):
    page.goto("/review")
    tab_to(page, RELEASE)
    press(page, "Enter")
    tab_to(page, "Begin with what waits")
    press(page, "Enter")
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        found = violations(page)
        assert not found, [(v["id"], v["nodes"][0]["html"][:150]) for v in found]
        assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert page.locator(".candidate.chosen h2").inner_text().startswith("1")
    press(page, "s")  # both entries of the first person
    assert page.locator(".candidate.chosen").get_attribute("data-number") == "2"
    press(page, "d")
    assert page.url.partition("?")[0].endswith(f"/{RELEASE}/1")
    press(page, "z")  # taken back: the same row again
    assert page.url.partition("?")[0].endswith(f"/{RELEASE}/0")
    page.keyboard.press("2")
    page.keyboard.press("n")
    page.keyboard.type("sdu: letters of a note are no answers")
    page.keyboard.press("Escape")
    press(page, "d")
    press(page, "u")
    press(page, "s")
    press(page, "s")  # rows that look alike: they stay withheld
    assert page.url.endswith(f"/review/{RELEASE}")
    assert "Everything is settled" in page.locator("main").inner_text()
    mine = [said for _, said in decided(home)]
    assert mine == [
        "link",
        "link",
        "non_link",
        "undone",
        "non_link",
        "unsure",
        "link",
        "same",
        "same",
    ]


def test_keys_can_be_turned_off_and_a_stale_page_is_told(page: Page, home: Path):
    page.goto(f"/review/{RELEASE}/1")
    page.locator("#keys").uncheck()
    page.locator("h1").click()
    page.keyboard.press("s")
    page.wait_for_timeout(300)
    assert decided(home) == []
    with world.session_of(home, "ann-1") as other:
        decide(other, RELEASE, [Said(("c2", "10"), "different")])
    with page.expect_navigation():
        page.get_by_role("button", name="Same person").click()
    assert "RUN-44" in page.title()
    assert decided(home) == [("ann-1", "non_link")]
