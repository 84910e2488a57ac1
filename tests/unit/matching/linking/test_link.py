"""Linking a cohort to records: what must come out, told in small tables."""

import random
import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching import errors
from matching.assignment.assignment import COLUMNS
from matching.errors import (
    BadOptions,
    BadTable,
    DuplicateIds,
    MissingIdColumn,
    MissingIds,
    NoCommonColumns,
)
from matching.linking.explaining import Explainer
from matching.linking.waterfalls import WeighedPair, weights_page
from matching.options import LinkOptions
from matching.tables import STANDARD
from tests.examples import examples
from tests.two_tables import link
from tests.unit.matching.tables import cohort, linked, noisy, people, records


@pytest.fixture(scope="module")
def register():
    """600 people, of whom the first 100 are in the cohort and the first 50 have 3 records each."""
    rng = random.Random(5)
    everyone = people(600, 5)
    mine = cohort(*(noisy(row, rng) for row in everyone[:50]), *people(50, 77))
    written = [row for row in everyone for _ in range(3 if row in everyone[:50] else 1)]
    truth = {(f"c{i + 1}", 3 * i + k) for i in range(50) for k in (1, 2, 3)}
    return mine, records(*(noisy(row, rng) for row in written)), truth


@pytest.fixture(scope="module")
def result(register):
    """The register's cohort and records, linked as they are."""
    mine, theirs, _ = register
    return link(mine, theirs)


def test_every_record_of_a_person_is_linked(register, result):
    _, _, truth = register
    assert len(linked(result) & truth) >= 145
    assert len(linked(result) - truth) <= 1
    assert result.report.links == len(linked(result))
    assert result.report.linked_rows <= 50


