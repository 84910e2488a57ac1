"""The Department's own placeholders and nicknames."""

import numpy as np
import pytest

from matching.comparison import FIELDS, NAMES, Comparer
from matching.errors import BadVocabulary
from matching.normalise import encode
from matching.options import LinkOptions
from matching.own_words import NO_WORDS, OwnWords
from matching.persons import resolve
from matching.scoring import Scorer, plan_of, plan_tables
from tests.two_tables import link
from tests.unit.matching.tables import cohort, linked, people, records

WORDS = OwnWords(("T.B.D.", "000-11-2222", "X0000001", "02/29/1904"), (("Chuyito", "Zacarías"),))


def first_level(words, mine="CHUYITO", theirs="Zacarias"):
    sides = cohort({"first_name": mine}), records({"first_name": theirs})
    zero = np.zeros(1, np.int32)
    levels = Comparer(encode(*sides, own_words=words)).levels(zero, zero)
    return FIELDS[0].levels[int(levels[NAMES.index("first")][0])]


@pytest.mark.parametrize(
    ("column", "value", "field", "missing"),
    [
        ("first_name", "tbd", "first", -1),
        ("last_name", "TBD", "last", -1),
        ("street", "TBD", "street", -1),
        ("driver_license", "x0000001", "licence", -1),
        ("ssn", "000112222", "ssn", -1),
        ("ssn", "000112222", "ssn4", -1),
        ("birth_date", "02/29/1904", "birth", 0),
        ("birth_date", "1904-02-29", "birth", 0),
    ],
)
def test_an_own_placeholder_is_missing_in_any_column(column, value, field, missing):
    rows = [{"last_name": "smith", column: value}, {"last_name": "smith", column: "AB 12-345 1950"}]
    own = encode(cohort(*rows), records(*rows), own_words=WORDS)
    assert getattr(own.records, field)[0] == missing
    assert own.unparsable["records"].get(column, 0) <= 1  # the other one where it is no number
    assert getattr(encode(cohort(*rows), records(*rows)).records, field)[0] != missing


def test_an_own_nickname_is_one_and_only_where_it_was_asked_for():
    assert first_level(WORDS) == "nickname"
    assert first_level(NO_WORDS) == "different"
    assert first_level(WORDS) == "nickname"


def test_what_was_asked_for_is_told_by_counts_and_a_digest():
    told = LinkOptions(words=WORDS).as_json()["words"]
    assert told == WORDS.as_json()
    assert (told["placeholders"], told["nicknames"]) == (4, 1)
    assert told["digest"] != NO_WORDS.as_json()["digest"]
    assert "chuyito" not in str(told).lower()


def test_a_shard_that_is_worked_elsewhere_knows_the_own_nicknames():
    rows = [row | {"first_name": "chuyito"} for row in people(20, 3)]
    given = cohort(*rows), records(*(row | {"first_name": "zacarias"} for row in rows))
    plans = []
    scorer = Scorer(encode(*given, own_words=WORDS), LinkOptions(words=WORDS))
    scorer.score(lambda plan: plans.append(plan) or [plan.work(n) for n in range(plan.shards)])
    again = plan_of(plan_tables(plans[0]).__getitem__).work(0)
    assert np.array_equal(again.log_odds, plans[0].work(0).log_odds)


def test_own_words_reach_a_linkage_its_explanation_and_a_register():
    bare = [
        {k: row[k] for k in ("first_name", "last_name", "birth_date", "ssn")}
        for row in people(40, 5)
    ]
    same = [row | {"ssn": "000112222"} for row in bare]
    found = link(cohort(*same), records(*same), LinkOptions(words=WORDS))
    assert linked(found) == {(f"c{i}", i) for i in range(1, 41)}
    assert found.words == WORDS
    index = resolve(records(*same), LinkOptions(words=WORDS))
    assert len(set(index["identity"].to_pylist())) == 40


def test_a_file_of_own_words(tmp_path):
    path = tmp_path / "words.toml"
    path.write_text('placeholders = ["TBD"]\nnicknames = [["Chuyito", "Jesus"]]\n')
    assert OwnWords.read(path) == OwnWords(("TBD",), (("Chuyito", "Jesus"),))
    path.write_text("")
    assert OwnWords.read(path) == NO_WORDS


@pytest.mark.parametrize(
    "text",
    [
        "placeholders = 3",
        "placeholders = [3]",
        "nicknames = ['Bob']",
        "nicknames = 'Bob'",
        "names = []",
        "[",
        "#" * (1 << 21),
    ],
)
def test_a_file_that_holds_something_else_is_refused(tmp_path, text):
    path = tmp_path / "words.toml"
    path.write_text(text)
    with pytest.raises(BadVocabulary):
        OwnWords.read(path)
