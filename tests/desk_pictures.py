"""Pictures of the desk for docs/desk.md: ``python -m tests.desk_pictures HOME``, of a demo home with releases that wait.

Everybody on them is made up. A home is made ready by ``doj-release demo``, then by ``run 2026-001 --kind identified`` under a
``linkage.threshold`` of 0.999, so that pairs are doubtful, and ``run 2026-002 --kind deidentified``.
"""

import sys
from pathlib import Path

from playwright.sync_api import Page

from tests.chromium import chromium
from tests.desk import PROGRAM, Served

OUT = Path(__file__).parents[1] / "docs" / "desk"


def main(home: str) -> None:
    """Draw each picture again."""
    OUT.mkdir(exist_ok=True)
    served = Served(Path(home), PROGRAM)
    try:
        with chromium() as browser:
            page = browser.new_page(viewport={"width": 1120, "height": 760}, base_url=served.origin)
            page.goto(served.address)
            page.wait_for_url(f"{served.origin}/")
            _draw(page, "waiting")
            page.goto("/releases")
            page.get_by_role("link", name="2026-002-R002").first.click()
            _draw(page, "release", 1100)
            page.goto("/review")
            page.locator("main a[href^='/review/']").first.click()
            page.get_by_role("link", name="Begin with what waits").click()
            _draw(page, "review", 900)
            page.goto("/runs/2026-003-R001/plots")
            _draw(page, "map", 900)
    finally:
        served.end()


def _draw(page: Page, name: str, height: int = 760) -> None:
    page.wait_for_load_state("networkidle")
    page.set_viewport_size({"width": 1120, "height": height})
    page.screenshot(path=OUT / f"{name}.png")


if __name__ == "__main__":
    main(sys.argv[1])
