"""Pairs that no weight links by itself: each guard by what it is for, and what it leaves alone."""

import random

import numpy as np
import pytest

from matching.comparison import Comparer
from matching.errors import BadOptions
from matching.model.guards import GUARDS, guarded
from matching.normalise import encode
from matching.options import LinkOptions
from matching.scoring import Scorer
from tests.two_tables import link
from tests.unit.matching.tables import cohort, noisy, people, records

LEE = {
    "first_name": "Eric", "last_name": "Lee", "sex": "M", "birth_date": "1984-07-12", "street": "12 Main St",
    "zip": "90001", "ssn": None, "driver_license": None, "name_suffix": None, "phone": None,
}  # fmt: skip


def caught(mine, theirs):
    encoded = encode(cohort(LEE | mine), records(LEE | theirs))
    zero = np.zeros(1, np.int32)
    levels = [x.astype(np.int64) for x in Comparer(encoded).levels(zero, zero)]
    return {name for name in GUARDS if guarded([name], levels)[0]}


CASES = [
    ({}, {}, set()),
    ({}, {"birth_date": "1958-03-01"}, {"birth"}),
    ({}, {"birth_date": "1984-07-13"}, set()),
    ({}, {"birth_date": "1984-12-07"}, set()),
    ({"ssn": "571448822"}, {"birth_date": "1958-03-01", "ssn": "571448822"}, set()),
    ({"phone": "3105550148"}, {"birth_date": "1958-03-01", "phone": "3105550148"}, {"birth"}),
    ({"name_suffix": "Jr"}, {"name_suffix": "Sr"}, {"suffix"}),
    ({"name_suffix": "Jr"}, {}, set()),
    ({"name_suffix": "Jr"}, {"birth_date": None}, {"suffix"}),
    ({"name_suffix": "Jr", "ssn": "571448822"}, {"birth_date": None, "ssn": "571448822"}, set()),
    ({}, {"first_name": "Erica", "sex": "F"}, {"sex"}),
    ({}, {"first_name": "George"}, {"twin"}),
    ({}, {"first_name": "George", "street": "3 Oak Av"}, set()),
    (
        {"middle_name": "Thi"},
        {"first_name": "George", "middle_name": "Thi", "street": "3 Oak Av"},
        {"twin"},
    ),
    ({}, {"first_name": "George", "birth_date": "1958-03-01"}, {"birth"}),
    ({"middle_name": "Alvin"}, {"first_name": "George", "middle_name": "Alvin"}, {"twin"}),
    ({"middle_name": "Elena"}, {"middle_name": "Rosa"}, {"twin"}),
    ({"middle_name": "Elena"}, {"middle_name": "E"}, set()),
    ({"first_name": "Jesse"}, {"first_name": "Jessica", "sex": "F"}, {"sex"}),
    ({"ssn": "571448822"}, {"first_name": "George", "ssn": "571448822"}, set()),
    ({}, {"sex": "F"}, set()),
    ({}, {"first_name": "Erica", "sex": "F", "birth_date": "1958-03-01"}, {"birth"}),
    (
        {"driver_license": "D1234567"},
        {"driver_license": "E7654321", "birth_date": "1984-07-13"},
        {"number"},
    ),
    ({"driver_license": "D1234567"}, {"driver_license": "E7654321"}, set()),
    (
        {"driver_license": "D1234567", "ssn": "571448822", "birth_date": None},
        {"driver_license": "E7654321", "ssn": "571448822"},
        set(),
    ),
    (
        {"birth_date": None, "street": "3 Oak Av", "zip": "95350"},
        {},
        {"names"},
    ),
    ({"birth_date": None, "street": "3 Oak Av"}, {}, set()),
    ({"last_name": "Balaji"}, {"last_name": "Kavitha", "sex": "F"}, {"sex"}),
    ({}, {"last_name": "Kavitha"}, set()),
    ({}, {"first_name": "George", "last_name": "Kavitha"}, set()),
    ({}, {"first_name": "E", "last_name": "Kavitha"}, {"twin"}),
    ({}, {"first_name": "E", "last_name": "Kavitha", "street": "3 Oak Av"}, set()),
    ({}, {"first_name": "E"}, set()),
    ({"first_name": "K", "last_name": "Eric", "birth_date": None}, {"last_name": "Kim"}, {"birth"}),
    ({"first_name": "K", "last_name": "Eric"}, {"last_name": "Kim"}, set()),
    (
        {"ssn": "571448822"},
        {"ssn": "571448822", "first_name": "E", "last_name": "Kavitha", "sex": "F"},
        set(),
    ),
]


