"""Every page of the desk in a real browser: nothing for axe, nothing from elsewhere, desktop, phone, paper."""

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.accessible import violations
from tests.desk import PROGRAM, Served, route_of
from tests.in_process import run_here
from tests.integration.conftest import Demo

WIDTHS = {1280: 900, 390: 844}
_LINKS = "[...document.querySelectorAll('a[href]:not([download]), iframe[src]')].map(e => e.href || e.src)"
_FILES = "[...document.querySelectorAll('a[download]')].map(e => e.href)"
_WIDER = "document.documentElement.scrollWidth > window.innerWidth"
pytestmark = pytest.mark.machine("chromium")


@pytest.fixture(scope="module")
def home(demo: Demo, tmp_path_factory) -> Path:
    """The demonstration's home, with a release that waits for reviewers and one that waits for an approver."""
    copy = tmp_path_factory.mktemp("desk") / "home"
    shutil.copytree(demo.home, copy)
    copy.chmod(0o700)
    settings = copy / "settings.toml"
    text = settings.read_text()
    settings.write_text(text.replace("threshold = 0.90 ", "threshold = 0.999 "))
    assert _run(demo, copy, "identified") == 7
    settings.write_text(text)
    assert _run(demo, copy, "deidentified") == 7
    return copy


def _run(demo: Demo, home: Path, kind: str) -> int:
    project = demo.release(kind)["release"].rpartition("-R")[0]
    return run_here("run", project, "--kind", kind, "--no-orchestrator", home=home).code


@pytest.fixture(scope="module")
def served(home: Path) -> Iterator[Served]:
    found = Served(home, PROGRAM)
    yield found
    assert found.end() == 143
    assert "Traceback" not in found.errors


def every_page(page: Page, served: Served, each: int = 2) -> Iterator[str]:
    """Go to every page that a link leads to, some of each route; the path of each."""
    page.goto(served.address)
    page.wait_for_url(f"{served.origin}/")
    waiting, known, taken, files = ["/"], {"/"}, Counter[str](), set[str]()
    while waiting:
        path = waiting.pop(0)
        taken[route := route_of(path)] += 1
        if taken[route] > each:
            continue
        if path in files:  # a download, which has no page
            continue
        answer = page.goto(served.origin + path)
        assert answer is not None
        assert answer.status == 200, (path, answer.status)
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        yield path
        files |= {link.removeprefix(served.origin) for link in page.evaluate(_FILES)}
        for link in page.evaluate(_LINKS):
            target = link.removeprefix(served.origin).partition("#")[0]
            if link.startswith(served.origin + "/") and target not in known:
                known.add(target)
                waiting.append(target)


def test_every_page_is_what_a_browser_and_a_reader_need(browser: Browser, served: Served):
    wrong: list[str] = []
    asked: list[str] = []
    with browser.new_context(accept_downloads=False) as context:
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: wrong.append(f"{page.url} says {message.text}"))
        page.on("pageerror", lambda error: wrong.append(f"{page.url} breaks: {error}"))
        seen = []
        for path in every_page(page, served):
            seen.append(route_of(path))
            if page.locator("main#main").count() == 0:
                continue  # a document in a frame: looked at where it is made
            assert page.title(), path
            wrong += [f"{path}: {n} h1" for n in [page.locator("h1").count()] if n != 1]
            for width, height in WIDTHS.items():
                page.set_viewport_size({"width": width, "height": height})
                if page.evaluate(_WIDER):
                    wrong.append(f"{path}: wider than {width}")
                wrong += [
                    f"{path}, {width}: {v['id']}, {v['nodes'][0]['html'][:120]}"
                    for v in violations(page)
                ]
            page.set_viewport_size({"width": 700, "height": 990})
            page.emulate_media(media="print")
            if page.evaluate(_WIDER):
                wrong.append(f"{path}: cut off on paper")
            page.emulate_media(media="screen")
    assert wrong == [], "\n".join(wrong)
    assert {url for url in asked if not url.startswith(served.origin + "/")} == set()
    assert "/" in seen
