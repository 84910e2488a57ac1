"""What a page is on paper: printed by Chromium to PDF, read back by poppler's programs."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from playwright.sync_api import Browser

SIZES = {"Letter": (612, 792), "A4": (595, 842)}  # points
_ZOOM = 3  # the most that pdftohtml takes: sizes come as whole numbers of a third of a point


@dataclass(frozen=True)
class Sheet:
    """One printed page: its size in points, its words in order, the smallest letters in points."""

    width: float
    height: float
    text: str
    smallest: float
    leftmost: float
    rightmost: float

    @property
    def landscape(self) -> bool:
        return self.width > self.height


def printed(browser: Browser, page: Path, size: str, target: Path) -> list[Sheet]:
    """The sheets of a page on this paper, as whoever prints it gets them."""
    shown = browser.new_page()
    shown.goto(page.as_uri())
    shown.pdf(path=target, format=size, prefer_css_page_size=False, print_background=True)
    shown.close()
    return sheets(target)


def sheets(pdf: Path) -> list[Sheet]:
    """Each page of a PDF, with the place and size of its letters."""
    command = ["pdftohtml", "-xml", "-i", "-hidden", "-zoom", str(_ZOOM), "-stdout", str(pdf)]
    raw = subprocess.run(command, check=True, capture_output=True).stdout.decode()
    tree = ElementTree.fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", raw))
    fonts = {f.get("id"): float(f.get("size", 0)) / _ZOOM for f in tree.iter("fontspec")}
    found: list[Sheet] = []
    for page in tree.iter("page"):
        lines = [line for line in page.iter("text") if "".join(line.itertext()).strip()]
        left = [float(line.get("left", 0)) / _ZOOM for line in lines]
        right = [
            (float(line.get("left", 0)) + float(line.get("width", 0))) / _ZOOM for line in lines
        ]
        found.append(
            Sheet(
                width=float(page.get("width", 0)) / _ZOOM,
                height=float(page.get("height", 0)) / _ZOOM,
                text=" ".join(" ".join("".join(line.itertext()).split()) for line in lines),
                smallest=min((fonts[line.get("font")] for line in lines), default=99.0),
                leftmost=min(left, default=0.0),
                rightmost=max(right, default=0.0),
            )
        )
    return found