@pytest.mark.parametrize(("mine", "theirs", "want"), CASES)
def test_a_guard_catches_what_it_is_for_and_nothing_else(mine, theirs, want):
    assert caught(mine, theirs) == want


def _decisions(mine, theirs, **options):
    rng = random.Random(8)
    others = [row | {"name_suffix": None} for row in people(150, 8)]
    rows = cohort(LEE | mine, *others)
    entries = records(LEE | theirs, *(noisy(row, rng) for row in others))
    found = link(rows, entries, LinkOptions(**options)).links.to_pylist()
    return [p["decision"] for p in found if p["cohort_id"] == "c1"]


def test_a_guarded_pair_goes_to_review_at_best_and_is_linked_where_the_engineer_says_so():
    son = {"name_suffix": "Jr", "ssn": "571448822"}
    father = {"name_suffix": "Sr", "ssn": "571448822"}
    assert _decisions(son, father) == ["review"]
    assert _decisions(son, father, never_link=("birth",)) == ["link"]


def test_similar_first_names_that_both_are_usual_are_twins_and_a_slip_of_the_pen_is_none():
    rng = random.Random(9)
    names = dict(enumerate(["Balwinder", "Kulwinder"] * 12))
    others = [
        row | {"first_name": names.get(i, row["first_name"])}
        for i, row in enumerate(people(150, 8))
    ]
    balwinder = LEE | {"first_name": "Balwinder", "last_name": "Mann"}
    entries = [balwinder | {"first_name": "Kulwinder"}, *(noisy(row, rng) for row in others)]
    scorer = Scorer(
        encode(cohort(balwinder, balwinder | {"first_name": "Kulwnder"}), records(*entries)),
        LinkOptions(),
    )
    mine, theirs = np.arange(2, dtype=np.int32), np.zeros(2, np.int32)
    assert scorer.weighed(mine, theirs)[1].tolist() == [True, False]
    assert scorer.opposed(mine, theirs).tolist() == [True, False]


@pytest.mark.parametrize(
    ("mine", "theirs", "held"),
    [
        (("Senthil", "Srinivasan"), ("Srinivasan", "Meenakshi"), True),
        (("Srinivasan", "Senthil"), ("Meenakshi", "Srinivasan"), True),
        (("Senthil", "Srinivasan"), ("Srinivasan", "Sentil"), False),  # turned, and a slip
        (("Senthil", "Srinivasan"), ("Meenakshi", "Raman"), False),  # a new name, and what else?
        ((None, "Agus"), ("Suharto", None), True),
        (("Budi", "Budi"), (None, "Iwan"), True),
        ((None, "Suharto"), ("Suharto", None), False),
        (("Budi", None), ("Budi", "Iwan"), False),
        ((None, "Iwan"), ("Budi", "Iwan"), False),
    ],
)
def test_twins_whose_names_stand_in_other_boxes_or_have_none_in_common_are_held(mine, theirs, held):
    rows = [LEE | dict(zip(("first_name", "last_name"), name, strict=True)) for name in (mine, theirs)]  # fmt: skip
    zero = np.zeros(1, np.int32)
    for more, want in (({}, held), ({"ssn": "571448822"}, False), ({"street": "", "birth_date": ""}, False)):  # fmt: skip
        scorer = Scorer(encode(cohort(rows[0] | more), records(rows[1] | more)), LinkOptions(never_link=("twin",)))  # fmt: skip
        assert scorer.weighed(zero, zero)[1].tolist() == [want], more


def test_rows_without_a_name_in_common_are_asked_about_and_no_contradiction():
    mine, theirs = ({**LEE, "first_name": x, "last_name": y} for x, y in ((None, "Agus"), ("Suharto", None)))  # fmt: skip
    _, held, opposed = Scorer(encode(cohort(mine), records(theirs)), LinkOptions()).weighed(*np.zeros((2, 1), np.int32))  # fmt: skip
    assert (held.tolist(), opposed.tolist()) == ([True], [False])


def test_names_alone_are_never_a_link_however_rare_they_are():
    rows = people(300, 5)
    bare = [{"first_name": f"q{i}name", "last_name": f"z{i}family"} for i, _ in enumerate(rows)]
    found = link(cohort(*bare), records(*bare)).links.to_pylist()
    assert found
    assert {pair["decision"] for pair in found} == {"review"}


def test_an_unknown_guard_is_refused():
    with pytest.raises(BadOptions):
        LinkOptions(never_link=("weather",))
