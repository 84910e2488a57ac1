"""The compiled loop and whole arrays come to the same pairs, rules and links; a machine without the loop works."""

import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import matching
from matching import native
from matching.blocking import plan
from matching.normalise.encode import encode
from matching.options import LinkOptions
from matching.scoring import KEEP, Scorer
from matching.screening import Screen
from tests.unit.matching.tables import cohort, noisy, people, records
from tests.unit.matching.test_screening import mixed_up

OPTIONS = LinkOptions(threads=1)


@pytest.fixture(autouse=True)
def _compiled():
    assert native.LIBRARY is not None, "`make .venv` compiles it; it needs a C compiler"


def both_ways(work):
    """What some work gives with the compiled loop, and with whole arrays."""
    with pytest.MonkeyPatch.context() as patch:
        fast = work()
        patch.setattr(native, "LIBRARY", None)
        return fast, work()


def same_pairs(one, other):
    for name in ("a", "b", "caught"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert one.made.tolist() == other.made.tolist(), "what each rule makes"


def tables(seed, size=40):
    rng = random.Random(seed)
    rows = people(size, seed)
    theirs = [mixed_up(row, rng.choice(rows), rng) for row in rows for _ in range(3)]
    return cohort(*(noisy(row, rng) for row in rows)), records(*theirs)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 100_000), st.sampled_from([KEEP, 0.0, 12.0]), st.booleans())
def test_both_make_the_same_pairs_with_and_without_a_glance(seed, least, screened):
    encoded = encode(*tables(seed))
    scorer = Scorer(encoded, OPTIONS)
    rows = np.arange(0, encoded.cohort.rows, 2, dtype=np.int32)

    def made():
        screen = Screen(encoded, scorer.model, scorer.table, least, scorer.comparer)
        return scorer.blocks.pairs(rows, screen if screened else None)

    same_pairs(*both_ways(made))


def test_within_one_table_both_make_each_pair_once():
    rng = random.Random(3)
    rows = people(60)
    encoded = encode(cohort(*rows, *(noisy(row, rng) for row in rows)), None)
    blocks = plan(encoded, OPTIONS, same_table=True)
    chosen = np.array([3, 30, 70, 119], np.int32)
    same_pairs(*both_ways(lambda: blocks.pairs(chosen)))


def test_a_crowd_larger_than_the_room_comes_in_parts(monkeypatch):
    one = people(1)[0]
    encoded = encode(cohort(*[one] * 50), records(*[one] * 70))
    blocks = plan(encoded, OPTIONS)
    whole = blocks.pairs(np.arange(50, dtype=np.int32))
    assert len(whole) == 50 * 70
    for room in (16, 1_000, 3_000):  # less than a record's pairs, one record's, a few records'
        monkeypatch.setattr(native, "_ROOM", room)
        same_pairs(whole, blocks.pairs(np.arange(50, dtype=np.int32)))


def test_links_are_the_same_to_the_last_digit():
    mine, theirs = tables(8, 120)
    options = replace(OPTIONS, shard_rows=50)
    fast, slow = both_ways(lambda: matching.link(mine, theirs, options).links)
    assert fast.equals(slow)
    assert fast.num_rows > 20


def test_a_library_of_another_source_is_not_used(tmp_path, monkeypatch):
    folder = Path(native.__file__).parent
    for name in ("_pairs.so", "glance.h", "pairs.c"):
        shutil.copy(folder / name, tmp_path / name)
    monkeypatch.setattr(native, "_LIBRARY", tmp_path / "_pairs.so")
    assert native._opened() is not None
    (tmp_path / "pairs.c").write_text("/* changed */")
    assert native._opened() is None
    (tmp_path / "_pairs.so").unlink()
    (tmp_path / "_pairs.so").write_bytes(b"no library")
    assert native._opened() is None
    (tmp_path / "_pairs.so").unlink()
    assert native._opened() is None
