"""What workers can be given to do: the shards of a linkage, and the shares of an identified extract.

A piece of work is tables and numbers: what every shard needs, what each needs alone, and for each one table that comes
of it. Both sides of a cluster have this list; a shard is the same function on either.
"""

import functools
import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import pyarrow as pa

from extracts import shares
from extracts.identified import Share
from matching import scoring

Made = TypeVar("Made")
Read = Callable[[str], pa.Table]
Worker = Callable[[int, Read], tuple[pa.Table, dict[str, int]]]
"""Works a shard by its number and its own tables: what comes of it, and what may be told of that."""


@dataclass(frozen=True)
class Work(Generic[Made]):
    """A piece of work for a cluster.

    Attributes:
        kind: a key of `KINDS`.
        tables: what every shard needs, by name.
        own: what each shard needs alone, by name, in the order of the shards; made as they are handed over.
        made: what a shard's table says.
    """

    kind: str
    tables: Mapping[str, pa.Table]
    own: Iterable[Mapping[str, pa.Table]]
    made: Callable[[pa.Table], Made]


def linkage_work(plan: scoring.ShardPlan) -> Work[scoring.Scored]:
    """The shards of a plan."""
    none: dict[str, pa.Table] = {}
    own = itertools.repeat(none, plan.shards)
    return Work("linkage", scoring.plan_tables(plan), own, scoring.scored_of)


def extract_work(parts: Iterable[Share], checks: shares.Checks) -> Work[shares.Looked]:
    """The shares of an extract, each made and looked at."""
    tables = {shares.CHECKS: checks.table()}
    return Work("extract", tables, map(shares.share_tables, parts), shares.Looked.of)


def _linkage(read: Read) -> Worker:
    plan = scoring.plan_of(functools.cache(read), threads=1)  # a worker's threads have a shard each

    def work(number: int, _own: Read) -> tuple[pa.Table, dict[str, int]]:
        scored = plan.work(number)
        return scoring.scored_table(scored), {"kept": len(scored.a), "pairs": scored.pairs}

    return work


def _extract(read: Read) -> Worker:
    checks = shares.Checks.of(read(shares.CHECKS), threads=1)

    def work(_number: int, own: Read) -> tuple[pa.Table, dict[str, int]]:
        looked = checks.work(shares.share_of(own))
        return looked.table(), {"rows": looked.rows.num_rows}

    return work


KINDS: Final[Mapping[str, Callable[[Read], Worker]]] = {"linkage": _linkage, "extract": _extract}
REFUSALS: Final = ("EXTRACT", "PACKAGE")
"""Rooms whose codes speak of what is worked on, and not of the machine that works it."""
