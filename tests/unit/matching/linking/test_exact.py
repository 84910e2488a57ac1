"""Columns of the user's own (``--exact``): equal or not, and nothing between."""

import json
import random

import numpy as np
import pytest

from matching.comparison.fields import EXACT, FIELDS
from matching.comparison.levels import Comparer
from matching.errors import BadExact, ExactMissing
from matching.linking.files import match_files
from matching.normalise.encoding import encode
from matching.options import LinkOptions
from matching.scoring.tables import plan_of, plan_tables, scored_of, scored_table
from matching.tables import ColumnMap
from tests.two_tables import link
from tests.unit.matching.compiled import both_ways
from tests.unit.matching.tables import cohort, linked, people, records

BOTH = LinkOptions(exact=("cii:lasting", "email"), threads=1)


def numbered_people(count, seed=1):
    rng = random.Random(seed)
    return [
        row | {"cii": f"A{rng.randrange(10**8):08}", "email": f"{row['first_name']}{i}@made.up"}
        for i, row in enumerate(people(count, seed))
    ]


def only(row, *names):
    return {name: row[name] for name in names}


@pytest.fixture(scope="module")
def sides():
    """Rows 0-9 as they are; 10-19 with a number and nothing else; 20-29 moved, renamed, with an e-mail address."""
    rows = numbered_people(80)
    mine = rows[:10]
    mine += [only(row, "cii") for row in rows[10:20]]
    mine += [only(row, "first_name", "email") | {"last_name": "newname"} for row in rows[20:30]]
    return cohort(*mine), records(*rows)


def test_who_agrees_on_nothing_else_is_found(sides):
    found = linked(link(*sides, BOTH))
    assert found >= {(f"c{i}", i) for i in range(1, 31)}
    without = linked(link(*sides))
    assert not any((f"c{i}", i) in without for i in range(11, 31))


def test_case_blanks_and_punctuation_are_noise():
    mine = cohort(
        {"cii": " a-123 456 78", "email": "ANN.LEE@made.up "}, {"cii": "n/a"}, {"cii": "-"}
    )
    theirs = records({"cii": "A12345678", "email": "ann.lee@MADE.UP"}, {"cii": "N/A"}, {"cii": "-"})
    encoded = encode(mine, theirs, exact=("cii", "email"))
    assert [codes.tolist() for codes in encoded.cohort.exact] == [[0, -1, -1], [0, -1, -1]]
    assert [codes.tolist() for codes in encoded.records.exact] == [[0, -1, -1], [0, -1, -1]]


@pytest.mark.parametrize(
    ("mine", "theirs", "level"),
    [
        ({"cii": "1"}, {"cii": "1"}, "same"),
        ({"cii": "1"}, {"cii": "2"}, "different"),
        ({"cii": "1"}, {"email": "a"}, "missing"),
        ({"email": "a"}, {"email": "a"}, "same, may change"),
        ({"email": "a"}, {"email": "b"}, "different, may change"),
        ({"email": "a", "cii": "1"}, {"email": "b", "cii": "1"}, "same"),
        ({"email": "a", "cii": "1"}, {"email": "a", "cii": "2"}, "different"),  # a family's address
        ({"email": "a", "fbi": "1"}, {"email": "b", "fbi": "1"}, "same, may change"),  # one is enough
    ],
)  # fmt: skip
def test_what_lasts_goes_before_what_may_change(mine, theirs, level):
    none = dict.fromkeys(("cii", "email", "fbi"))
    exact = ("cii:lasting", "email", "fbi")
    encoded = encode(cohort(none | mine), records(none | theirs), exact=exact)
    (found,) = Comparer(encoded).levels(np.zeros(1, np.int32), np.zeros(1, np.int32))[-1]
    assert EXACT[found] == level


