"""What levels of a system's tables stand for: tables under other bands, regions and names are attacked together."""

from dataclasses import replace

import numpy as np
import pytest

from extracts import suppression as sdc
from extracts.aggregated.atoms import codebook_of
from extracts.errors import HistoryUnreadableError
from systems.description import load_system
from tests.unit.extracts.suppression.tables import from_leaves

CARPOS = load_system("CARPOS")
SEX = sdc.Dimension.flat("sex", ["F", "M"])


def public(name, levels):
    """A table by one dimension and sex that went out whole: level to the counts of women and men."""
    dim = sdc.Dimension.flat(name, list(levels))
    table = from_leaves((dim, SEX), np.array(list(levels.values())))
    return sdc.publish(table, np.zeros(table.shape, bool))


def falls(first, second):
    book = codebook_of(CARPOS, [first, second])
    report = sdc.audit_table(first, earlier=[second], book=book)
    return {(fall.labels, fall.how, fall.low) for fall in report.falls}


GROUPS = public("age_group", {"00-17": (20, 40), "18-29": (50, 90)})


def test_bands_and_groups_of_ages_are_over_the_same_years_of_age():
    """15-19 less what 00-17 leaves of 0 to 14: two bands that no table has."""
    bands = public(
        "age_band", {"00-04": (5, 5), "05-09": (0, 10), "10-14": (0, 12), "15-19": (18, 30)}
    )
    adults = public(
        "age_band", {"00-04": (10, 10), "05-09": (0, 10), "10-14": (0, 10), "15-19": (13, 30)}
    )
    shown = {labels for labels, how, _ in falls(adults, GROUPS) if how == "exact"}
    assert ("[18-19]", "F") in shown  # 23 - 20
    assert ("[18-19]", "M") not in shown  # 60 - 40
    assert falls(bands, GROUPS)


def test_the_bands_of_an_earlier_list_are_read_from_their_codes():
    earlier = public("age_group", {"0-19": (23, 60), "20+": (47, 70)})
    assert (("[18-19]", "F"), "exact", 3) in falls(GROUPS, earlier)
    assert codebook_of(CARPOS, [earlier]).atoms("age_group", "20+") >= {"20", "90", "150"}


def test_what_an_earlier_table_leaves_between_two_bands_is_protected():
    earlier = public("age_group", {"0-19": (23, 60), "20+": (47, 70)})
    dim = sdc.Dimension.flat("age_group", ["00-17", "18-29"])
    table = from_leaves((dim, SEX), np.array([[20, 40], [50, 90]]))
    book = codebook_of(CARPOS, [earlier])
    (pattern,) = sdc.suppress_all([sdc.Job(table, sdc.SuppressionPolicy(), (earlier,), book=book)])
    assert pattern.hidden[0, 0]
    assert pattern.report.holds


def test_a_region_is_its_counties():
    """Both counties of a region are hidden now; the region's count of before gives each away."""
    codes = CARPOS.code_list("county").attribute("region")
    counties = sorted(c for c, region in codes.items() if region == "orange")
    others = sorted(c for c, region in codes.items() if region == "bay_area")[:2]
    assert len(counties) == 1
    regions = public("region", {"orange": (4, 50), "bay_area": (70, 80)})
    now = public("county", {counties[0]: (4, 50), others[0]: (30, 40), others[1]: (40, 40)})
    hidden = replace(
        now,
        rows=tuple(
            replace(row, count=None) if row.labels[0] in (counties[0], others[0]) else row
            for row in now.rows
        ),
    )
    assert ((counties[0], "M"), "exact", 50) in falls(hidden, regions)


def test_a_dimension_under_its_former_name_is_the_same():
    release = CARPOS.release.aggregated
    renamed = tuple(
        d.model_copy(update={"formerly": ("age",)}) if d.name == "age_group" else d
        for d in release.dimensions
    )
    aggregated = release.model_copy(update={"dimensions": renamed})
    system = CARPOS.model_copy(
        update={"release": CARPOS.release.model_copy(update={"aggregated": aggregated})}
    )
    earlier = public("age", {"00-17": (20, 40), "18-29": (50, 90)})
    book = codebook_of(system, [earlier])
    assert book.axis("age") == "age_group"
    assert book.atoms("age", "00-17") == book.atoms("age_group", "00-17")


@pytest.mark.parametrize(
    "table",
    [
        public("shoe_size", {"40": (20, 30)}),
        public("sex_now", {"F": (20, 30)}),
        public("county", {"999": (20, 30)}),
    ],
)
def test_what_nothing_describes_is_refused(table):
    with pytest.raises(HistoryUnreadableError):
        codebook_of(CARPOS, [table])


def test_regions_as_margins_of_counties_and_every_system():
    for name in ("ACHS", "CARPOS", "CURES", "JCPSS", "RIPA"):
        system = load_system(name)
        book = codebook_of(system, [])
        assert book.axis("region") == "county"
        assert all(len(a) > 1 for a in book.levels["age_group"].values()) or name == "JCPSS"
    county = CARPOS.code_list("county")
    tree = sdc.Dimension.tree("county", county.values, county.attribute("region"))
    table = from_leaves((tree,), np.full(len(county.values), 20))
    codebook_of(CARPOS, [sdc.publish(table, np.zeros(table.shape, bool))])
