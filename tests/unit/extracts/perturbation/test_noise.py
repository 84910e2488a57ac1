"""What a count may become: unbiased, never a forbidden value, of the variance that is stated."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from extracts.errors import NoiseUnfit
from extracts.perturbation.noise import Noise, maximum_entropy
from tests.examples import examples

NOISES = [Noise("cell_key"), Noise("cell_key", deviation=30, variance=40), Noise("cell_key", threshold=3, deviation=5, variance=2),
          *(Noise("round", base=base) for base in (3, 5, 10))]  # fmt: skip
each = pytest.mark.parametrize("noise", NOISES, ids=lambda noise: noise.name)


@each
def test_a_row_sums_to_one_keeps_the_mean_and_forbids_small_values(noise):
    for count in range(80):
        row = noise.persons(count)
        assert row.chances.sum() == pytest.approx(1)
        assert (row.chances >= 0).all()
        assert row.chances @ row.values == pytest.approx(count, abs=1e-6)
        assert not ((row.values > 0) & (row.values < noise.threshold)).any()
        assert np.abs(row.values - count).max() <= noise.reach


@each
def test_zero_stays_zero(noise):
    assert noise.persons(0).values.tolist() == noise.further(0).values.tolist() == [0]


def test_the_variance_is_the_stated_one_and_what_the_threshold_forces_below():
    noise = Noise("cell_key")
    for count in range(10, 60):
        assert noise.persons(count).variance == pytest.approx(10, abs=1e-4)
    for count in range(1, 10):
        least = count * (10 - count)  # of 0 and 10 alone
        assert least < noise.persons(count).variance <= least + 10 + 1e-4
    assert noise.small_deviation == pytest.approx(35**0.5, abs=1e-3)


@pytest.mark.parametrize(
    ("base", "count", "expected"),
    [(10, 27, {20: 0.3, 30: 0.7}), (10, 3, {0: 0.7, 10: 0.3}), (5, 3, {0: 0.7, 10: 0.3}), (5, 12, {10: 0.6, 15: 0.4}),
     (3, 3, {0: 0.75, 12: 0.25}), (3, 11, {0: 1 / 12, 12: 11 / 12}), (3, 13, {12: 2 / 3, 15: 1 / 3}), (3, 12, {12: 1})],
)  # fmt: skip
def test_rounding_goes_by_the_residue(base, count, expected):
    row = Noise("round", base=base).persons(count)
    found = {int(v): c for v, c in zip(row.values, row.chances, strict=True) if c}
    assert found == pytest.approx(expected)


@each
def test_what_may_be_behind_a_value_is_what_can_become_it(noise):
    for shown in {0, *noise.persons(5).values.tolist(), *noise.persons(40).values.tolist()}:
        can = [
            n for n in range(120)
            if noise.persons(n).chances[noise.persons(n).values == shown].sum() > 0
        ]  # fmt: skip
        assert noise.persons_behind(shown) == (min(can), max(can))


@pytest.mark.long
def test_no_distribution_with_the_same_moments_has_more_entropy():
    """The oracle: a general solver on the same programme."""
    from scipy.optimize import minimize

    for count in (1, 4, 10, 12, 30):
        values = np.array([v for v in range(max(0, count - 15), count + 16) if v == 0 or v >= 10])
        off = (values - count).astype(float)
        cap = 10 + max(0, count * (10 - count))
        made = maximum_entropy(off, cap)
        start = made * 0.9 + 0.1 / len(off)
        found = minimize(
            lambda p: float(np.sum(p * np.log(p + 1e-300))), start, method="SLSQP", bounds=[(1e-12, 1)] * len(off),
            constraints=[{"type": "eq", "fun": lambda p: p.sum() - 1}, {"type": "eq", "fun": lambda p, off=off: p @ off},
                         {"type": "ineq", "fun": lambda p, off=off, cap=cap: cap - p @ off**2}], options={"maxiter": 500},
        )  # fmt: skip
        entropy = -float(np.sum(made * np.log(made + 1e-300)))
        assert entropy >= -found.fun - 1e-5


@examples(40)
@given(st.integers(2, 12), st.integers(3, 30), st.floats(0.5, 60))
def test_numbers_that_no_noise_has_are_refused_and_others_work(threshold, deviation, variance):
    try:
        noise = Noise("cell_key", threshold, deviation=deviation, variance=variance)
    except NoiseUnfit:
        assume(False)
        return
    for count in range(1, threshold + 2 * deviation + 3):
        row = noise.persons(count)
        assert row.chances @ row.values == pytest.approx(count, abs=1e-5)
        assert row.variance <= variance + max(0, count * (threshold - count)) + 1e-3
        if count >= threshold + deviation:
            assert row.variance == pytest.approx(variance, rel=1e-3)


@pytest.mark.parametrize(
    "wrong",
    [{"deviation": 9}, {"variance": 0}, {"variance": 90.0}, {"deviation": 10, "variance": 10.0}],
)
def test_unfit_numbers(wrong):
    with pytest.raises(NoiseUnfit):
        Noise("cell_key", **wrong)
