"""Every page that somebody reads, in a real browser: nothing for axe, no network, desktop, phone, paper."""

import html
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from expectations.report import render
from expectations.report.model import ReportModel
from extracts.suppression import heat_map_page
from tests.accessible import violations
from tests.chromium import chromium
from tests.integration.conftest import Demo, doj_release
from tests.integration.test_demo import KINDS, MEMBERS, opened
from tests.paper import SIZES, Sheet, printed
from tests.unit.extracts.suppression.test_heat_map_on_paper import CELLS, DIMS, FAMILIES

WIDTHS = {"desktop": (1280, 900), "phone": (390, 844), "small phone": (320, 568)}
# Of a release that must not leave, what is another page is the verdict and two checks: looked at in one kind.
_ALIKE = {
    f"{kind}, {edition}, stopped"
    for kind in KINDS
    for edition in ("department", "recipient")
    if kind != "identified"
}
LEAST = 7.9  # points: 8, as poppler rounds
# sheets of a report; rows that were suppressed come with grids of what each column and group lost
MOST = {"deidentified, ": 16, "Department's": 11, "recipient's": 8, "stopped": 12}
_FOLDED = (
    "[...document.querySelectorAll('section, article, tr, li, dd')]"
    ".filter(e => !e.closest('nav') && !e.checkVisibility()).length"
)
pytestmark = pytest.mark.machine("chromium", "pdftohtml")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def pages(demo: Demo, tmp_path_factory) -> dict[str, Path]:
    """Both editions of each kind, each dictionary, and reports of releases that must not leave."""
    folder = tmp_path_factory.mktemp("pages")
    found: dict[str, Path] = {}
    for kind in KINDS:
        department = Path(demo.release(kind)["report"])
        found[f"{kind}, Department's"] = department
        (folder / kind).mkdir()
        inside = opened(demo, kind, MEMBERS[kind][0], folder / kind)
        found[f"{kind}, recipient's"] = inside / "validation-report.html"
        found[f"{kind}, dictionary"] = inside / "dictionary.html"
        stopped = failing(
            ReportModel.model_validate_json(department.with_name("report.json").read_text())
        )
        for edition in ("department", "recipient"):
            path = folder / f"{kind}-{edition}-stopped.html"
            path.write_text(render(stopped, edition))
            found[f"{kind}, {edition}, stopped"] = path
    return found


def failing(model: ReportModel) -> ReportModel:
    """The same release with a check that fails and one that warns."""
    first, second, *rest = model.checks
    changed = (
        first.model_copy(update={"holds": False, "severity": "critical", "violations": 3}),
        second.model_copy(update={"holds": False, "severity": "warning", "violations": 2}),
        *rest,
    )
    return ReportModel.model_validate(
        model.model_dump() | {"checks": [c.model_dump() for c in changed]}
    )


def test_pages_are_what_a_browser_and_a_reader_need(browser: Browser, pages: dict[str, Path]):
    wrong: list[str] = []
    for name, path in pages.items():
        with browser.new_context(offline=True, java_script_enabled=True) as context:
            page = context.new_page()
            asked: list[str] = []
            said: list[str] = []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.on("console", lambda message, said=said: said.append(message.text))
            page.goto(path.as_uri())  # no page has a script: it is laid out anew for each width
            for width, (across, down) in WIDTHS.items():
                page.set_viewport_size({"width": across, "height": down})
                if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                    wrong.append(f"{name}, {width}: wider than the screen")
                if width == "small phone" or name in _ALIKE:
                    continue  # laid out as on a phone, or as its like: only its width is a question
                found = violations(page)
                wrong += [f"{name}, {width}: {v['id']}, {len(v['nodes'])} times" for v in found]
            page.set_viewport_size({"width": 700, "height": 990})
            page.emulate_media(media="print")
            if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                wrong.append(f"{name}: cut off on paper")
            if hidden := page.evaluate(_FOLDED):
                wrong.append(f"{name}: {hidden} parts are folded on paper")
            wrong += [f"{name}: asks for {url}" for url in asked if url != path.as_uri()]
            wrong += [f"{name}: says {text}" for text in said]
    assert wrong == []


@pytest.mark.parametrize("size", SIZES)
def test_reports_on_paper(browser: Browser, pages: dict[str, Path], size: str, tmp_path: Path):
    for name, page in pages.items():
        if "dictionary" in name or (size == "A4" and name in _ALIKE):
            continue
        found = printed(browser, page, size, tmp_path / "report.pdf")
        _legible_and_whole(found, name, size)
        most = next(count for words, count in MOST.items() if words in name)
        assert len(found) <= most, f"{name}: {len(found)} sheets"
        _summary(found, page.read_text("utf-8"), name)


