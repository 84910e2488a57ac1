"""Rates by group: in whole percent, and none from which ten persons or fewer can be worked out."""

from hypothesis import given
from hypothesis import strategies as st

from extracts.group_rates import protected_rates
from extracts.suppression import TOTAL, SuppressionPolicy
from tests.examples import examples

POLICY = SuppressionPolicy(threshold=10, zeros="hidden", margin_weight=100)


def test_rates_of_large_groups_stand():
    assert protected_rates({"m": (60, 40), "f": (30, 90)}, POLICY) == {"m": 60, "f": 25, TOTAL: 41}


def test_a_group_of_few_takes_another_with_it():
    """With the total and the women's rate shown, the five of the others would be the difference."""
    made = protected_rates({"m": (60, 40), "f": (30, 90), "x": (5, 20)}, POLICY)
    assert made["x"] is None
    assert [made["m"], made["f"]].count(None) == 1
    assert made[TOTAL] is not None


def test_nobody_and_everybody_are_few():
    assert protected_rates({"m": (0, 40), "f": (50, 0)}, POLICY) == {
        "m": None,
        "f": None,
        TOTAL: 56,
    }


def test_one_group_that_is_all_stands_as_the_total():
    assert protected_rates({"all": (60, 40)}, POLICY) == {"all": 60, TOTAL: 60}


@examples(60)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=4).map(
        lambda pairs: {f"g{n}": pair for n, pair in enumerate(pairs)}
    )
)
def test_what_stands_is_of_ten_on_both_sides_and_leaves_no_few(groups):
    """An attacker who knows the exact numbers behind every rate that stands can't single out fewer than ten."""
    made = protected_rates(groups, POLICY)
    whole = {**groups, TOTAL: tuple(map(sum, zip(*groups.values(), strict=True)))}
    for group, percent in made.items():
        if percent is not None:
            inside, outside = whole[group]
            assert min(inside, outside) >= 10
            assert percent == round(100 * inside / (inside + outside))
    hidden = [group for group in groups if made[group] is None]
    if made[TOTAL] is None:
        assert hidden == list(groups)
    else:
        assert len(hidden) != 1
