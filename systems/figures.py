"""Shares as people read them: in percent, with as many digits as tell something, and a limit beside.

A share that is not nought never reads as nought, nor one short of the whole as the whole; one that is
not its limit never reads like it.
"""

import math

_MOST = 6  # decimals of a percentage


def percent(share: float) -> str:
    """A share (from 0 to 1) in percent: ``0 %``, ``0.0063 %``, ``7.6 %``, ``50 %``, ``99.98 %``."""
    return _written(share, _decimals(share))


def beside(share: float, limit: float) -> tuple[str, str]:
    """A share and its limit in percent, told apart wherever they differ."""
    decimals = max(_decimals(share), _decimals(limit))
    while share != limit and decimals < _MOST and _same(share, limit, decimals):
        decimals += 1
    return _written(share, decimals), _written(limit, decimals)


def _decimals(share: float) -> int:
    """As many as show two digits of what is left to nought or to the whole."""
    left = 100 * min(abs(share), abs(1 - share))
    return 1 if left == 0 else min(_MOST, max(1, 1 - math.floor(math.log10(left))))


def _same(one: float, other: float, decimals: int) -> bool:
    return _written(one, decimals) == _written(other, decimals)


def _written(share: float, decimals: int) -> str:
    digits = f"{100 * share:.{decimals}f}"
    return f"{digits.rstrip('0').rstrip('.')} %"
