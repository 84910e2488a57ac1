"""What a package says of what changed: in columns, rows and snapshot, and nothing where nothing did."""

import json
from dataclasses import replace

from extracts.package.dictionary import DataDictionary, FieldDoc
from pipelines.release.content.changes import compare_contents, describe_content

FIELDS = (
    FieldDoc("person_ref", "text", "Who."),
    FieldDoc("order_county", "text", "County.", codes=(("001", "Alameda"),)),
    FieldDoc("order_day", "date", "Day."),
)


def content(fields=FIELDS, snapshot="CARPOS-1", rows=10):
    made = describe_content(snapshot, rows, DataDictionary("One row.", tuple(fields)))
    return json.loads(json.dumps(made, sort_keys=True))  # as a stage's record is kept


def test_nothing_changed():
    assert compare_contents(content(), content()) == ()


def test_snapshot_and_rows_are_named():
    assert compare_contents(content(snapshot="CARPOS-2", rows=12_345), content()) == (
        "Register snapshot CARPOS-2 instead of CARPOS-1.",
        "12,345 rows instead of 10.",
    )


def test_columns_that_came_went_or_mean_another_thing_are_named():
    county = replace(FIELDS[1], codes=(("001", "Alameda"), ("073", "San Diego")))
    day = replace(FIELDS[2], treatment="Generalised.")
    new = FieldDoc("order_stage", "text", "Stage.")
    assert compare_contents(content((county, day, new)), content()) == (
        "New columns: order_stage.",
        "Columns that are no more: person_ref.",
        "Columns whose type, meaning, form or codes are others: order_county.",
        "Columns that were treated otherwise before they left: order_day.",
    )


def test_another_order_is_named():
    assert compare_contents(content(FIELDS[::-1]), content()) == (
        "The columns stand in another order.",
    )
