"""The same work with the compiled library and with whole arrays."""

import pytest

from matching.native import library


def both_ways(work):
    """What some work gives with the library, and without."""
    assert library.LIBRARY is not None, "`make .venv` compiles it; it needs a C compiler"
    with pytest.MonkeyPatch.context() as patch:
        fast = work()
        patch.setattr(library, "LIBRARY", None)
        return fast, work()
