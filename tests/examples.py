"""How much is tried: in CI and ``make test`` all examples, cases and places, in a plain run a share.

The profiles are set in ``tests/conftest.py``. A property without settings draws what its profile says (100 in
CI, 10 in a plain run); one that is dearer or needs more says ``@examples(40)``: 40 in CI, 4 in a plain run.
"""

import random
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import settings

FULL = 100  # what Hypothesis draws unless told otherwise, and the "ci" profile
FEWEST = 3  # below that a property hardly varies


def examples(number: int, **more: Any) -> settings:
    """``number`` examples in full, the profile's share of it in a plain run; ``more`` as for ``settings``."""
    share = -(-number * settings().max_examples // FULL)
    return settings(max_examples=min(number, max(FEWEST, share)), **more)


def first_of(values: Iterable[Any], number: int = 1, *, several: bool = False) -> list[Any]:
    """For ``parametrize``: all ``values`` in the whole suite, the first ``number`` in a plain run.

    ``several``: each value is a tuple, for as many names.
    """
    one_by_one = list(values)
    long = [
        pytest.param(*(value if several else (value,)), marks=pytest.mark.long)
        for value in one_by_one[number:]
    ]
    return [*one_by_one[:number], *long]


def places(number: int, step: int = 1) -> Sequence[int]:
    """Each ``step``-th of so many bytes, to be damaged one after another; in a plain run the profile's share
    of them, from a random one on.
    """
    apart = max(step, step * FULL // settings().max_examples)
    return range(random.randrange(apart) if apart > step else 0, number, apart)