def _legible_and_whole(found: list[Sheet], name: str, size: str) -> None:
    for number, sheet in enumerate(found, start=1):
        assert {round(sheet.width), round(sheet.height)} <= {
            n + d for n in SIZES[size] for d in (0, 1)
        }
        assert sheet.smallest >= LEAST, f"{name}, sheet {number}: {sheet.smallest} pt"
        assert sheet.leftmost > 0, f"{name}, sheet {number}: cut off at the left"
        assert sheet.rightmost < sheet.width - 18, f"{name}, sheet {number}: cut off at the right"


def _summary(found: list[Sheet], source: str, name: str) -> None:
    """The first sheet is the summary and nothing else; a table's head stands on each of its sheets."""
    first, second = found[0].text, found[1].text
    assert "This release may" in first, name
    for title in ("Safe project", "Safe outputs", "In numbers"):
        assert title in first, name
    assert ("Signature" in first) == ('<body class="department' in source), name
    assert "Every check" not in first, name
    assert "Signature" not in second, name
    said = re.findall(r'<th scope="row">([^<]+)<code>[\w.]+</code></th>', source)
    # the beginnings: where a sentence goes on in a second line, the PDF has the row's numbers in between
    written = ["".join(html.unescape(one).split()[:3]) for one in said]
    whole = (unicodedata.normalize("NFKC", sheet.text) for sheet in found)  # "fi" may be one letter
    read = ["".join(text.split()) for text in whole]
    assert written, name
    assert [c for c in written if not any(c in sheet for sheet in read)] == [], name
    # the last of a table's rows on a sheet: of the Five Safes nothing stands there in these words
    heads = [
        sheet for sheet in read if sum(c in sheet for c in written) > 4 and "Safedata" not in sheet
    ]
    assert heads, name
    assert all("Verdict" in text and "Whereitstands" in text for text in heads), name


@pytest.mark.parametrize("size", SIZES)
def test_other_pages_on_paper(
    browser: Browser, demo: Demo, pages: dict[str, Path], size: str, tmp_path: Path
):
    """Dictionaries begin with the list of all columns, the page of a linkage with its numbers."""
    for name, page in pages.items():
        if "dictionary" not in name:
            continue
        found = printed(browser, page, size, tmp_path / "dictionary.pdf")
        _legible_and_whole(found, name, size)
        columns = re.findall(r'<article id="(\w+)">', page.read_text("utf-8"))
        assert columns, name
        assert [c for c in columns if c not in found[0].text] == [], name
        assert [c for c in columns if not any(c in s.text for s in found[1:])] == [], name
    kept = Path(demo.release("identified")["report"]).with_name("linkage.html")
    found = printed(browser, kept, size, tmp_path / "linkage.pdf")
    _legible_and_whole(found, "linkage", size)
    assert "Scores" in found[0].text
    assert "Weights" not in found[0].text
    assert all("bits" in sheet.text for sheet in found if "by chance" in sheet.text)
    (snapshot,) = (path.name for path in (demo.home / "register" / "CARPOS").glob("CARPOS-*"))
    shown = doj_release("register", "show", snapshot, "--out", tmp_path / "r.html", home=demo.home)
    assert shown.code == 0, shown.err
    found = printed(browser, tmp_path / "r.html", size, tmp_path / "register.pdf")
    _legible_and_whole(found, "register", size)
    assert "It is in use" in found[0].text
    assert "Records by year" not in found[0].text
    first = next(n for n, sheet in enumerate(found) if "Codes of agency" in sheet.text)
    assert any("Yuba" in sheet.text for sheet in found[first : first + 2])  # folded on a screen


@pytest.mark.parametrize("size", SIZES)
def test_a_map_of_hidden_cells_on_paper(browser: Browser, size: str, tmp_path: Path):
    """A summary first, then every group of columns with its heads: forty columns were once cut off after eleven."""
    path = tmp_path / "map.html"
    path.write_text(heat_map_page(DIMS, CELLS, title="A table", facts={"Cells": 1}, exact=True))
    phone = browser.new_page(viewport={"width": 390, "height": 844})
    phone.goto(path.as_uri())
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    phone.close()
    found = printed(browser, path, size, tmp_path / "map.pdf")
    _legible_and_whole(found, "map", size)
    assert "All tables" in found[0].text
    assert "county" not in found[0].text
    for year in ("2024", "2025"):
        for family in FAMILIES:
            mine = [s.text for s in found if f"year {year}" in s.text and family in s.text]
            assert mine, (year, family)
            assert all("Nonbinary" in text for text in mine)
    assert all("county" in sheet.text for sheet in found[1:])


def test_axe_would_find_something(browser: Browser, tmp_path: Path):
    """A page with a fault that we know: the tests above can fail."""
    path = tmp_path / "bad.html"
    path.write_text(
        "<html><body><p style='color:#aaa;background:#fff'>pale</p><img src='x'></body></html>"
    )
    page = browser.new_page()
    page.goto(path.as_uri())
    for _ in range(2):  # a way that is not legible is asked for again
        found = {v["id"] for v in violations(page)}
        assert {"color-contrast", "image-alt", "html-has-lang"} <= found
    page.close()
