"""What is thrown away early never mattered: every bound is above what the full comparison finds."""

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import JaroWinkler

from matching.blocking.pair_filter import PairFilter
from matching.comparison.texts import Texts
from matching.model.match_weights import KEEP
from matching.normalise.encoding import encode
from matching.options import LinkOptions
from matching.scoring.scoring import Scorer
from tests.examples import examples
from tests.unit.matching.tables import cohort, noisy, people, records

NAME = st.text("abcdefghimnorsté 19ß", min_size=1, max_size=40)


@given(st.lists(NAME, min_size=2, max_size=12))
def test_texts_are_never_more_similar_than_their_letters_allow(names):
    texts = Texts.of(names)
    x, y = (i.ravel().astype(np.int32) for i in np.indices((len(names), len(names))))
    exact = [JaroWinkler.similarity(names[i], names[j]) for i, j in zip(x, y, strict=True)]
    assert np.all(texts.bound(x, y) >= np.array(exact) - 1e-5)
    found = texts.jaro_winkler(x, y, 0.84)
    assert np.allclose(found, np.where(np.array(exact) >= 0.84, exact, 0), atol=1e-5)


def mixed_up(row, other, rng):
    """A row with some values of another one, some missing, some spoilt."""
    row = dict(row)
    for column in row:
        roll = rng.random()
        if roll < 0.25:
            row[column] = other[column]
        elif roll < 0.4:
            row[column] = None
        elif roll < 0.5 and row[column]:
            place = rng.randrange(len(row[column]))
            row[column] = row[column][:place] + rng.choice("19ab") + row[column][place + 1 :]
    if rng.random() < 0.1:
        row["first_name"], row["last_name"] = row["last_name"], row["first_name"]
    if rng.random() < 0.15:
        short = rng.choice(["first_name", "last_name"])
        row[short] = row[short] and row[short][:1]
    row |= {"middle_name": rng.choice([None, "j", "jose", "ann"]), "city": rng.choice(["x", "y"])}
    return row | {"name_suffix": rng.choice([None, "jr", "sr"]), "driver_license": row["ssn"]}


@examples(12)
@given(st.integers(0, 100_000), st.sampled_from([KEEP, 0.0, 12.0]))
def test_no_pair_is_dropped_that_the_full_comparison_would_keep(seed, least):
    rng = random.Random(seed)
    rows = people(30, seed)
    theirs = [mixed_up(row, rng.choice(rows), rng) for row in rows for _ in range(2)]
    encoded = encode(cohort(*(noisy(r, rng) for r in rows)), records(*theirs))
    scorer = Scorer(encoded, LinkOptions(threads=1))
    a, b = (i.ravel().astype(np.int32) for i in np.indices((30, 60)))
    kept = PairFilter(encoded, scorer.model, scorer.table, least, scorer.comparer)(a, b)
    odds = scorer.log_odds_of(a, b)
    assert set(np.flatnonzero(odds > least)) <= set(kept.tolist())
    assert least < 12 or len(kept) < len(a) / 2
