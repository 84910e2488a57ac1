"""Reviewed pairs are decided as reviewed, their rivals know of it, and nothing is linked on a label alone."""

import random

import pytest

from matching.labels import DIFFERENT, SAME, UNSURE, Labels
from matching.linking.linking import link_sources, table_source
from tests.unit.matching.tables import cohort, noisy, people, records

HER = {
    "first_name": "odalys", "last_name": "quintanar", "birth_date": "1971-08-09", "sex": "F",
    "street": "4417 halyard st", "zip": "90017", "ssn": "571448822", "phone": "3105550148",
}  # fmt: skip
SON = HER | {"name_suffix": "jr", "birth_date": "1996-08-09", "ssn": None, "phone": None}
FATHER = SON | {"name_suffix": "sr", "birth_date": "1971-08-09"}


def linkage(row, *theirs, **labels):
    """The wanted row's pairs by record, and the whole result; labels as ``_1=SAME`` (record 1)."""
    rng = random.Random(8)
    others = people(60, 8)
    sides = cohort(row, *others), records(*theirs, *(noisy(other, rng) for other in others))
    said = Labels({("c1", name[1:]): verdict for name, verdict in labels.items()})
    result = link_sources(
        table_source(sides[0], "cohort"),
        table_source(sides[1], "records"),
        labels=said if labels else None,
    )
    pairs = result.links.to_pylist()
    return {p["record_id"]: p["decision"] for p in pairs if p["cohort_id"] == "c1"}, result


def test_a_pair_called_different_is_never_linked():
    assert linkage(HER, HER)[0] == {1: "link"}
    assert linkage(HER, HER, _1=DIFFERENT)[0] == {}


def test_a_pair_called_same_is_a_link_though_a_guard_would_ask_for_a_reviewer():
    assert linkage(SON, FATHER)[0] != {1: "link"}
    assert linkage(SON, FATHER, _1=SAME)[0] == {1: "link"}


def test_an_unsure_one_waits():
    assert linkage(HER, HER, _1=UNSURE)[0] == {1: "review"}


def test_rivals_of_a_pair_called_same_lose():
    first, second = HER | {"birth_date": "1971-08-19"}, HER | {"birth_date": "1971-09-09"}
    first, second = first | {"ssn": "571448899"}, second | {"ssn": "571443322"}
    row = HER | {"birth_date": None, "ssn": None}
    assert set(linkage(row, first, second)[0].values()) <= {"review"}
    assert linkage(row, first, second, _2=SAME)[0] == {2: "link"}


def test_other_records_of_an_identity_of_which_one_is_somebody_elses_go_to_review():
    assert linkage(HER, HER, HER)[0] == {1: "link", 2: "link"}
    assert linkage(HER, HER, HER, _1=DIFFERENT)[0] == {2: "review"}


def test_a_label_alone_links_nobody():
    """Record ids were given anew since the review: record 1 is a stranger now."""
    stranger = people(61, 99)[-1]
    found, result = linkage(HER, stranger, _1=SAME)
    assert found == {}
    assert result.report.labels["same_but_too_unlike_to_link"] == 1
    (told,) = (w.text() for w in result.report.warnings if w.side == "labels")
    assert told.startswith("labels: 1 of 1 say same of a pair that is too unlike to be linked")


@pytest.mark.parametrize("verdict", [SAME, DIFFERENT])
def test_the_report_counts_labels_and_says_what_taught_the_weights(verdict):
    report = linkage(HER, HER, _1=verdict, _77777=SAME)[1].report
    assert report.labels["same"] + report.labels["different"] == 1
    assert report.labels["of_unknown_rows"] == 1
    assert report.prior["source"] == "data, reviewed pairs and shipped prior"
    assert linkage(HER, HER)[1].report.prior["source"] == "data and shipped prior"
