"""Charts: what is drawn is what the table says, read without seeing it, and nothing of it is the recipient's."""

import re
from xml.etree import ElementTree

import pytest
from pydantic import ValidationError

from expectations.report import Chart, ChartRow, Notice, render
from expectations.report.editions import recipient_view
from expectations.report.plots import county_tiles, described, drawn
from systems.description import load_system
from tests.unit.expectations.test_report import SECRET, model

CHARTS = {
    "paired": Chart(id="a", kind="paired", title="Missing", heads=("Column", "before", "after"), units=("share", "share"),
                    rows=(ChartRow(label="<b>one</b>", values=(0.1, 0.5)), ChartRow(label="two", values=(0.0, 0.25)))),
    "rates": Chart(id="b", kind="rates", title="Rates", heads=("Group", "linked", "low", "high", "rows"),
                   units=("share", "share", "share", "count"),
                   rows=(ChartRow(label="all", values=(0.5, 0.4, 0.6, 100)), ChartRow(label="x", values=(0.2, 0.1, 0.4, 20)))),
    "lines": Chart(id="c", kind="lines", title="Years", heads=("Year", "orders"), units=("count",),
                   rows=tuple(ChartRow(label=str(y), values=(v,)) for y, v in zip(range(2016, 2021), (100, 110, None, 90, 80), strict=True))),
    "tiles": Chart(id="d", kind="tiles", title="Counties", heads=("County", "orders"), units=("count",),
                   rows=(ChartRow(label="Alameda", key="001", values=(900,)), ChartRow(label="Alpine", key="003", values=(None,)))),
}  # fmt: skip


@pytest.mark.parametrize("kind", CHARTS)
def test_a_chart_is_well_formed_named_described_and_large_enough(kind):
    chart = CHARTS[kind]
    svg = ElementTree.fromstring(drawn(chart))
    assert svg.get("role") == "img"
    names = svg.get("aria-labelledby").split()
    assert [svg.find(f"*[@id='{name}']").tag for name in names] == ["title", "desc"]
    assert svg.find("desc").text == described(chart)
    sizes = {float(t.get("font-size")) for t in svg.iter("text")}
    assert min(sizes) * 0.75 >= 8  # points on paper: it is never shrunk
    wide, tall = map(float, svg.get("viewBox").split()[2:])
    assert (wide, tall) == (float(svg.get("width")), float(svg.get("height")))
    assert all(0 <= float(t.get("x")) <= wide and 0 <= float(t.get("y")) <= tall for t in svg.iter("text"))  # fmt: skip


def test_bars_and_points_stand_where_their_values_are():
    svg = ElementTree.fromstring(drawn(CHARTS["paired"]))
    bars = [float(r.get("width")) for r in svg.iter("rect") if r.get("height") == "7.0"]
    assert bars[1] / bars[3] == pytest.approx(2.0, rel=0.01)  # 0.5 and 0.25 after
    assert bars[0] / bars[1] == pytest.approx(0.2, rel=0.01)  # 0.1 and 0.5
    points = [float(c.get("cx")) for c in ElementTree.fromstring(drawn(CHARTS["rates"])).iter("circle")]  # fmt: skip
    assert points[0] > points[1]


def test_no_line_is_drawn_through_what_is_hidden():
    line = next(p.get("d") for p in ElementTree.fromstring(drawn(CHARTS["lines"])).iter("path") if p.get("stroke-width") == "2.5")  # fmt: skip
    assert line.count("M") == 2
    assert line.count("L") == 2


def test_a_hidden_county_has_an_asterisk_and_an_edge_of_its_own():
    svg = drawn(CHARTS["tiles"])
    texts = [t.text for t in ElementTree.fromstring(svg).iter("text")]
    assert texts.count("*") == 1
    assert texts.count("900") == 1
    assert texts.count("-") == 56
    assert svg.count("stroke-dasharray") == 57


def test_the_tiles_are_the_counties_of_the_code_list_each_in_a_place_of_its_own():
    assert set(load_system("CARPOS").code_list("county").values) == set(county_tiles())
    assert len({(x, y) for _, x, y in county_tiles().values()}) == 58
    assert len({short for short, _, _ in county_tiles().values()}) == 58


def test_a_chart_has_a_value_for_every_head():
    with pytest.raises(ValidationError):
        Chart(id="x", kind="lines", title="T", heads=("a", "b"), units=("count",), rows=(ChartRow(label="r", values=(1, 2)),))  # fmt: skip


def test_charts_and_notices_are_the_departments_alone():
    chart = CHARTS["lines"].model_copy(update={"title": f"T {SECRET}"})
    notice = Notice(text=f"N {SECRET}", reason=f"R {SECRET}", place="c", weight=1)
    full = model(charts=(chart,), attention=(notice,), looked_at=(f"L {SECRET}",))
    page = render(full, "department")
    assert page.index("What to look at") < page.index("The Five Safes")
    assert '<a href="#c">N DEPARTMENT-ONLY</a>' in page
    assert re.search(r'<figure class="lines" id="c">', page)
    assert SECRET not in render(full, "recipient")
    assert "What to look at" not in render(full, "recipient")
    told = recipient_view(full)
    assert (told.charts, told.attention, told.looked_at) == ((), (), ())


def test_the_table_beside_says_every_value_and_hides_what_is_hidden():
    page = render(model(charts=tuple(CHARTS.values())), "department")
    assert '<th scope="row">2018</th><td class="n">hidden</td>' in page
    assert '<th scope="row">x</th><td class="n">20 %</td><td class="n">10 %</td>' in page
    assert "<b>one</b>" not in page


def test_nothing_unusual_says_what_was_looked_at():
    page = render(model(looked_at=("drift", "links")), "department")
    assert "Nothing unusual. Looked at: drift; links." in page
