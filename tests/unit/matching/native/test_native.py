"""The compiled loop and whole arrays come to the same pairs, rules and links; a machine without the loop works."""

import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.blocking import candidates, rules
from matching.blocking.candidates import plan
from matching.blocking.pair_filter import PairFilter
from matching.blocking.rules import PARTS, RULES, Parts
from matching.comparison.levels import Comparer
from matching.comparison.texts import _TEXT, lines
from matching.model.match_weights import KEEP
from matching.native import library
from matching.normalise.encoding import encode
from matching.options import LinkOptions
from matching.scoring.scoring import Scorer
from tests.examples import examples
from tests.two_tables import link
from tests.unit.matching.blocking.test_pair_filter import mixed_up
from tests.unit.matching.compiled import both_ways
from tests.unit.matching.tables import cohort, noisy, people, records

OPTIONS = LinkOptions(threads=1)


@pytest.fixture(autouse=True)
def _compiled():
    assert library.LIBRARY is not None, "`make .venv` compiles it; it needs a C compiler"


def same_pairs(one, other):
    for name in ("a", "b", "caught"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert one.made.tolist() == other.made.tolist(), "what each rule makes"


def tables(seed, size=40):
    rng = random.Random(seed)
    rows = people(size, seed)
    theirs = [mixed_up(row, rng.choice(rows), rng) for row in rows for _ in range(3)]
    return cohort(*(noisy(row, rng) for row in rows)), records(*theirs)


@examples(10)
@given(st.integers(0, 100_000), st.sampled_from([KEEP, 0.0, 12.0]), st.booleans())
def test_both_make_the_same_pairs_with_and_without_a_prefilter(seed, least, screened):
    encoded = encode(*tables(seed))
    scorer = Scorer(encoded, OPTIONS)
    rows = np.arange(0, encoded.cohort.rows, 2, dtype=np.int32)

    def made():
        choice = PairFilter(encoded, scorer.model, scorer.table, least, scorer.comparer)
        return scorer.blocks.pairs(rows, choice if screened else None)

    fast, slow = both_ways(made)
    if screened:  # whole arrays have a last look with rapidfuzz's similarities
        kept = set(zip(slow.a.tolist(), slow.b.tolist(), strict=True))
        more = [pair not in kept for pair in zip(fast.a.tolist(), fast.b.tolist(), strict=True)]
        assert len(fast) - sum(more) == len(slow)
        assert (scorer.log_odds_of(fast.a[more], fast.b[more]) <= least).all()
        assert fast.made.tolist() == slow.made.tolist()
    else:
        same_pairs(fast, slow)


@examples(15)
@given(st.integers(0, 100_000), st.booleans())
def test_both_compare_every_field_alike_and_weigh_alike(seed, crossed):
    encoded = encode(*tables(seed))
    sides = encoded.cohort.rows, encoded.records.rows
    a, b = (grid.ravel().astype(np.int32) for grid in np.meshgrid(*map(np.arange, sides)))
    if crossed:  # not in the order of either side
        order = np.random.default_rng(seed).permutation(len(a))
        a, b = a[order], b[order]
    fast, slow = both_ways(lambda: Comparer(encoded).patterns(a, b))
    assert np.array_equal(fast, slow)
    scorer = Scorer(encoded, OPTIONS)
    fast, slow = both_ways(lambda: scorer.log_odds(b, slow))
    assert np.array_equal(fast, slow)


def some_places_off(rng, values, base, most):
    """The same numbers with a digit changed, two neighbours exchanged, one added at a place, or another number."""
    made = []
    for value in values:
        step = base ** rng.randrange(len(np.base_repr(value, base)))
        low, high = value // step % base, value // step // base % base
        swapped = value + (high - low) * step + (low - high) * step * base
        changed = value + (rng.randrange(base) - low) * step
        near = rng.choice([value, changed, swapped, value + step, rng.choice(values)])
        made.append(near % base**most)
    return made


@examples(40)
@given(st.integers(0, 100_000))
def test_both_find_the_same_numbers_and_dates_near(seed):
    rng = random.Random(seed)
    encoded = encode(*tables(1))
    kinds = {"ssn": (10, 9), "phone": (10, 10), "zip": (10, 5), "house": (10, 5), "licence": (36, 11)}  # fmt: skip
    columns = {}
    for name, (base, most) in kinds.items():
        mine = [rng.randrange(base ** rng.randint(1, most)) for _ in range(encoded.cohort.rows)]
        columns[name] = mine, some_places_off(rng, mine * 3, base, most)
    dates = [rng.randrange(1980, 1984) * 10_000 + rng.choice([0, 101, rng.randrange(100, 1232)]) for _ in range(encoded.cohort.rows)]  # fmt: skip
    columns["ssn4"] = tuple([n % 10_000 for n in side] for side in columns["ssn"])
    columns["birth"] = dates, some_places_off(rng, dates * 3, 10, 8)
    sides = [
        replace(side, **{n: np.array(c[k], getattr(side, n).dtype) for n, c in columns.items()})
        for k, side in enumerate((encoded.cohort, encoded.records))
    ]
    encoded = replace(encoded, cohort=sides[0], records=sides[1])
    a, b = (grid.ravel().astype(np.int32) for grid in np.meshgrid(*(np.arange(side.rows) for side in sides)))  # fmt: skip
    fast, slow = both_ways(lambda: Comparer(encoded).patterns(a, b))
    assert np.array_equal(fast, slow)


def test_rows_without_room_to_be_kept_packed_compare_alike(monkeypatch):
    encoded = encode(*tables(5))
    a, b = np.arange(40, dtype=np.int32)[::-1], np.arange(40, dtype=np.int32) * 3
    kept = Comparer(encoded).patterns(a, b)
    monkeypatch.setattr("matching.comparison.texts._ROOM", 0)
    assert np.array_equal(Comparer(encoded).patterns(a, b), kept)


def test_each_row_and_text_lies_in_one_line_of_the_cache():
    encoded = encode(*tables(5))
    comparer = Comparer(encoded)
    words = comparer.words.table
    rows = [columns.packed() for columns in comparer.columns]
    assert [library.address(v) % 64 for v in rows] == [0, 0]
    assert [words.names % 64, words.streets % 64] == [0, 0]
    assert {v.dtype.itemsize for v in (*rows, lines(3, _TEXT))} == {64}


def test_a_part_of_the_rows_has_its_part_of_the_pairs():
    encoded = encode(*tables(6))
    blocks = plan(encoded, OPTIONS)
    whole = blocks.pairs(np.arange(encoded.cohort.rows, dtype=np.int32))
    for rows in (np.arange(10, 30, dtype=np.int32), np.array([3, 4, 9, 31], np.int32)):
        part, here = blocks.pairs(rows), np.isin(whole.a, rows)
        assert len(part)
        for name in ("a", "b", "caught"):
            assert np.array_equal(getattr(part, name), getattr(whole, name)[here])


def test_both_hash_every_part_alike():
    encoded = encode(*tables(9))
    for rule in RULES:
        assert {*rule.parts, *rule.record_parts, *rule.refine} <= set(PARTS), rule.name
    for names in [(name,) for name in PARTS] + [rule.of(True) for rule in RULES]:
        for side in (encoded.cohort, encoded.records.cut(7, 90)):
            fast, slow = both_ways(lambda s=side, n=names: Parts(encoded, s).hashes(n))
            assert np.array_equal(fast[0], slow[0]), names
            assert np.array_equal(fast[1], slow[1]), names


@examples(30)
@given(
    st.integers(0, 999),
    st.integers(0, 300),
    st.integers(0, 700),
    st.sampled_from([4, 9]),
    st.sampled_from([2, 5, 15]),
)
def test_frequent_buckets_are_counted_alike(seed, mine, theirs, bits, room):
    """Whole arrays, small parts one after the other, and a plain count; chunks of 256 rows."""
    rng = np.random.default_rng(seed)
    sides = []
    for size in (mine, theirs):
        hashes = rng.integers(0, 40, size).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        known = rng.random(size) < 0.8
        sides.append([(hashes[i : i + 256], known[i : i + 256]) for i in range(0, size, 256)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules, "_ROOM", room)
        fast, slow = both_ways(lambda: rules.count_buckets(*sides, bits, 40, 9))
    counts = np.zeros((2, 1 << bits), np.int64)
    for count, chunks in zip(counts, sides, strict=True):
        for hashes, known in chunks:
            for value in hashes[known].tolist():
                count[value >> (64 - bits)] += 1
    pairs = counts[0] * counts[1]
    for found in (fast, slow):
        assert found.usable == bool(counts[0].any() and counts[1].any())
        assert found.total == pairs.sum()
        which = np.zeros(1 << bits, np.bool_) if found.frequent is None else found.frequent
        assert np.array_equal(which, (pairs > 40) | ((counts[1] > 9) & (counts[0] > 0)))


@pytest.mark.parametrize("chosen", [[3, 30, 70, 119], [*range(40, 90)], [*range(120)]])
def test_within_one_table_both_make_each_pair_once(chosen):
    rng = random.Random(3)
    rows = people(60)
    encoded = encode(cohort(*rows, *(noisy(row, rng) for row in rows)), None)
    blocks = plan(encoded, OPTIONS, same_table=True)
    rows = np.array(chosen, np.int32)
    fast, slow = both_ways(lambda: blocks.pairs(rows))
    same_pairs(fast, slow)
    assert len(fast) > 3


def test_a_value_with_more_pairs_than_the_room_comes_in_parts(monkeypatch):
    one = people(1)[0]
    encoded = encode(cohort(*[one] * 50), records(*[one] * 70))
    blocks = plan(encoded, OPTIONS)
    whole = blocks.pairs(np.arange(50, dtype=np.int32))
    assert len(whole) == 50 * 70
    for room in (16, 1_000, 3_000):  # less than a record's pairs, one record's, a few records'
        monkeypatch.setattr(candidates, "_ROOM", room)
        same_pairs(whole, blocks.pairs(np.arange(50, dtype=np.int32)))


def test_links_are_the_same_to_the_last_digit():
    mine, theirs = tables(8, 120)
    options = replace(OPTIONS, shard_rows=50)
    fast, slow = both_ways(lambda: link(mine, theirs, options).links)
    assert fast.equals(slow)
    assert fast.num_rows > 20


def test_a_library_of_another_source_is_not_used(tmp_path, monkeypatch):
    folder = Path(library.__file__).parent
    for path in folder.iterdir():
        if path.suffix in (".so", ".c", ".h"):
            shutil.copy(path, tmp_path / path.name)
    monkeypatch.setattr(library, "LIBRARY_FILE", tmp_path / "_pairs.so")
    assert library.opened() is not None
    (tmp_path / "pairs.c").write_text("/* changed */")
    assert library.opened() is None
    (tmp_path / "_pairs.so").unlink()
    (tmp_path / "_pairs.so").write_bytes(b"no library")
    assert library.opened() is None
    (tmp_path / "_pairs.so").unlink()
    assert library.opened() is None
