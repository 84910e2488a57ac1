"""Pairs of which a person said whether they match: what training takes from them, and what it must not."""

import numpy as np
import pytest

from matching.comparison import NAMES, pack
from matching.model.model import (
    CLASSES,
    Reviewed,
    class_log_posterior,
    prior_model,
    train,
    unpack,
)

SURE = {"first": 1, "last": 1, "sex": 1, "birth": 1, "street": 1, "place": 1}
DOUBTFUL = {"first": 5, "last": 1, "sex": 1, "birth": 4, "street": 5}
STRANGERS = {"first": 8, "last": 1, "sex": 4, "birth": 7, "street": 5, "place": 10}
MODEL = prior_model(1_000, 10_000)


def pattern(levels):
    return int(pack([np.array([levels.get(name, 0)], np.int8) for name in NAMES])[0])


PATTERNS = np.sort(np.array([pattern(p) for p in (SURE, DOUBTFUL, STRANGERS)], np.int32))
COUNTS = np.array([{pattern(SURE): 300, pattern(DOUBTFUL): 60}.get(p, 5_000) for p in PATTERNS])


def reviewed(same, different, levels=DOUBTFUL):
    many = same + different
    patterns = np.full(many, pattern(levels), np.int32)
    return Reviewed(patterns, np.zeros((len(CLASSES), many)), np.arange(many) < same)


def belief(model, levels=DOUBTFUL):
    found = class_log_posterior(model, unpack(np.array([pattern(levels)], np.int32)))
    return float(np.exp(found[0, 0]))


def test_what_reviewers_say_moves_pairs_that_look_alike_and_their_number_moves_nothing_else():
    before = train(MODEL, PATTERNS, COUNTS)
    yes, no = (train(MODEL, PATTERNS, COUNTS, reviewed(*said)) for said in ((40, 0), (0, 40)))
    assert belief(no) < belief(before) < belief(yes)
    # forty "different" are no sign that fewer than the 300 sure ones have a record
    assert no.sizes[0] == pytest.approx(300, abs=1)
    assert belief(no, SURE) > 0.99


def test_labels_that_come_true_as_often_as_the_model_says_teach_nothing():
    before = train(MODEL, PATTERNS, COUNTS)
    share = belief(before)
    right = reviewed(round(share * 1000), round((1 - share) * 1000))
    assert np.abs(right.corrections(before).sum(axis=1)).max() < 1  # of a thousand pairs
    assert np.abs(right.corrections(before).sum(axis=0)).max() < 1e-12


def test_different_people_may_be_of_any_class_but_the_matches():
    said = reviewed(0, 1)
    share = said.corrections(MODEL)[:, 0]
    assert share[0] == pytest.approx(-belief(MODEL))
    assert (share[1:] >= 0).all()


def test_no_number_of_labels_makes_a_conflict_speak_for_a_match():
    """Reviewers say of a thousand fathers and sons that they are one person."""
    levels = SURE | {"suffix": 3, "birth": 7}
    before, f = MODEL.m, NAMES.index("birth")
    patterns = np.sort(np.append(PATTERNS, np.int32(pattern(levels))))
    counts = np.where(patterns == pattern(levels), 1_000, 300)
    model = train(MODEL, patterns, counts, reviewed(1_000, 0, levels))
    for name in ("suffix", "birth"):
        assert model.weights()[NAMES.index(name)][levels[name]] <= 0
    assert model.m[f][7] <= 4 * before[f][7] + 1e-12


def test_a_reviewed_pair_takes_its_own_place_and_no_class_gets_less_than_nothing():
    """All sixty doubtful pairs decided: the matches are the sure ones and those that were called same."""
    model = train(MODEL, PATTERNS, COUNTS, reviewed(15, 45))
    assert model.sizes[0] == pytest.approx(315, abs=3)
    assert (train(MODEL, PATTERNS[:1], COUNTS[:1], reviewed(0, 500)).sizes >= 0).all()
