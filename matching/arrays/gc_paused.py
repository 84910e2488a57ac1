"""The collector of cycles rests while a linkage makes millions of texts: it looks at all of them and finds none."""

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Generator[None, None, None]:
    """No search for cycles inside; it goes on afterwards where it was on before."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
