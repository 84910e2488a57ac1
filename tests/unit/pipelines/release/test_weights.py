"""What columns are worth where cells must go: read from the order's words."""

import pytest

from pipelines.errors import OptionsDisagree
from pipelines.release.orders import known_weights
from systems.description import load_system


def test_weights_are_read():
    assert known_weights(["order_issue_year=3", "order_region=0.5"], load_system("CARPOS")) == {
        "order_issue_year": 3.0,
        "order_region": 0.5,
    }
    assert known_weights([], load_system("CARPOS")) == {}


@pytest.mark.parametrize(
    "texts",
    [["order_issue_year"], ["nothing=2"], ["order_region=0"], ["order_region=101"],
     ["order_region=-1"], ["order_region=nan"], ["order_region=2", "order_region=3"]],
)  # fmt: skip
def test_what_is_no_weight_is_refused(texts):
    with pytest.raises(OptionsDisagree):
        known_weights(texts, load_system("CARPOS"))
