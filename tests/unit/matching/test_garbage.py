"""A linkage runs without the collector of cycles and leaves it as it was."""

import gc

import pytest

from matching.garbage import uncollected


@pytest.mark.parametrize("on", [True, False])
def test_the_collector_is_left_as_it_was(on):
    if not on:
        gc.disable()
    try:
        with pytest.raises(ValueError), uncollected():
            assert not gc.isenabled()
            raise ValueError
        assert gc.isenabled() == on
    finally:
        gc.enable()
