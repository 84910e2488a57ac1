"""How many examples Hypothesis draws: in CI and ``make test`` all of them, in a plain run a share.

The profiles are set in ``tests/conftest.py``. A property without settings draws what its profile says (100 in
CI, 20 in a plain run); one that is dearer or needs more says ``@examples(40)``: 40 in CI, 8 in a plain run.
"""

from typing import Any

from hypothesis import settings

FULL = 100  # what Hypothesis draws unless told otherwise, and the "ci" profile
FEWEST = 3  # below that a property hardly varies


def examples(number: int, **more: Any) -> settings:
    """``number`` examples in full, the profile's share of it in a plain run; ``more`` as for ``settings``."""
    share = -(-number * settings().max_examples // FULL)
    return settings(max_examples=min(number, max(FEWEST, share)), **more)
