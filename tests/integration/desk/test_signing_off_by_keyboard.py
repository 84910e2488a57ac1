"""A release is returned, answered, approved, sealed and handed over: all that the desk does of it by keyboard alone, nothing for axe on the way."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.accessible import violations
from tests.desk import PROGRAM, Served
from tests.in_process import run_here
from tests.integration.conftest import Demo

pytestmark = [pytest.mark.machine("chromium"), pytest.mark.long]
_TABS = 120  # more stops than any of these pages has
SAID = "One county stands alone. Why?"


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until what is wanted has the focus, and can be seen to have it."""
    for _ in range(_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", selector
            return
    raise AssertionError(f"{selector} is reached by no key")


def press(page: Page, selector: str, wait: str) -> None:
    """Go there by Tab and press Enter; the page that comes is whole for axe."""
    tab_to(page, selector)
    with page.expect_navigation(url=wait):
        page.keyboard.press("Enter")
    found = violations(page)
    assert not found, (page.url, [v["id"] for v in found])


def test_a_release_is_signed_off_without_a_mouse(demo: Demo, browser: Browser, tmp_path: Path):
    home = tmp_path / "home"
    shutil.copytree(demo.home, home)
    home.chmod(0o700)
    project = demo.release("deidentified")["release"].rpartition("-R")[0]
    order = ("run", project, "--kind", "deidentified", "--no-orchestrator", "--json")
    release = run_here(*order, home=home).json["release"]
    resume = ("run", project, "--resume", release, "--no-orchestrator", "--json")
    served = Served(home, PROGRAM)
    here = f"**/releases/{release}"
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    try:
        page.goto(served.address)
        page.wait_for_url(f"{served.origin}/")
        press(page, f"a[href='/releases/{release}']", here)
        report = page.frame_locator("iframe").locator("h1")
        assert report.count() == 1  # the report itself
        assert not page.frames[1].evaluate("(() => { try { return !!parent.document } catch { return false } })()")  # fmt: skip
        tab_to(page, "form[action$='/return'] textarea")
        page.keyboard.type(SAID)
        press(page, "form[action$='/return'] button", here)
        assert "is returned" in page.locator("[role=status]").inner_text()
        assert run_here(*resume, home=home).json["error"]["code"] == "RUN-41"
        page.reload()
        assert SAID in page.inner_text("main")
        tab_to(page, "form[action$='/answer'] textarea")
        page.keyboard.type("It is a region.")
        press(page, "form[action$='/answer'] button", here)
        press(page, "form[action$='/approve'] button", here)
        assert "is approved" in page.locator("[role=status]").inner_text()
        assert run_here(*resume, home=home).json["state"] == "Released"
        page.reload()
        press(page, "form[action$='/handover'] button", here)
        assert "was given the package" in page.locator("[role=status]").inner_text()
        tab_to(page, "#end + details summary")
        page.keyboard.press("Enter")
        tab_to(page, "form[action$='/withdraw'] input[name=confirm]")
        page.keyboard.type(release)
        page.once("dialog", lambda dialog: dialog.accept())
        press(page, "form[action$='/withdraw'] button", here)
        assert "is withdrawn" in page.locator("[role=status]").inner_text()
    finally:
        assert served.end() == 143
    shown = run_here("release", "show", release, "--json", home=home).json
    assert shown["status"] == "withdrawn"
    assert [(one["comment"], one["answer"]) for one in shown["returns"]] == [(SAID, "It is a region.")]  # fmt: skip
