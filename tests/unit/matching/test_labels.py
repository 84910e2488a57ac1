"""A file of labels: which words and files are taken, and what is refused before anything is linked."""

import pyarrow as pa
import pytest

from matching.errors import BadLabels, ContradictoryLabels, StrangeLabels, UnknownVerdict
from matching.labels import DIFFERENT, SAME, UNSURE, Labels
from matching.review import Line, write_sheet
from tests.unit.matching.review.test_sheet import fill


def read(tmp_path, *lines, head="cohort_id,record_id,decision"):
    path = tmp_path / "labels.csv"
    path.write_text("\n".join([head, *lines, ""]))
    return Labels.read(path, ("person", "entry"))


def test_the_words_of_a_sheet_and_of_a_data_set_are_taken_and_an_empty_decision_is_none(tmp_path):
    words = ["same", "Match", "different", "no match", "NO_MATCH", "non-match", "unsure", ""]
    labels = read(tmp_path, *(f"c{i},{i},{word}" for i, word in enumerate(words)))
    assert list(labels.pairs.values()) == [SAME] * 2 + [DIFFERENT] * 4 + [UNSURE]


def test_ids_may_be_called_as_in_the_two_files(tmp_path):
    labels = read(tmp_path, "c1,1,same", head="person,entry,decision")
    assert labels.pairs == {("c1", "1"): SAME}


def test_an_exported_sheet_with_decisions_in_it_is_a_file_of_labels(tmp_path):
    roe, doe = {"last_name": "Roe"}, {"last_name": "Doe"}
    lines = [Line(1, "=c1", "1", 0, 1, roe, roe, 0.6), Line(2, "c2", "2", 1, 2, doe, doe, 0.7)]
    write_sheet(tmp_path / "review.xlsx", lines)
    fill(tmp_path / "review.xlsx", "Same", None)
    assert Labels.read(tmp_path / "review.xlsx").pairs == {("=c1", "1"): SAME}


@pytest.mark.parametrize("word", ["link", "review", "maybe"])
def test_what_a_linkage_decided_itself_is_no_label(tmp_path, word):
    with pytest.raises(UnknownVerdict) as unknown:
        read(tmp_path, "c1,1,same", f"c2,2,{word}")
    assert unknown.value.facts["rows"] == (2,)


def test_two_verdicts_on_one_pair_are_refused_and_a_repetition_is_not(tmp_path):
    assert len(read(tmp_path, "c1,1,same", "c1,1,match").pairs) == 1
    with pytest.raises(ContradictoryLabels) as twice:
        read(tmp_path, "c1,1,same", "c2,2,same", "c1,1,different")
    assert twice.value.facts["rows"] == (3,)


@pytest.mark.parametrize(
    ("head", "line"), [("cohort_id,record_id", "c1,1"), ("cohort_id,record_id,decision", "c1,1,")]
)
def test_a_file_without_a_decision_is_refused(tmp_path, head, line):
    with pytest.raises(BadLabels):
        read(tmp_path, line, head=head)


def test_labels_of_people_who_are_gone_are_counted_and_of_nobody_who_is_there_refused():
    labels = Labels({("c1", "1"): SAME, ("c9", "1"): SAME, ("c1", "9"): DIFFERENT})
    ids = pa.chunked_array([["c1", "c2"]]), pa.chunked_array([[1, 2]])
    found = labels.among(*ids, pa.array([0, 1]).to_numpy())
    assert (found.count(SAME), found.count(DIFFERENT), found.unknown) == (1, 0, 2)
    with pytest.raises(StrangeLabels):
        Labels({("c9", "9"): SAME}).among(*ids, pa.array([0, 1]).to_numpy())
