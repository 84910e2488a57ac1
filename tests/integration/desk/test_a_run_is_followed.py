"""A run that somebody else began is followed in a browser, stage by stage, without its page being asked for again."""

import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.desk import PROGRAM, Served
from tests.integration.conftest import Demo

pytestmark = [pytest.mark.machine("chromium"), pytest.mark.long]


def test_stages_pass_by_and_the_page_stands_still(demo: Demo, browser: Browser, tmp_path: Path):
    home = tmp_path / "home"
    shutil.copytree(demo.home, home)
    home.chmod(0o700)
    project = demo.release("deidentified")["release"].rpartition("-R")[0]
    served = Served(home, PROGRAM)
    words = [*PROGRAM, "--home", str(home), "--quiet", "run", project, "--kind", "deidentified", "--no-orchestrator"]  # fmt: skip
    page = browser.new_page()
    page.goto(served.address)
    page.wait_for_url(f"{served.origin}/")
    run = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            page.goto(f"{served.origin}/runs")
            works = page.locator("tr", has_text="works").filter(has_not_text="nobody")
            if works.count():
                break
            assert run.poll() is None, "it ended before anybody could look"
            page.wait_for_timeout(100)
        works.first.locator("a").first.click()
        page.wait_for_url("**/runs/*")
        page.evaluate("window.here = 1")  # a page that is asked for again forgets it
        expect(page.locator("[data-show=now]")).to_contain_text("Works at")
        expect(page.locator("tr[data-stage=validate] .at")).to_contain_text("done", timeout=120_000)  # fmt: skip
        expect(page.locator("[data-show=now]")).to_contain_text("Nobody works on it", timeout=60_000)  # fmt: skip
        expect(page.locator("[data-show=state]")).to_have_text("waiting approval")
        assert page.evaluate("window.here") == 1
        assert run.wait(60) == 7
        assert page.locator("#share").get_attribute("value") != "0"
    finally:
        run.kill()
        run.wait()
        assert served.end() == 143
