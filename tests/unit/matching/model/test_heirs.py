"""Father and son of one name and home: what says which of them a row is, where a birth date is missing."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.comparison import Comparer, birth_levels, compare_pairs, level
from matching.model.model import prior_model, shipped_number
from matching.model.namesakes import People, count_namesakes
from matching.normalise import encode
from matching.options import LinkOptions
from matching.scoring import Scorer
from matching.scoring.scoring import _heirs
from tests.two_tables import link
from tests.unit.matching.tables import cohort, people, records

LEE = {"first_name": "Eric", "last_name": "Lee", "sex": "M", "birth_date": "1984-07-12", "street": "12 Main St",
       "zip": "90001"}  # fmt: skip
NOBODY = LEE | {"first_name": "Q", "last_name": "Z"}


def _plain(count, seed=4):
    """People without numbers or telephones."""
    return [row | {"ssn": None, "phone": None} for row in people(count, seed)]


def _families(count, sex="M"):
    """Two generations each, of one name and home."""
    old = [row | {"sex": sex} for row in _plain(count, 5)]
    return [*old, *(row | {"birth_date": _later(row["birth_date"])} for row in old)]


def _later(date):
    year, month, day = map(int, date.split("-"))
    return f"{year + 27}-{month % 12 + 1:02}-{day % 27 + 2:02}"


def _heir(*rows):
    side = encode(cohort(NOBODY), records(*rows)).records
    found = count_namesakes(People.of(side), side, prior_model(1, len(rows))).heir
    return dict(zip(side.sex.tolist(), np.exp(found.astype(np.float64)).tolist(), strict=True))


@given(st.lists(st.tuples(*(st.integers(0, n) for n in (2, 2, 2, 40))), min_size=1, max_size=40))
def test_heirs_are_what_a_loop_over_namesakes_of_one_home_finds(drawn):
    rows = [
        LEE | {"first_name": "ABC"[name], "street": f"{home + 1} Main St", "sex": ("M", "F", "")[sex],
               "birth_date": f"{1950 + year}-03-0{1 + year % 9}"}
        for name, home, sex, year in drawn
    ]  # fmt: skip
    side = encode(cohort(NOBODY), records(*rows)).records
    of, model = People.of(side), prior_model(1, len(rows))
    found = count_namesakes(of, side, model).heir
    before, heirs = dict[tuple[int, int], int](), [0, 0, 0]
    for row in of.rows.tolist():
        place = int(side.first[row]), int(side.address[row])
        other = before.get(place, row)
        if birth_levels(side.birth[[other]], side.birth[[row]])[0] >= level("birth", "near year"):
            heirs[int(side.sex[other])] += 1
        before[place] = row
    everybody = np.bincount(side.sex, minlength=3)
    men, worth = shipped_number("heirs", "men"), shipped_number("heirs", "pairs")
    total, heard = sum(heirs[1:]), int(everybody[1:3].sum())
    for row, sex in enumerate(side.sex.tolist()):
        share = (heirs[sex] + worth * (men if sex == 1 else 1 - men)) / (total + worth)
        expected = np.log(share * (heard + 2) / (everybody[sex] + 1)) if sex else 0.0
        assert found[row] == pytest.approx(expected, abs=1e-6)


def test_the_sexes_of_namesakes_of_one_home_are_counted_in_the_records():
    women = [row | {"sex": "F"} for row in _plain(40)]
    share = _heir(*_families(30), *women)  # 60 men and 40 women
    assert share[1] == pytest.approx((30 + 9) / 40 / (61 / 102), rel=1e-6)
    assert share[2] == pytest.approx(1 / 40 / (41 / 102), rel=1e-6)
    mothers = _heir(*_families(30, "F"), *_plain(40))
    assert mothers[2] > 1 > mothers[1]


@pytest.mark.parametrize(
    "other",
    [
        {"street": "9 Oak Av"},
        {"birth_date": None},
        {"birth_date": "1984-07-13"},
        {"last_name": "Cho"},
    ],
    ids=["another home", "no birth date", "a slip of the birth date", "another name"],
)
def test_who_is_no_namesake_of_ones_home_is_not_counted(other):
    women = [row | {"sex": "F"} for row in _plain(40)]
    assert _heir(LEE, LEE | other, *women)[2] == pytest.approx(0.1 / (41 / 44), rel=1e-6)
    assert _heir(LEE, LEE | {"birth_date": "1958-03-01"}, *women)[2] < 0.1 / (41 / 44)


def _weighed(mine, theirs, others):
    scorer = Scorer(encode(cohort(mine, *others), records(theirs, *others)), LinkOptions())
    zero = np.zeros(1, np.int32)
    return float(scorer.weighed(zero, zero)[0][0])


def test_without_a_birth_date_a_man_of_one_name_and_home_is_less_likely_one_person_than_a_woman():
    others = [*_families(60), *_plain(200)]
    nobody_says = LEE | {"birth_date": None}
    man = _weighed(nobody_says, LEE, others)
    woman = _weighed(nobody_says | {"sex": "F"}, LEE | {"sex": "F"}, others)
    dated = _weighed(LEE, LEE, others)
    assert man < woman - 1
    assert dated > woman


def test_a_son_may_have_a_telephone_of_his_own():
    others = [*_families(60), *_plain(200)]
    undated = LEE | {"birth_date": None, "phone": "3105550148"}
    same, other = (
        _weighed(undated, LEE | {"phone": p}, others) for p in ("3105550148", "4155550163")
    )
    assert same > other + 1


def test_what_a_pair_of_one_home_and_no_birth_date_is_worth_by_itself_must_suffice():
    """That its row is unlikely to be left over says nothing: a son who is not on record is."""
    undated = LEE | {"birth_date": None}
    moved = undated | {"street": "9 Oak Av", "zip": "95350"}
    mine = cohort(
        undated, undated | {"phone": "3105550148"}, moved, moved | {"phone": "3105550148"}, LEE
    )
    encoded = encode(mine, records(LEE | {"phone": "3105550148"}))
    a, b = np.arange(5, dtype=np.int32), np.zeros(5, np.int32)
    patterns = compare_pairs(Comparer(encoded), a, b, 1)
    assert _heirs(patterns, np.full(5, 1.8)).tolist() == [True, True, False, True, False]
    assert not _heirs(patterns, np.full(5, 2.0)).any()


def _decided(extra, others):
    rows = cohort(LEE, *others[:150])
    found = link(rows, records(LEE, extra, *others)).links.to_pylist()
    return {p["record_id"]: p["decision"] for p in found if p["cohort_id"] == "c1"}


def test_beside_a_record_that_has_the_birth_date_one_without_may_be_the_fathers():
    others = [*_families(60), *_plain(200)]
    undated = LEE | {"birth_date": None}
    assert _decided(undated, others) == {1: "link", 2: "review"}
    rng = random.Random(3)
    twice = [row | {"street": f"{rng.randint(1, 999)} Elm St"} for row in _plain(200)]
    number = {"ssn": "571448822"}
    rows = cohort(LEE | number, *twice)
    found = link(rows, records(LEE | number, undated | number, *twice)).links.to_pylist()
    assert [p["decision"] for p in found if p["cohort_id"] == "c1"] == ["link", "link"]
