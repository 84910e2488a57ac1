"""Whole names, not three boxes: order, box, joining and hyphens are noise."""

import pytest

from tests.two_tables import link
from tests.unit.matching.comparison.test_levels import level
from tests.unit.matching.tables import cohort, linked, people, records


def name(text):
    first, middle, last = (part.strip() or None for part in text.split("|"))
    return {"first_name": first, "middle_name": middle, "last_name": last}


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ("Nguyen Thi||Lan", "LAN|THI|NGUYEN"),
        ("Sang|Woo|Kim", "SANGWOO||KIM"),
        ("Yoon||Bojin", "BO|JIN|YOON"),
        ("Kim||Sang-Woo", "SANG|WOO|KIM"),
        ("Maria|Lopez|Garcia", "MARIA||LOPEZ GARCIA"),
        ("Lee||James", "JAMES||LEE"),
        ("||Smith John", "JOHN||SMITH"),
    ],
)
def test_the_same_names_otherwise_arranged_are_one_agreement(mine, theirs):
    mine, theirs = name(mine), name(theirs)
    assert level(mine, theirs, "first") == "swapped"
    assert level(mine, theirs, "last") == "missing"
    assert level(mine, theirs, "middle") == "missing"


@pytest.mark.parametrize(
    ("mine", "theirs", "field", "want"),
    [
        ("Sang Woo||Kim", "SANG-WOO||KIM", "first", "same"),
        ("Sang Woo||Kim", "SANGWOO||KIM", "first", "same"),
        ("A||Al-Masri", "A||ALMASRI", "last", "same"),
        ("A||De la Cruz", "A||DELACRUZ", "last", "same"),
        ("A||O Brien", "A||O'BRIEN", "last", "same"),
        ("A||Al-Masri", "A||MASRI", "last", "part"),
        ("A||De la Cruz", "A||CRUZ", "last", "part"),
        ("A||Le-Tran", "A||LE", "last", "part"),
        ("A||Le-Tran", "A||TRAN", "last", "part"),
        ("A||Le", "A||VAN", "last", "different"),
        ("A||de la Cruz", "A||de la Rosa", "last", "different"),
        ("David|Sangwoo|Kim", "SANG WOO||KIM", "first", "part"),
        ("David|Sangwoo|Kim", "SANG|WOO|KIM", "first", "part"),
        ("David Sangwoo||Kim", "SANG WOO||KIM", "first", "part"),
        ("David Sangwoo||Kim", "SANG HO||KIM", "first", "different"),
        ("Hoang Thi||Mai", "MAI||HOANG", "first", "swapped"),
        ("Hoang Thi||Mai", "MAI||TRAN", "first", "different"),
        ("Maria Luisa||Cruz", "LUISA||CRUZ", "first", "part"),
        ("Ana|Maria|Cruz", "MARIA||CRUZ", "first", "part"),
        ("Gurpreet|Kaur|Gill", "GURPREET||KAUR", "last", "part"),
        ("Grace Kyu Sang||Kim", "KYUSANG||KIM", "first", "part"),
        ("Tina|Ping-Xin|He", "HE||PINGXIN", "first", "swapped"),
        ("Andy|Hodong|Wang", "WANG||HO-DONG", "first", "swapped"),
        ("Jung||Esther Jain", "JAIN||JUNG", "first", "swapped"),
        ("Lisa Yanhui||Huang", "HUANG||YAN HUI", "first", "swapped"),
        ("Anna|Hyun|Lee", "HYUN||KIM", "first", "part"),
        ("Kim|Hyun|Lee", "HYUN||KIM", "last", "different"),
        ("Priya||G", "PRIYA||GANESAN", "last", "missing"),
        ("Priya||G", "PRIYA||RAMAN", "last", "different"),
        ("K||Balaji", "BALAJI||KRISHNAMURTHY", "first", "part"),
        ("K||Balaji", "BALAJI||KRISHNAMURTHY", "last", "missing"),
        ("Balaji||K", "KRISHNAMURTHY||BALAJI", "first", "part"),
        ("K||Balaji", "BALAJI||RAMAN", "first", "different"),
        ("K||Balaji", "BALAJI||RAMAN", "last", "different"),
    ],
)
def test_joined_parted_and_shortened_names(mine, theirs, field, want):
    assert level(name(mine), name(theirs), field) == want
    assert level(name(theirs), name(mine), field) == want


