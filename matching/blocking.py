"""Candidate pairs: DuckDB joins on the rules' keys, inside a budget that can't explode."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching.blocking_rules import (
    NOT_IN_COHORT,
    NOT_IN_RECORDS,
    RULES,
    Keys,
    keys_of,
    mixed,
    parts_of,
)
from matching.errors import LinkageBroke
from matching.integers import among
from matching.normalise.encode import Encoded
from matching.options import LinkOptions
from systems.database import connect, guarded

Rows = npt.NDArray[np.int32]

_LEAST_BUDGET, _PAIRS_PER_ROW = (
    20_000_000,
    60,
)  # pairs; at the default a row costs about 60 compares
_WIDE = 400_000  # pairs a wide rule may make: a fraction of a second
_SMALL = 20_000_000_000  # pairs of the cross product above which wide rules are not even counted
_HOPELESS = 50  # times the cap: a value that frequent says nothing, whatever the budget


@dataclass
class RuleCount:
    """What one rule did."""

    name: str
    pairs: int = 0  # pairs that no earlier rule made
    split: int = 0  # values that were too frequent and were split by more fields
    split_pairs: int = 0  # pairs that were given up by that
    cut_values: int = 0  # values still too frequent after that
    cut_pairs: int = 0  # pairs that were given up with them

    def as_json(self) -> dict[str, object]:
        """For the report."""
        return dict(vars(self))


@dataclass
class Blocks:
    """Keys of both sides for every usable rule, ready to be joined shard by shard."""

    cohort_keys: list[Keys]
    record_keys: list[Keys]
    counts: list[RuleCount]
    same_table: bool
    threads: int | None
    _con: duckdb.DuckDBPyConnection | None = field(default=None, repr=False)

    def pairs(self, start: int, stop: int) -> Iterator[tuple[int, Rows, Rows]]:
        """Yield (rule, cohort rows, record rows) for the cohort rows ``start`` to ``stop``."""
        con = self._connected()
        columns = {f"k{i}": keys[start:stop] for i, keys in enumerate(self.cohort_keys)}
        with guarded(LinkageBroke, stage="blocking"):
            con.register("c", pa.table({"i": np.arange(start, stop, dtype=np.int32), **columns}))
            for rule in range(len(self.counts)):
                found = con.sql(self._query(rule)).to_arrow_table()
                a = found["a"].to_numpy().astype(np.int32, copy=False)
                b = found["b"].to_numpy().astype(np.int32, copy=False)
                yield rule, a, b
            con.unregister("c")

    def caught_by(self, a: Rows, b: Rows) -> npt.NDArray[np.int64]:
        """How many rules catch each pair; few for many pairs means that others were missed."""
        hits = np.zeros(len(a), np.int64)
        for mine, theirs in zip(self.cohort_keys, self.record_keys, strict=True):
            hits += mine[a] == theirs[b]
        return hits

    def _query(self, rule: int) -> str:
        """Pairs of this rule that no earlier rule made."""
        earlier = "".join(f" AND c.k{k} <> r.k{k}" for k in range(rule))
        once = " AND c.i < r.i" if self.same_table else ""
        return (
            f"SELECT c.i AS a, r.i AS b FROM c JOIN r ON c.k{rule} = r.k{rule}"
            f" WHERE c.k{rule} >= 0{earlier}{once}"
        )

    def _connected(self) -> duckdb.DuckDBPyConnection:
        if self._con is None:
            self._con = connect(threads=self.threads)
            columns = {f"k{i}": keys for i, keys in enumerate(self.record_keys)}
            rows = np.arange(len(self.record_keys[0]) if self.record_keys else 0, dtype=np.int32)
            with guarded(LinkageBroke, stage="blocking"):
                self._con.register("r", pa.table({"i": rows, **columns}))
        return self._con


def plan(encoded: Encoded, options: LinkOptions, *, same_table: bool = False) -> Blocks:
    """Keys for every rule, with too frequent values split and, where that fails, cut.

    Whether a value is too frequent is decided on the whole cohort, so that shards don't matter.
    """
    mine, theirs = parts_of(encoded, encoded.cohort), parts_of(encoded, encoded.records)
    if same_table:
        theirs = mine
    blocks = Blocks([], [], [], same_table, options.threads)
    rows = encoded.cohort.rows + encoded.records.rows
    room = options.pair_budget or max(_LEAST_BUDGET, _PAIRS_PER_ROW * rows)
    with guarded(LinkageBroke, stage="blocking"), connect(threads=options.threads) as con:
        for rule in RULES:
            if rule.wide and encoded.cohort.rows * encoded.records.rows > _SMALL:
                continue
            a, b = keys_of(mine, rule, records=False), keys_of(theirs, rule, records=True)
            if not (a >= 0).any() or not (b >= 0).any():
                continue
            count = RuleCount(rule.name)
            sizes = _sizes(con, a, b, options.block_cap)
            if rule.wide and sizes.total > _WIDE:
                continue
            count.split_pairs = sizes.total
            for part in rule.refine:
                if not len(sizes.keys):
                    break
                count.split += len(sizes.keys)
                a = _split(a, mine[part], sizes.keys, NOT_IN_COHORT)
                b = _split(b, theirs[part], sizes.keys, NOT_IN_RECORDS)
                sizes = _sizes(con, a, b, options.block_cap)
            count.split_pairs -= sizes.total
            a, spent = _cut(a, sizes, options, room, count)
            room -= spent
            blocks.cohort_keys.append(a)
            blocks.record_keys.append(b)
            blocks.counts.append(count)
    return blocks


@dataclass(frozen=True)
class _Sizes:
    """Keys which make more pairs than the cap, the pairs of each, and the pairs of all keys."""

    keys: Keys
    pairs: npt.NDArray[np.int64]
    total: int


def _cut(
    a: Keys, sizes: _Sizes, options: LinkOptions, room: int, count: RuleCount
) -> tuple[Keys, int]:
    """Give up the most frequent values of a rule until the rest fits into the budget."""
    order = np.lexsort((sizes.keys, -sizes.pairs))  # the largest first; ties always the same way
    keys, pairs = sizes.keys[order], sizes.pairs[order]
    given_up = np.r_[0, np.cumsum(pairs)]
    hopeless = int(np.searchsorted(-pairs, -_HOPELESS * options.block_cap))
    while hopeless < len(pairs) and sizes.total - int(given_up[hopeless]) > room:
        hopeless += 1
    left = sizes.total - int(given_up[hopeless])
    if left > room:  # many small values: none is to blame, so the whole rule is given up
        count.cut_values, count.cut_pairs = -1, sizes.total
        return np.full_like(a, NOT_IN_COHORT), 0
    count.cut_values, count.cut_pairs = hopeless, int(given_up[hopeless])
    return (np.where(among(a, np.sort(keys[:hopeless])), NOT_IN_COHORT, a) if hopeless else a), left


def _sizes(con: duckdb.DuckDBPyConnection, a: Keys, b: Keys, cap: int) -> _Sizes:
    con.register("a", pa.table({"k": a}))
    con.register("b", pa.table({"k": b}))
    con.execute(
        "CREATE OR REPLACE TEMP TABLE sizes AS"
        " WITH ca AS (SELECT k, count(*) n FROM a WHERE k >= 0 GROUP BY k),"
        " cb AS (SELECT k, count(*) n FROM b WHERE k IN (SELECT k FROM ca) GROUP BY k)"
        " SELECT k, ca.n * cb.n AS pairs FROM ca JOIN cb USING (k)"
    )
    total = con.execute("SELECT coalesce(sum(pairs), 0)::BIGINT FROM sizes").fetchall()[0][0]
    table = con.sql(
        "SELECT k, pairs FROM sizes WHERE pairs > $cap ORDER BY k", params={"cap": cap}
    ).to_arrow_table()
    return _Sizes(table["k"].to_numpy(), table["pairs"].to_numpy(), int(total))


def _split(key: Keys, part: npt.NDArray[np.int64], frequent: Keys, missing: int) -> Keys:
    return np.where(among(key, frequent), mixed(key, part, missing), key)