def test_another_number_that_lasts_is_a_conflict_and_another_address_hardly_one():
    rows = numbered_people(60, 4)
    other = numbered_people(60, 5)
    mine, theirs = cohort(*rows[:20]), [dict(row) for row in rows]
    for row, one in zip(theirs[:20], other, strict=False):
        row |= {"ssn": None, "birth_date": row["birth_date"][:4], "cii": one["cii"]}
    for row in theirs[10:20]:
        row |= {"cii": None, "email": "else@made.up" + row["email"]}
    result = link(mine, records(*theirs), BOTH)
    by = {(i, i - 1 < 10) for i in range(1, 21) if (f"c{i}", i) in linked(result)}
    assert by == {(i, False) for i in range(11, 21)}  # the guard `number` holds the others
    weights = {one["level"]: one["weight"] for one in result.report.parameters["exact: cii, email"]}
    assert weights["different"] < -2 < weights["different, may change"] < 0


def test_what_many_people_share_is_nobodys():
    rows = numbered_people(60)
    for row in rows[20:40]:
        row["cii"] = "PENDING"
    mine = cohort(*(only(r, "cii", "birth_date") for r in rows[20:24]))
    result = link(mine, records(*rows), LinkOptions(exact=("cii:lasting",)))
    assert result.report.nobodys["records"] == {"cii": 20}
    assert not linked(result)


@pytest.mark.long
def test_both_loops_and_shards_elsewhere_come_to_the_same(sides):
    def elsewhere(plan):
        again = plan_of(plan_tables(plan).__getitem__, threads=1)
        return [scored_of(scored_table(again.work(number))) for number in range(again.shards)]

    fast, slow = both_ways(lambda: link(*sides, BOTH))
    assert fast.links.equals(slow.links)
    assert fast.report.rules == slow.report.rules
    many = LinkOptions(exact=BOTH.exact, threads=1, shard_rows=7)
    assert link(*sides, many, run_shards=elsewhere).links.equals(fast.links)


def test_a_linkage_without_them_does_not_speak_of_them(sides):
    report = link(*sides).report
    assert "exact" not in json.dumps(report.parameters)
    assert not [rule for rule in report.rules if str(rule["name"]).startswith("exact")]
    assert [field.name for field in FIELDS][-1] == "exact"


def test_files_a_map_and_the_columns_own_names(tmp_path):
    rows = numbered_people(30)
    for name, id_name, mail in (("a", "cohort_id", "E-Mail"), ("b", "record_id", "mail_addr")):
        lines = [f"{i},{r['last_name']},{r['email']}" for i, r in enumerate(rows)]
        (tmp_path / f"{name}.csv").write_text("\n".join([f"{id_name},last_name,{mail}", *lines]))
    (tmp_path / "map.toml").write_text(
        '[cohort]\nemail = "E-Mail"\n[records]\nemail = "mail_addr"\n'
    )
    options = LinkOptions(exact=("email",))
    files = tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "l.parquet"
    columns = ColumnMap.read(tmp_path / "map.toml", options.own_columns)
    made = match_files(*files, columns=columns, options=options, explain=("3", "3"))
    assert made.report.linked_rows == 30
    assert made.ignored_columns == {"cohort": 0, "records": 0}
    line = made.explanation.fields[-1]
    assert (line.field, line.level) == ("email", "same, may change")
    assert line.cohort == line.record == rows[3]["email"]
    written = json.loads((tmp_path / "l.json").read_text())
    assert "exact: email" in written["parameters"]
    assert rows[3]["email"] not in (tmp_path / "l.json").read_text()


def test_errors(sides):
    for exact, word in (
        (("a", "b", "c", "d", "e"), "four"),
        (("a", "a:lasting"), "twice"),
        (("ssn",), "standard"),
    ):
        with pytest.raises(BadExact) as caught:
            LinkOptions(exact=exact)
        assert word in caught.value.facts["problem"]
    mine, theirs = sides
    with pytest.raises(ExactMissing) as caught:
        link(mine, theirs.drop_columns(["email"]), LinkOptions(exact=("cii", "email", "fbi")))
    assert caught.value.facts == {"missing": ("records: 2", "cohort: 3", "records: 3")}