def test_a_given_name_in_another_box_does_not_count_against_the_middle_name():
    mine, theirs = name("David|Sangwoo|Kim"), name("SANG|WOO|KIM")
    assert level(mine, theirs, "middle") == "missing"


def test_one_name_more_among_names_in_other_boxes_does_not_count_against_the_middle_name():
    mine, theirs = name("Tina|Ping-Xin|He"), name("HE||PINGXIN")
    assert level(mine, theirs, "last") == level(mine, theirs, "middle") == "missing"


def test_people_whose_names_stand_in_other_boxes_are_found():
    rows = [
        row | {"first_name": f"sang{i % 7}", "middle_name": f"woo{i}", "last_name": "kim"}
        for i, row in enumerate(people(80, 3))
    ]
    bare = [
        {k: v for k, v in row.items() if k not in ("ssn", "phone", "street", "zip")} for row in rows
    ]
    moved = [
        row
        | {
            "first_name": row["last_name"],
            "middle_name": None,
            "last_name": row["first_name"] + row["middle_name"],
        }
        for row in bare
    ]
    assert linked(link(cohort(*bare), records(*moved))) == {(f"c{i}", i) for i in range(1, 81)}


@pytest.mark.parametrize(
    ("mine", "theirs", "field"),
    [
        ("A||Lee", "A||RHEE", "last"),
        ("A||Lee", "A||YI", "last"),
        ("A||Park", "A||PAK", "last"),
        ("A||Choi", "A||CHOE", "last"),
        ("A||Jung", "A||CHEONG", "last"),
        ("A||Yoo", "A||RYU", "last"),
        ("A||Zhang", "A||CHEUNG", "last"),
        ("A||Chen", "A||TAN", "last"),
        ("A||Wu", "A||NG", "last"),
        ("A||Xu", "A||HSU", "last"),
        ("A||Cai", "A||TSAI", "last"),
        ("A||Hovhannisyan", "A||OVANESYAN", "last"),
        ("Seung Hyun||A", "SUNGHYEON||A", "first"),
        ("Gyeong-Ra||A", "KYUNGRA||A", "first"),
        ("Xiaoming||A", "HSIAO MING||A", "first"),
        ("Zhukov||A", "JOUKOV||A", "first"),
        ("Ghorban||A", "QORBAN||A", "first"),
    ],
)
def test_spellings_of_one_name_in_latin_letters_are_a_partial_agreement(mine, theirs, field):
    for one, other in ((mine, theirs), (theirs, mine)):
        assert level(name(one), name(other), field) in ("close", "similar")


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [("A||Kim", "A||LEE"), ("A||Chan", "A||WONG"), ("A||Park", "A||CHOI"), ("A||Ng", "A||TAN")],
)
def test_surnames_that_are_no_spellings_of_one_differ(mine, theirs):
    assert level(name(mine), name(theirs), "last") == "different"


def test_spelt_otherwise_and_in_the_other_order_is_a_partial_agreement_of_both():
    mine, theirs = name("Kang||Min Jin"), name("MIN-JEAN||GANG")
    assert level(mine, theirs, "first") == level(mine, theirs, "last") == "similar"


def test_an_asian_name_in_the_middle_may_be_spelt_otherwise_where_the_other_row_has_no_middle_name():
    assert level(name("David|Sangwu|Kim"), name("SANG-WOO||KIM"), "first") == "similar"
    assert level(name("Dao|Thi|Duong"), name("MY|THI|DUONG"), "first") == "different"


def test_given_names_are_compared_whole():
    assert level(name("Sang Woo||Kim"), name("SUNG MIN||KIM"), "first") == "different"
