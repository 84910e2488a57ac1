"""Shares in percent: what is not nought, not the whole, not the limit, does not read like it."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from systems.figures import beside, percent


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (1, "100 %"), (0.5, "50 %"), (0.0763, "7.6 %"), (0.1, "10 %"), (0.00006, "0.006 %"),
     (0.9998, "99.98 %"), (0.621, "62.1 %"), (1e-9, "0 %")],
)  # fmt: skip
def test_as_many_digits_as_tell_something(share, text):
    assert percent(share) == text


def test_a_limit_stands_beside_and_is_told_apart():
    assert beside(0.0, 0.0) == ("0 %", "0 %")
    assert beside(0.1, 0.1) == ("10 %", "10 %")
    assert beside(0.1003, 0.1) == ("10.03 %", "10 %")


@given(share=st.floats(1e-7, 1 - 1e-7), limit=st.floats(0, 1))
def test_never_nought_the_whole_or_the_limit_where_it_is_not(share, limit):
    assume(abs(share - limit) > 1e-8)
    assert percent(share) not in {"0 %", "100 %"}
    one, other = beside(share, limit)
    assert one != other
    assert (float(one[:-2]) < float(other[:-2])) == (share < limit)
