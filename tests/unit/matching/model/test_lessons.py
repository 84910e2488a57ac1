"""What reviewed pairs teach a later linkage: counts by looks, without ids or values."""

import json

import numpy as np
import pytest

from matching.linking.explaining import Explainer
from matching.model import Reviewed, lesson_text, read_lessons
from matching.model.model import CLASSES
from tests.two_tables import link
from tests.unit.matching.tables import cohort, people, records

SAME = np.array([True, True, False, True])
COMMON = np.arange(len(CLASSES) * 4, dtype=float).reshape(len(CLASSES), 4)
PAIRS = Reviewed(np.array([5, 5, 5, 900], np.int32), COMMON, SAME)


def test_pairs_that_look_alike_are_added_up_by_verdict():
    read = read_lessons([lesson_text(PAIRS)])
    assert (read.patterns.tolist(), read.same.tolist()) == ([5, 5, 900], [False, True, True])
    assert read.pairs.tolist() == [1, 2, 1]
    assert read.frequencies[0].tolist() == [2.0, 0.5, 3.0]
    assert (read.count(same=True), read.count(same=False)) == (3, 1)


def test_two_lessons_teach_what_one_of_both_does():
    twice = read_lessons([lesson_text(PAIRS), lesson_text(PAIRS)])
    assert (twice.count(same=True), twice.count(same=False)) == (6, 2)


def test_no_lesson_and_one_of_other_levels_teach_nothing():
    other = json.loads(lesson_text(PAIRS))
    other["fields"]["sex"] = ["missing", "same"]
    assert read_lessons([]) is None
    assert read_lessons([json.dumps(other)]) is None


@pytest.fixture(scope="module")
def sides():
    everyone = people(300, 5)
    return cohort(*everyone[:60]), records(*everyone)


def lesson(sides, *, same):
    result = link(*sides)
    pairs = [(p["cohort_id"], str(p["record_id"])) for p in result.links.to_pylist()[:40]]
    return Explainer.of(result).reviewed(*sides, dict.fromkeys(pairs, same))


def test_a_lesson_holds_no_id_and_no_value(sides):
    mine, theirs = sides
    text = lesson_text(lesson(sides, same=True))
    rows = json.dumps(json.loads(text)["rows"])
    values = {
        str(v) for t in (mine, theirs) for c in ("first_name", "last_name", "birth_date") for v in t[c].to_pylist() if v
    }  # fmt: skip
    assert not [value for value in values if value in rows]
    assert not [one for one in mine["cohort_id"].to_pylist() if f'"{one}"' in text]
    assert sum(row["pairs"] for row in json.loads(text)["rows"]) == 40


def test_a_linkage_learns_from_lessons_and_says_so_and_none_are_as_before(sides):
    plain, none = link(*sides), link(*sides, lessons=None)
    taught = link(*sides, lessons=read_lessons([lesson_text(lesson(sides, same=False))]))
    assert none.links.equals(plain.links)
    assert plain.report.labels == {}
    assert taught.report.labels == {"same": 0, "different": 40}
    assert "reviewed pairs" in taught.report.prior["source"]
    assert taught.model.sizes[0] < plain.model.sizes[0]


def test_counted_pairs_teach_what_they_do_one_by_one(sides):
    each = lesson(sides, same=True)
    model = link(*sides).model
    whole = each.corrections(model).sum(axis=1)
    counted = read_lessons([lesson_text(each)])
    assert counted.corrections(model).sum(axis=1) == pytest.approx(whole, abs=0.5)
