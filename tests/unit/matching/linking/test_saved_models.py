"""A linkage's model saved, and another linkage that starts from it: the same every time, and told in the report."""

import json
import random

import pyarrow.csv as pc
import pytest

from matching.errors import BadModel
from matching.linking.files import match_files
from matching.options import LinkOptions
from tests.unit.matching.tables import cohort, noisy, people, records


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    rng = random.Random(5)
    everyone = people(200, 5)
    pc.write_csv(cohort(*everyone[:120]), folder / "c.csv")
    pc.write_csv(records(*(noisy(row, rng) for row in everyone[60:])), folder / "r.csv")
    match(folder, "first", save=folder / "model.json")
    return folder


def match(folder, name, **more):
    return match_files(folder / "c.csv", folder / "r.csv", folder / f"{name}.parquet", **more)


def test_the_same_model_and_files_give_the_same_bytes(files):
    for name in ("a", "b"):
        match(files, name, start=files / "model.json", save=files / f"{name}.model")
    assert (files / "a.parquet").read_bytes() == (files / "b.parquet").read_bytes()
    assert (files / "a.model").read_bytes() == (files / "b.model").read_bytes()


def test_without_training_the_saved_weights_are_used_as_they_are(files):
    first = json.loads((files / "first.json").read_text())
    untrained = LinkOptions(training_rows=0)
    again = match(files, "again", start=files / "model.json", options=untrained).report
    shipped = match(files, "shipped", options=untrained).report
    for name in ("first", "birth", "ssn"):
        kept = [line["m"] for line in first["parameters"][name]]
        assert [line["m"] for line in again.parameters[name]] == pytest.approx(kept, rel=0.01)
    assert again.prior["source"] == "saved model"
    assert shipped.prior["source"] == "shipped prior"
    assert again.parameters != shipped.parameters


def test_the_report_names_the_model_that_training_started_from(files):
    prior = match(files, "named", start=files / "model.json").report.prior
    assert prior["source"] == "data and saved model"
    assert len(str(prior["saved_model"])) == 32
    assert match(files, "none").report.prior["saved_model"] == "none"


def test_a_model_says_where_it_comes_from_and_holds_no_value_of_a_person(files):
    text = (files / "model.json").read_text()
    found = json.loads(text)["provenance"]
    assert (found["cohort_rows"], found["record_rows"]) == (120, 140)
    assert found["options"]["training_rows"] == 15_000
    assert (files / "model.json").stat().st_mode & 0o777 == 0o600
    for row in people(200, 5):
        assert not [v for k, v in row.items() if k in {"ssn", "street", "birth_date"} and v in text]


def test_a_model_that_cannot_be_used_stops_before_anything_is_written(files):
    (files / "no.model").write_text("{}")
    with pytest.raises(BadModel):
        match(files, "bad", start=files / "no.model")
    assert not (files / "bad.parquet").exists()
