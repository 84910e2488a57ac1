"""The map of a wide table: cut between groups of columns, every column on one part, the heads said again."""

import re
from html import unescape

import pytest

from extracts.suppression import MapCell, heat_map_page
from extracts.suppression.heat_map import _cuts, _heads_between, _tables

DIMS = ("year", "county", "family", "sex")
FAMILIES = tuple(f"Family number {n}" for n in range(8))
COUNTIES = tuple(f"County {n}" for n in range(59))
CELLS = {
    (year, county, family, sex): MapCell("primary", None, 1, 10)
    if (len(family) + len(county) + int(year)) % 3
    else MapCell("published", 12_345)
    for year in ("2024", "2025")
    for county in COUNTIES
    for family in FAMILIES
    for sex in ("Female", "Male", "Nonbinary", "Unknown", "TOTAL")
}


def test_every_cell_stands_on_exactly_one_part_under_its_own_heads():
    for table in _tables(DIMS, CELLS, {}):
        assert len(table.parts) > 1
        heads = [label for part in table.parts for label, _ in part.heads[0]]
        assert heads == list(FAMILIES)  # none is cut in two
        for part in table.parts:
            wide = {sum(width for _, width in head) for head in part.heads}
            wide |= {len(line) for _, line in part.lines}
            assert len(wide) == 1
            assert [row for row, _ in part.lines] == list(COUNTIES)
        shown = sum(len(line) for part in table.parts for _, line in part.lines)
        assert shown == len(CELLS) / 2 == sum(count for _, count in table.counts)


def test_parts_are_filled_with_whole_groups_and_a_wide_group_is_cut_where_the_sheet_ends():
    assert _cuts([10.0] * 6, [0, 2, 4, 6], 45) == [0, 4, 6]
    assert _cuts([10.0] * 6, [0, 6], 45) == [0, 4, 6]
    assert _cuts([10.0] * 3, [0], 45) == [0, 3]
    assert _cuts([100.0] * 2, [0, 1, 2], 45) == [0, 1, 2]  # wider than a sheet: it stands alone
    assert _heads_between([[("a", 3), ("b", 3)]], 2, 5) == ((("a", 1), ("b", 2)),)


def test_the_page_begins_with_a_summary_of_all_tables():
    page = heat_map_page(DIMS, CELLS, title="T", facts={}, exact=True)
    summary = page[page.index('<table class="all">') : page.index("<section")]
    rows = re.findall(r'<th scope="row">(.*?)</th>(.*?)</tr>', summary)
    assert [unescape(name) for name, _ in rows] == ["year 2024", "year 2025"]
    counts = [int(n.replace(",", "")) for n in re.findall(r"<td>(.*?)</td>", rows[0][1])]
    assert sum(counts) == len(CELLS) / 2


@pytest.mark.parametrize("dims", [("year",), ("county",), ("year", "county")])
def test_small_tables_are_one_part(dims):
    cells = {tuple("ab"[: len(dims)]): MapCell("published", 3)}
    (table,) = _tables(dims, cells, {})
    assert len(table.parts) == 1
    assert heat_map_page(dims, cells, title="T", facts={}, exact=True).count("<section") == 1
