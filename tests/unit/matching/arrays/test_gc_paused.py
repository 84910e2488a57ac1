"""A linkage runs without the collector of cycles and leaves it as it was."""

import gc

import pytest

from matching.arrays.running import gc_paused


@pytest.mark.parametrize("on", [True, False])
def test_the_collector_is_left_as_it_was(on):
    @gc_paused()
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
