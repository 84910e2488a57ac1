"""A register that ends in the middle of a year does not cover that year (§ 962(b))."""

from datetime import date
from types import SimpleNamespace

import pytest

from pipelines.release.content.aggregated import _covered


def info(first: int | None, last: date | None, created: date):
    return SimpleNamespace(first_year=first, last_day=last, created=created)


@pytest.mark.parametrize(
    ("last", "created", "end"),
    [
        (date(2025, 12, 29), date(2026, 1, 15), date(2025, 12, 31)),
        (date(2025, 12, 29), date(2025, 12, 30), date(2025, 12, 29)),
        (date(2025, 6, 30), date(2026, 1, 15), date(2025, 6, 30)),
    ],
)
def test_where_a_snapshot_ends(last, created, end):
    assert _covered(info(2016, last, created)) == (date(2016, 1, 1), end)


def test_a_system_whose_data_begins_within_a_year_does_not_cover_that_year():
    covered = _covered(info(2018, date(2025, 12, 29), date(2026, 1, 15)), date(2018, 7, 1))
    assert covered == (date(2018, 7, 1), date(2025, 12, 31))
    later = _covered(info(2020, date(2025, 12, 29), date(2026, 1, 15)), date(2018, 7, 1))
    assert later == (date(2020, 1, 1), date(2025, 12, 31))


def test_an_empty_register_says_nothing():
    assert _covered(info(None, None, date(2026, 1, 1))) is None
