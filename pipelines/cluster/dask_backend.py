"""Which way the shards go to a cluster: Dask's own client, or Prefect where a flow says so."""

import contextlib
from collections.abc import Callable, Generator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

LOOK_SECONDS = 2.0  # that a look at the cluster takes at most
Told = dict[str, int | str]  # what a worker says of a shard: counts, or a code


@dataclass(frozen=True)
class Door:
    """A way to a cluster: Dask's client, how to hand in a shard, and how to fetch its answer.

    ``told`` raises TimeoutError where the answer is not there within ``LOOK_SECONDS``.
    """

    client: Any
    submit: Callable[[str, int], Any]
    told: Callable[[Any], Told]


Doors = Callable[[str, dict[str, Any]], contextlib.AbstractContextManager[Door]]
"""Opens a cluster by its address and the client's keywords."""

_way: ContextVar[Doors | None] = ContextVar("way", default=None)


@contextlib.contextmanager
def through(doors: Doors) -> Generator[None, None, None]:
    """Go to the cluster another way meanwhile."""
    token = _way.set(doors)
    try:
        yield
    finally:
        _way.reset(token)


def way() -> Doors | None:
    """The way that was chosen, if any."""
    return _way.get()
