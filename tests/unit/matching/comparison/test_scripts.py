"""Names in other letters than Latin ones: a partial agreement with how they sound, never a full one."""

import pytest

from matching.options import LinkOptions
from tests.two_tables import link
from tests.unit.matching.comparison.test_levels import level
from tests.unit.matching.comparison.test_whole_names import name
from tests.unit.matching.tables import cohort, linked, records


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ("Сергей||Иванов", "SERGEI||IVANOV"),
        ("Екатерина||Щербакова", "YEKATERINA||SHCHERBAKOVA"),
        ("Հակոբ||Հովհաննիսյան", "HAGOP||HOVHANNISYAN"),
        ("Γεώργιος||Παπαδόπουλος", "GEORGIOS||PAPADOPOULOS"),
        ("민준||김", "MIN JUN||KIM"),
        ("민준||이", "MINJOON||LEE"),
        ("상우||박", "SANG WOO||PARK"),
        ("伟||张", "WEI||ZHANG"),
        ("محمد||كريم", "MOHAMMED||KARIM"),
    ],
)
def test_other_letters_are_a_partial_agreement_with_their_sound(mine, theirs):
    for one, other in ((mine, theirs), (theirs, mine)):
        assert level(name(one), name(other), "first") in ("similar", "nickname")
        assert level(name(one), name(other), "last") == "similar"


def test_other_letters_that_sound_otherwise_differ():
    assert level(name("Сергей||Иванов"), name("DMITRY||KUZNETSOV"), "first") == "different"
    assert level(name("민준||김"), name("HYUN WOO||PARK"), "last") == "different"


def test_a_nickname_in_other_letters_is_a_nickname():
    assert level(name("Саша||Иванов"), name("ALEXANDER||IVANOV"), "first") == "nickname"


def test_one_syllable_is_no_initial():
    assert level(name("伟||张"), name("W||ZHANG"), "first") == "initial"
    assert level(name("伟||张"), name("WENDY||ZHANG"), "first") == "different"


def test_names_in_other_letters_go_to_review_at_best():
    mine = cohort({"first_name": "Сергей", "last_name": "Щербаков", "birth_date": "1980-02-03"})
    theirs = records(
        {"first_name": "SERGEI", "last_name": "SHCHERBAKOV", "birth_date": "1980-02-03"}
    )
    assert [pair["decision"] for pair in link(mine, theirs).links.to_pylist()] == ["review"]
    assert linked(link(mine, theirs, LinkOptions(never_link=()))) == {("c1", 1)}
