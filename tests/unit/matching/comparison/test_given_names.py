"""Given names of one home and birth date: two tongues say nothing, a shared part beside names of their own parts twins."""

import numpy as np
import pytest

from matching.comparison import FIELDS, Comparer, pack
from matching.normalise import encode
from tests.communities import make_communities
from tests.two_tables import link
from tests.unit.matching.tables import cohort, records

HOME = {
    "first_name": "Grace", "middle_name": None, "last_name": "Kim", "sex": "F", "birth_date": "1984-07-12",
    "street": "12 Main St", "phone": None,
}  # fmt: skip


def first(mine, theirs):
    encoded = encode(cohort(HOME | mine), records(HOME | theirs))
    zero = np.zeros(1, np.int32)
    levels = Comparer(encoded).levels(zero, zero)
    assert Comparer(encoded).patterns(zero, zero) == pack(levels)
    return FIELDS[0].levels[int(levels[0][0])]


@pytest.mark.parametrize(
    ("mine", "theirs", "want"),
    [
        ({}, {"first_name": "Soo Jin"}, "missing"),
        ({}, {"first_name": "Soo", "middle_name": "Jin"}, "missing"),
        ({"last_name": "Chan"}, {"last_name": "Chen", "first_name": "Wai-Man"}, "missing"),
        ({}, {"first_name": "Soo Jin", "street": "3 Oak Av"}, "different"),
        ({}, {"first_name": "Soo Jin", "sex": "M"}, "different"),
        ({}, {"first_name": "Soo Jin", "birth_date": "1984-07-13"}, "missing"),  # a slip
        ({}, {"first_name": "Soo Jin", "birth_date": "1991-02-20"}, "different"),
        ({"first_name": "Alice"}, {"first_name": "Soo Jin"}, "missing"),  # who has no nickname
        ({"first_name": "Jennifre"}, {"first_name": "Soo Jin"}, "missing"),
        ({"last_name": "Kmi"}, {"first_name": "Soo Jin"}, "missing"),
        ({}, {"first_name": "Esther"}, "different"),
        ({"middle_name": "Min Ah"}, {"first_name": "Soo Jin"}, "different"),
        ({"first_name": "Min Ah"}, {"first_name": "Soo Jin"}, "different"),
        ({"last_name": "Smith"}, {"last_name": "Smith", "first_name": "Soo Jin"}, "different"),
        ({"last_name": "Lee"}, {"last_name": "Lee", "first_name": "Shaniqua"}, "different"),
        (
            {"last_name": "Lee", "first_name": "Kia"},
            {"last_name": "Lee", "first_name": "Bao"},
            "different",
        ),
    ],
)
def test_a_western_name_alone_and_a_korean_or_chinese_one_alone_say_nothing(mine, theirs, want):
    assert first(mine, theirs) == want


@pytest.mark.parametrize(
    ("mine", "theirs", "want"),
    [
        (("Maria Elena", None), ("Maria Rosa", None), "different"),
        (("Ana Maria", None), ("Maria", "Elena"), "different"),
        (("Jose", "Luis"), ("Oscar", "Jose"), "different"),
        (("Ana Maria", None), ("Ana", None), "part"),
        (("Maria de la Luz", None), ("Maria Luz", None), "part"),
        (("Maria Elena", None), ("Maria Elna", None), "part"),
        (("David", "Sang Ho"), ("Sangho", None), "part"),
        (("Ana Maria", None), ("Ana", "M"), "part"),
    ],
)
def test_twins_that_share_a_name_have_one_of_their_own(mine, theirs, want):
    rows = ({"first_name": x, "middle_name": y, "last_name": "Garcia"} for x, y in (mine, theirs))
    assert first(*rows) == want


@pytest.mark.parametrize(
    ("mine", "theirs", "want"),
    [
        (("Esther Su-Kyung", None), ("Ether", None), "similar"),
        (("Amy", "Ming Yin"), ("Mingtyin", None), "similar"),
        (("Xaoping", None), ("Xiao", "Ping"), "similar"),
        (("Daniel Bin-Ok", None), ("Binok", None), "similar"),  # "bin" says little elsewhere
        (("Esther Su-Kyung", None), ("Grace Ha-Rin", None), "different"),
        (("Ming", None), ("Ping", "Hui"), "different"),
    ],
)
def test_a_part_but_for_a_slip_of_the_pen_is_similar(mine, theirs, want):
    rows = ({"first_name": x, "middle_name": y, "last_name": "Kang"} for x, y in (mine, theirs))
    assert first(*rows) == want


@pytest.mark.parametrize(
    ("mine", "theirs", "want"),
    [
        (("Huynh Thanh", None, "Ngoc"), ("Huynh Thanh", None, "Thuy"), "different"),
        (("Tran Van", None, "Tuan"), ("Dung", "Van", "Tran"), "different"),
        (("Tran Thi", None, "Mai"), ("Thi Mai", None, "Tran"), "swapped"),
        (("Huynh Thanh", None, "Ngoc"), ("Huynh Thanh", None, None), "same"),
        (("Maria Luz", None, "Garcia"), ("Maria Luz", None, "Lopez"), "same"),  # who married
    ],
)
def test_a_surname_among_the_given_names_is_no_name_that_two_share(mine, theirs, want):
    boxes = "first_name", "middle_name", "last_name"
    assert first(*(dict(zip(boxes, names, strict=True)) for names in (mine, theirs))) == want


@pytest.mark.long
@pytest.mark.parametrize(("twins", "found", "wrong"), [(20, 0.94, 0.2), (150, 0.9, 0.03)])
def test_the_more_twins_the_fewer_names_of_two_tongues_are_linked(twins, found, wrong):
    shares = {"korean": 0.5, "chinese": 0.5}
    made = make_communities(11, records=3000, rows=1500, both=500, relatives=twins, ties=("twin",), shares=shares)  # fmt: skip
    true, linked = ({(x["cohort_id"], x["record_id"]) for x in rows if x.get("decision", "link") == "link"}
                    for rows in (made.truth.to_pylist(), link(made.cohort, made.records).links.to_pylist()))  # fmt: skip
    assert len(linked & true) / len(true) > found
    strangers = {row for row, _ in linked - true if made.tie[row] == "twin"}
    assert len(strangers) <= wrong * twins
