"""The map of counties: every county once, hidden ones told by pattern and sign, nothing on it but the chart's own rows."""

import re
from xml.etree import ElementTree

from expectations.report import Chart, ChartRow, mapped
from expectations.report.county_map import outlines
from systems.description import load_system

SVG = "{http://www.w3.org/2000/svg}"
FIXED = {"Los Angeles": "037", "Alpine": "003", "San Francisco": "075", "Inyo": "027"}


def counties(**values):
    rows = tuple(ChartRow(label=name, key=FIXED[name], values=(value,)) for name, value in values.items())  # fmt: skip
    return Chart(id="counties", kind="tiles", title="Counties, 2025", heads=("County", "orders"), units=("count",), rows=rows)  # fmt: skip


def shapes(chart):
    """(fill, title) of each county."""
    svg = ElementTree.fromstring(mapped(chart))
    return [(p.get("fill"), p.findtext("title")) for p in svg.find("g").iter("path")]


def points(path):
    """The rings of a path of steps, as the drawing reads it."""
    for ring in re.findall(r"M(\d+) (\d+)l([^z]*)z", path):
        numbers = [int(n) for n in re.findall(r"-?\d+", ring[2])]
        x, y = int(ring[0]), int(ring[1])
        found = [(x, y)]
        for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
            x, y = x + dx, y + dy
            found.append((x, y))
        yield found


def area(ring):
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, [*ring[1:], ring[0]], strict=True))) / 2  # fmt: skip


def test_the_outlines_are_the_counties_of_the_code_list_inside_the_picture():
    (wide, tall), drawn = outlines()
    assert set(drawn) == set(load_system("CARPOS").code_list("county").values)
    for one in drawn.values():
        assert "".join(re.findall(r"M\d+ \d+l[\d -]+z", one.path)) == one.path
        assert all(0 <= x <= wide and 0 <= y <= tall for ring in points(one.path) for x, y in ring)
        assert 0 < one.x < wide
        assert 0 < one.y < tall


def test_areas_are_those_of_the_counties():
    # Land and inland water by the Census Bureau's gazetteer of 2017, square miles: the map is of equal areas.
    square_miles = {"071": 20105, "027": 10227, "037": 4753, "003": 743, "075": 232}
    found = {c: sum(map(area, points(o.path))) for c, o in outlines()[1].items()}
    assert max(found, key=found.get) == "071"
    assert min(found, key=found.get) == "075"
    for one in ("027", "003"):
        assert abs(found[one] / found["071"] / (square_miles[one] / square_miles["071"]) - 1) < 0.03


def test_neighbours_share_a_border():
    edges = {
        code: {frozenset(pair) for ring in points(one.path) for pair in zip(ring, [*ring[1:], ring[0]], strict=True)}
        for code, one in outlines()[1].items()
    }  # fmt: skip
    assert edges["075"] & edges["081"]  # San Francisco and San Mateo
    assert edges["003"] & edges["051"]  # Alpine and Mono
    assert not edges["075"] & edges["073"]  # San Francisco and San Diego


def test_hidden_nought_published_and_absent_are_told_apart_without_colour():
    chart = counties(**{"Los Angeles": 4200, "Alpine": None, "San Francisco": None, "Inyo": 0})
    found = shapes(chart)
    assert len(found) == 58
    fills = {title: fill for fill, title in found}
    assert fills["Alpine: hidden"] == "url(#counties-hidden)"
    assert fills["Inyo: 0"] == "#ffffff"
    assert "Los Angeles: 4,200" in fills
    assert sum("not in the table" in title for _, title in found) == 54
    svg = mapped(chart)
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert texts.count("*") == 2  # one stands beside its county
    assert {"4,200", "0", "*: hidden", "largest: 4,200"} <= set(texts)
    assert ElementTree.fromstring(svg).find("pattern") is None  # it is defined, not drawn


def test_a_map_of_nothing_published_has_no_scale():
    svg = mapped(counties(Alpine=None))
    assert "largest" not in svg.split("</desc>")[1]
    assert "*: hidden" in svg


def test_the_map_says_of_a_label_what_it_is_and_no_more():
    chart = Chart(id="x", kind="tiles", title="<i>", heads=("County", "n"), units=("count",),
                  rows=(ChartRow(label="<b>&", key="001", values=(3,)),))  # fmt: skip
    svg = mapped(chart)
    assert "<b>" not in svg
    assert "<i>" not in svg
    ElementTree.fromstring(svg)
