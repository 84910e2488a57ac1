"""Labels that are refused, and what a refusal may show of them."""

import pytest

from extracts.suppression.codebook import Codebook
from extracts.suppression.errors import OverlappingLevelsError
from extracts.suppression.labels import Listing, check_labels


def test_a_day_stands_in_no_text():
    """A day may be somebody's birth date: the refusal names column and row, and the range beside it."""
    rows = [(1, ("1987-03-04",), 20), (2, ("1987-03",), 40)]
    with pytest.raises(OverlappingLevelsError) as refused:
        check_labels([Listing("cells", ("born",), rows)], {}, Codebook())
    assert "1987-03-04" not in str(refused.value)
    assert refused.value.facts == {
        "column": "born",
        "table": "cells",
        "row": 2,
        "levels": ("1987-03",),
    }
