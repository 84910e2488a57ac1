"""A cohort row against persons: entries fold where what is said of one holds for the others."""

import pyarrow as pa

from matching.review import ask

ANN = {
    "first_name": "Ann",
    "last_name": "Doe",
    "birth_date": "1980-01-02",
    "street": "1 Oak",
    "ssn": None,
}


def asked(links, identities, *records, cohort=None):
    table = pa.table(
        {
            "cohort_id": [row for row, *_ in links],
            "record_id": [record for _, record, *_ in links],
            "match_probability": [p for _, _, p, *_ in links],
            "decision": [one[3] if len(one) > 3 else "review" for one in links],
        }
    )
    mine = [{"cohort_id": c, **v} for c, v in (cohort or {"c1": ANN, "c2": ANN}).items()]
    theirs = [{"record_id": r, **ANN, **v} for r, v in records]
    return ask(table, identities, pa.Table.from_pylist(mine), pa.Table.from_pylist(theirs))


def test_entries_of_one_person_are_one_question():
    found = asked(
        [("c1", 7, 0.7), ("c1", 8, 0.7), ("c1", 9, 0.6)], {"7": 1, "8": 1, "9": 2},
        (7, {}), (8, {"street": "9 Elm"}), (9, {}),
    )  # fmt: skip
    assert [(one.record_id, one.question, one.row) for one in found] == [
        ("7", 0, 0),
        ("8", 0, 0),
        ("9", 1, 0),
    ]
    assert [one.tie for one in found] == [True] * 3  # two persons for one row


def test_an_entry_that_contradicts_where_another_agrees_is_asked_about_by_itself():
    found = asked(
        [("c1", 7, 0.7), ("c1", 8, 0.7), ("c1", 9, 0.7)], {"7": 1, "8": 1, "9": 1},
        (7, {}), (8, {"birth_date": "1955-10-30"}), (9, {"birth_date": None}),
    )  # fmt: skip
    assert [one.question for one in found] == [0, 1, 0]
    assert not any(one.tie for one in found)
    assert [one.no_birth for one in found] == [False, False, True]


def test_a_near_tie_is_also_one_of_two_rows_for_one_person_or_with_a_link():
    two = asked([("c1", 7, 0.6), ("c2", 7, 0.4)], {"7": 1}, (7, {}))
    assert [(one.row, one.tie) for one in two] == [(0, True), (1, True)]
    linked = asked([("c1", 7, 0.6), ("c2", 8, 0.95, "link")], {"7": 1, "8": 1}, (7, {}))
    assert [one.tie for one in linked] == [True]
    apart = asked([("c1", 7, 0.6), ("c1", 8, 0.04)], {"7": 1, "8": 2}, (7, {}), (8, {}))
    assert not any(one.tie for one in apart)  # no rival worth the name


def test_the_variant_that_agrees_best_is_shown_and_none_is_lost():
    (one,) = asked(
        [("c1", 7, 0.6)], {"7": 1}, (7, {"last_name": "Roe"}), (7, {}), (7, {"zip": "9"})
    )
    assert one.theirs["last_name"] == "Doe"
    assert len(one.variants) == 2
    assert one.variants[0]["last_name"] == "Roe"
    assert one.at == 1


def test_families_are_told():
    (brother,) = asked([("c1", 7, 0.6)], {"7": 1}, (7, {"first_name": "Bartholomew"}))
    (stranger,) = asked(
        [("c1", 7, 0.6)], {"7": 1}, (7, {"first_name": "Bartholomew", "street": "77 Elm"})
    )
    assert (brother.family, stranger.family) == (True, False)