def test_a_given_person_index_brings_all_records_of_the_identity(register):
    mine, theirs, truth = register
    identity = [max(0, (i - 1) // 3) if i <= 150 else i for i in theirs["record_id"].to_pylist()]
    result = link(mine, theirs.append_column("identity", pa.array(identity, pa.int64())))
    by_row = {}
    for c, r in linked(result):
        by_row.setdefault(c, set()).add(r)
    assert len(by_row) >= 48
    assert all(len(found) == 3 for found in by_row.values())
    assert linked(result) <= truth


@pytest.mark.long
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shard_rows", [7, 1000])
def test_threads_and_shards_do_not_change_the_links(register, result, threads, shard_rows):
    mine, theirs, _ = register
    options = LinkOptions(threads=threads, shard_rows=shard_rows)
    assert link(mine, theirs, options).links.equals(result.links)


def test_variants_of_one_record_are_one_pair(register):
    mine, theirs, _ = register
    twice = pa.concat_tables([theirs, theirs.slice(0, 150)])
    found = link(mine, twice).links
    pairs = list(zip(found["cohort_id"].to_pylist(), found["record_id"].to_pylist(), strict=True))
    assert len(pairs) == len(set(pairs))


@pytest.mark.parametrize("rows", [1, 10])
def test_small_cohorts_are_weighed_with_the_shipped_prior(register, rows):
    mine, theirs, truth = register
    result = link(mine.slice(0, rows), theirs)
    assert linked(result) <= truth
    assert len(linked(result)) >= 3 * rows - 2
    assert result.report.prior["source"] in ("shipped prior", "data and shipped prior")


def test_nothing_to_link_is_no_error(register):
    mine, theirs, _ = register
    for a, b in ((mine.slice(0, 0), theirs), (mine, theirs.slice(0, 0))):
        result = link(a, b)
        assert result.links.num_rows == 0
        assert result.links.column_names == list(COLUMNS)


TWIN = {"last_name": "Okafor", "birth_date": "1991-05-06", "street": "7 Elm st", "zip": "90210"}


def test_two_cohort_rows_for_one_person_go_to_review(register):
    mine, theirs, _ = register
    one = people(1, 321)[0]
    both = pa.concat_tables(
        [mine, cohort(one, one).set_column(0, "cohort_id", pa.array(["x1", "x2"]))]
    )
    more = pa.concat_tables([theirs, records(one).set_column(0, "record_id", pa.array([9999]))])
    result = link(both, more)
    assert {("x1", 9999), ("x2", 9999)} <= linked(result, "review")


def test_a_row_between_two_identities_goes_to_review(register):
    """The cohort gives no birth date; two namesakes, otherwise alike, are on the register."""
    mine, theirs, _ = register
    one = people(1, 321)[0] | {"ssn": None, "phone": None, "street": None, "zip": None}
    other = one | {"birth_date": "1950-11-30"}
    asked = cohort(one | {"birth_date": None, "last_name": one["last_name"]})
    both = pa.concat_tables([mine, asked.set_column(0, "cohort_id", pa.array(["x1"]))])
    ids = pa.array([9998, 9999])
    more = pa.concat_tables([theirs, records(one, other).set_column(0, "record_id", ids)])
    result = link(both, more)
    assert not {c for c, _ in linked(result)} & {"x1"}


def test_a_twin_is_not_the_other_twin(register):
    mine, theirs, _ = register
    asked = cohort(TWIN | {"first_name": "Chidi", "sex": "M", "ssn": None, "phone": None})
    there = records(TWIN | {"first_name": "Ngozi", "sex": "F", "ssn": None, "phone": None})
    both = pa.concat_tables(
        [mine, asked.set_column(0, "cohort_id", pa.array(["x1"]))], promote_options="default"
    )
    more = pa.concat_tables(
        [theirs, there.set_column(0, "record_id", pa.array([9999]))], promote_options="default"
    )
    assert ("x1", 9999) not in linked(link(both, more))


def test_values_that_do_not_parse_are_counted():
    mine = cohort({"last_name": "Smith", "birth_date": "soon", "ssn": "none"})
    report = link(
        mine, records({"last_name": "Smith", "birth_date": "1980-01-01", "ssn": "1"})
    ).report
    assert report.unparsable == {"cohort": {"birth_date": 1, "ssn": 1}, "records": {"ssn": 1}}


ROW = {"last_name": "Smith"}


@pytest.mark.parametrize(
    ("mine", "theirs", "error"),
    [
        (cohort(ROW).drop_columns("cohort_id"), records(ROW), MissingIdColumn),
        (cohort(ROW), records(ROW).drop_columns("record_id"), MissingIdColumn),
        (cohort(ROW | {"cohort_id": None}), records(ROW), MissingIds),
        (cohort(ROW | {"cohort_id": " "}), records(ROW), MissingIds),
        (cohort(ROW, ROW | {"cohort_id": "c1"}), records(ROW), DuplicateIds),
        (cohort({"zip": "90001"}), records(ROW), NoCommonColumns),
        (pa.table({"cohort_id": ["a"], "last_name": [5]}), records(ROW), BadTable),
    ],
)
def test_unusable_tables_are_coded_errors(mine, theirs, error):
    with pytest.raises(error) as caught:
        link(mine, theirs)
    assert "Smith" not in str(caught.value)


def test_duplicate_ids_are_named_by_row():
    with pytest.raises(DuplicateIds) as caught:
        link(cohort(ROW, ROW, ROW | {"cohort_id": "c1"}), records(ROW))
    assert caught.value.facts["rows"] == (1, 3)


def test_options_out_of_range_are_refused():
    with pytest.raises(BadOptions):
        LinkOptions(threshold=1.5)
    with pytest.raises(BadOptions):
        LinkOptions(review_from=0.95)


@pytest.mark.long
def test_expected_rates_hold_the_true_ones():
    rng = random.Random(9)
    everyone = people(1500, 9)
    mine = cohort(*(noisy(row, rng) for row in everyone[:500]), *people(300, 10))
    result = link(mine, records(*(noisy(row, rng) for row in everyone)))
    truth = {(f"c{i}", i) for i in range(1, 501)}
    found = linked(result)
    false = len(found - truth) / len(found)
    missed = 1 - len(found & truth) / len(truth)
    assert result.report.false_match_rate.low <= false <= result.report.false_match_rate.high
    assert result.report.missed_match_rate.low <= missed <= result.report.missed_match_rate.high
    curve = [point["missed_match_rate"] for point in result.report.curve]
    assert np.all(np.diff(curve) >= 0)


def test_explained_weights_add_up(register, result):
    mine, theirs, truth = register
    c, r = min(truth & linked(result))
    told = Explainer.of(result).pairs(mine, theirs, [(c, str(r))])[0]
    assert told.against_chance == pytest.approx(
        told.prior + sum(f.weight + f.frequency for f in told.fields), abs=0.01
    )
    assert told.rivals["match"] > 0.9
    with pytest.raises(errors.UnknownPair):
        Explainer.of(result).pairs(mine, theirs, [("nobody", "1")])


@pytest.mark.long
def test_the_explained_weight_is_the_links_own(register, result):
    """The best record of an identity bears its weight: the frequencies of its values are in it."""
    mine, theirs, _ = register
    records: dict[tuple[str, float], list[str]] = {}
    for pair in result.links.to_pylist()[:60]:
        key = pair["cohort_id"], pair["match_weight"]
        records.setdefault(key, []).append(str(pair["record_id"]))
    assert len(records) > 10
    moved = 0
    for (row, weight), several in list(records.items())[:10]:
        told = Explainer.of(result).pairs(mine, theirs, [(row, one) for one in several])
        assert max(t.weight for t in told) == pytest.approx(weight, abs=0.01)
        moved += sum(f.frequency != 0 for f in told[0].fields)
    assert moved > 10


def test_what_is_kept_of_some_records_explains_their_pairs_the_same(register, result):
    mine, theirs, _ = register
    pairs = [(p["cohort_id"], str(p["record_id"])) for p in result.links.to_pylist()[:30]]
    whole = Explainer.of(result)
    model, rows = whole.kept(dict.fromkeys(r for _, r in pairs))
    assert rows.num_rows < theirs.num_rows
    assert set(rows.column_names) - {"record_id"} == set(result.frequencies.by_row)
    again = Explainer.read(model, rows, result.words)
    wanted = set(rows["record_id"].to_pylist())
    few = theirs.filter(pa.array([str(r) in wanted for r in theirs["record_id"].to_pylist()]))
    cohort = mine.filter(
        pa.array([c in {c for c, _ in pairs} for c in mine["cohort_id"].to_pylist()])
    )
    assert again.pairs(cohort, few, pairs) == whole.pairs(mine, theirs, pairs)


def test_the_page_of_weights_goes_step_by_step_to_the_weight(register, result):
    mine, theirs, _ = register
    pairs = [(p["cohort_id"], str(p["record_id"])) for p in result.links.to_pylist()[:3]]
    told = Explainer.of(result).pairs(mine, theirs, pairs)
    page = weights_page([WeighedPair(*i, 0.7, one) for i, one in zip(pairs, told, strict=True)])
    for section, one in zip(page.split("<section")[1:], told, strict=True):
        steps = re.findall(r'aria-label="([^"]+): from (-?[\d.]+) to (-?[\d.]+) bits"', section)
        begins, ends = ([float(step[i]) for step in steps] for i in (1, 2))
        assert begins == [0.0, *ends[:-1]]
        assert ends[-1] == pytest.approx(
            one.weight, abs=0.4
        )  # what is less than a tenth is left out
        assert steps[0][0] == "how rare a match is"
        assert {"first", "last", "birth"} <= {name for name, *_ in steps}


ANYTHING = st.one_of(
    st.none(), st.text(max_size=8), st.sampled_from(["Smith", "1980-01-01", "123456780", "F"])
)
ROWS = st.lists(st.fixed_dictionaries(dict.fromkeys(STANDARD, ANYTHING)), max_size=5)


@pytest.mark.long
@examples(25)
@given(ROWS, ROWS)
def test_no_text_breaks_the_linkage(mine, theirs):
    result = link(cohort(*mine), records(*theirs), LinkOptions(threads=1))
    assert all(0 <= p <= 1 for p in result.links["match_probability"].to_pylist())
