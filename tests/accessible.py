"""What axe-core finds wrong with a page, as a browser shows it.

Contrast takes nine tenths of its time, and a report's tables have thousands of cells that are drawn alike. So a text's contrast is
asked for once in a session for each way of being drawn: its colour, size and weight, and what lies behind it. On the page where
a way is met first, every such text is asked for; all other rules look at the whole of each page, at each width.
"""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_well: set[str] = set()  # ways of being drawn that were looked at and are legible

# Texts that somebody sees and that axe judges; of what lies behind, what is as a page has it without any style is left out.
_LOOK = r"""async known => {
    const well = new Set(known), ways = new Set(), texts = []
    const drawn = (style, names, plain) => names.map(n => style[n]).filter(v => !plain.has(v)).join()
    const behind = ["backgroundColor", "backgroundImage", "opacity", "position", "clip", "clipPath", "filter", "mixBlendMode", "visibility"]
    const plain = new Set(["rgba(0, 0, 0, 0)", "none", "1", "static", "auto", "normal", "visible"])
    const look = (element, above) => {
        const style = getComputedStyle(element), own = drawn(style, behind, plain)
        const here = own ? above + "/" + own : above
        const text = [...element.childNodes].filter(n => n.nodeType === 3).map(n => n.data).join("").trim()
        if ((text || element.matches("input, select, textarea")) && element.checkVisibility({visibilityProperty: true})) {
            const off = element.closest(":disabled, [aria-disabled]") ? "off" : ""
            const way = [here, style.color, style.fontSize, style.fontWeight, style.textShadow, off].join("|")
            if (!well.has(way)) {
                texts.push(element)
                if (/[\p{L}\p{N}]{3}/u.test(text)) ways.add(way)
            }
        }
        for (const child of element.children) look(child, here)
    }
    look(document.body, drawn(getComputedStyle(document.documentElement), behind, plain))
    const resultTypes = ["violations"]
    const found = (await axe.run({resultTypes, rules: {"color-contrast": {enabled: false}}})).violations
    const pale = texts.length ? (await axe.run({include: texts}, {resultTypes, runOnly: ["color-contrast"]})).violations : []
    return [[...found, ...pale], pale.length ? [] : [...ways]]
}"""


def violations(page: Page) -> list[dict[str, Any]]:
    """What axe finds on a page at its present width: each with its ``id`` and its ``nodes``."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    found, ways = page.evaluate(_LOOK, sorted(_well))
    _well.update(ways)
    return found
