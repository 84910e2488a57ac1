"""A linkage runs without the collector of cycles and leaves it as it was."""

import gc

import pytest

from matching.arrays.gc_paused import uncollected


@pytest.mark.parametrize("on", [True, False])
def test_the_collector_is_left_as_it_was(on):
    @uncollected()
    def broken_off():
        assert not gc.isenabled()
        raise ValueError

    if not on:
        gc.disable()
    try:
        with pytest.raises(ValueError):
            broken_off()
        assert gc.isenabled() == on
    finally:
        gc.enable()
