"""Rates by group of an identified release: of what was supplied, after the review, protected as published numbers."""

import csv
import io
import json
from types import SimpleNamespace

import pyarrow as pa
import pytest

from pipelines.home.settings import Settings
from pipelines.release.content.rates import _decade, _named, _sex, linkage_rates

ROWS = 200
SUPPLIED = pa.table(
    {
        "row_number": list(range(ROWS)),
        "row_id": [f"r{n}" for n in range(ROWS)],
        "sex": ["f" if n % 2 else "Male" for n in range(ROWS)],
        "birth_date": ["1987-04-20" if n < 195 else "" for n in range(ROWS)],
        "ssn": ["123456789" if n < 100 else None for n in range(ROWS)],
    }
)
MATCHED = {f"r{n}" for n in range(60)}
GROUPS = [
    {"group": "f", "rows": 100, "expected": 60.0, "expected_missed": 20.0},
    {"group": "m", "rows": 100, "expected": 55.0, "expected_missed": 12.2},
]


def links(decision_of):
    return pa.table(
        {
            "cohort_id": [f"r{n}" for n in range(60)],
            "match_probability": [0.7] * 60,
            "decision": [decision_of(n) for n in range(60)],
        }
    )


@pytest.fixture
def context(tmp_path):
    """Sixty of two hundred rows are matched, ten of them by a reviewer."""
    tables = {
        ("intake", "supplied"): SUPPLIED,
        ("intake", "attempted"): pa.table({"code": pa.array([None] * ROWS, pa.string())}),
        ("extract", "extract"): pa.table(
            {
                "row_id": SUPPLIED["row_id"],
                "matched": [
                    "yes" if r in MATCHED else "no" for r in SUPPLIED["row_id"].to_pylist()
                ],
            }
        ),
        ("match", "links"): links(lambda n: "review" if n < 10 else "link"),
        ("review", "settled"): links(lambda n: "link"),
    }
    report = {"missed_match_rate": {"of": 115.0, "expected": 0.28}, "groups": {"sex": GROUPS}}
    (tmp_path / "LINKS.json").write_text(json.dumps(report))
    staging = SimpleNamespace(
        schema=lambda stage, name: tables[stage, name].schema,
        batches=lambda stage, name, columns: tables[stage, name].select(columns).to_batches(70),
        place=lambda stage, name: tmp_path / name,
    )
    return SimpleNamespace(staging=staging, session=SimpleNamespace(settings=Settings()))


def test_rates_are_of_ten_persons_on_either_side(context):
    text = linkage_rates(context)
    found = {
        (one["grouping"], one["group"], one["rate"]): one["percent"]
        for one in csv.DictReader(io.StringIO(text))
    }
    assert found["sex", "F", "matched"] == "30"
    assert found["sex", "TOTAL", "matched"] == "30"
    strong = found["strong_identifiers", "ssn or licence", "matched"]
    assert strong == ""  # of the others nobody was
    assert found["born", "1980s", "matched"] == ""  # five others would be the difference
    # 0.3 of fifty, a reviewer's ten being right, in whole persons of each group: 14 of 60.
    assert found["sex", "TOTAL", "expected_false"] == "23"
    assert found["sex", "F", "expected_false"] == ""  # seven
    assert found["sex", "f", "expected_missed"] == "33"
    assert found["sex", "m", "expected_missed"] == "22"
    assert text == linkage_rates(context)


def test_dates_of_any_usual_form_have_a_decade():
    assert _decade("1987-04-20") == _decade("04/20/1987") == _decade("19870420") == "1980s"
    assert _decade("4-1-1990") == "1990s"
    assert len({_decade(None), _decade("unknown"), _decade("04201987"), _decade("٣٤٥٦-01-01")}) == 1
    assert _named("none, or of few rows") == "none, or of few rows"
    assert _named("=1+1") == _named("@x") == _named("a\nb") == "another value"
    assert _sex("female") == "F"
    assert _sex("?") == _sex(None)
