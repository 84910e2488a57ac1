"""Each sentence of the report that is no single check's is held against data where it is false."""

import re
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "approvals"))

from approvals_home import TODAY, make_home
from gate_cases import YESTERDAY, ask, on_member, on_part, unchecked, without

from approvals.application.example import example_for
from approvals.gate import RULES
from crypto.resting import is_encrypted, write_staged
from crypto.secret import StagingKey
from expectations.checks import CheckResult, Validation
from pipelines.release.reporting import by_kind, items

FACTS = dict.fromkeys(("noun", "project", "until", "kind", "system", "first", "last", "scope", "families", "recipients", "members", "below", "reach", "columns", "sentence", "kept", "person"), "2") | {"section": "§ 1", "source": "law", "status": "ok"}  # fmt: skip

# What is false of the project, or of what is asked of it, and then not said of it.
FALSE = {
    "in_force": (on_part("timeframe", end=YESTERDAY), {}),
    "kind": (lambda state: state, {"kind": "aggregated"}),
    "years": (lambda state: state, {"years": (2015, 2020)}),
    "scope": (lambda state: state, {"order_scope": ("GV", "DV")}),
    "cohort": (lambda s: replace(s, cohorts=tuple(replace(c, confirmed_by=None) for c in s.cohorts)), {}),
    "authority": (on_part("cohort", authority=None), {}),
    "board": (on_part("irb", expires=YESTERDAY), {}),
    "recipients": (lambda state: replace(state, recipients=()), {}),
    "training": (on_member(1, training=None), {}),
    "checks": (unchecked("analyst"), {}),
    "verified": (lambda state: replace(state, verified={}), {}),
    "secured": (on_part("security", segmented_system=False), {}),
}  # fmt: skip
# Said of what their caller sees: each has a test of its own below.
SEEN = {"synthetic", "sealed", "at_rest", "emptied", "none_emptied", "limit", "alike", "withheld"}


def check(name, *, success=True, elements=5, missing=0):
    return CheckResult(name, "T", "", "law", "critical", success, elements, 0 if success else 1, missing)  # fmt: skip


def verdict(*checks):
    suite = checks[0].id.partition(".")[0] if checks else "identified"
    return Validation(suite, checks, all(c.success for c in checks), 5, 0.0, "1")


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    return make_home(tmp_path_factory.mktemp("home")).approved()


def test_every_sentence_has_a_proof_or_is_seen_by_its_caller():
    gate = {name for name, one in items._ITEMS.items() if "gate" in one}
    checks = {name for name, one in items._ITEMS.items() if "checks" in one}
    assert gate == FALSE.keys() | {"notary"}
    assert not gate & checks
    assert items._ITEMS.keys() == gate | checks | SEEN
    asked = {n for name in gate for n in items._ITEMS[name]["gate"].split()}
    assert asked <= {rule.check.__name__ for rule in RULES}


@pytest.mark.parametrize("name", FALSE)
def test_what_the_gate_finds_against_it_is_not_said(name, state):
    change, more = FALSE[name]
    (held,) = items.granted(name, state, ask(), **FACTS)
    assert held.status == items._ITEMS[name].get("status", "ok")
    (refuted,) = items.granted(name, change(state), ask(**more), **FACTS)
    assert refuted.status == "fail"
    assert refuted.text == f"Not so: {held.text[0].lower()}{held.text[1:]}"
    assert refuted.detail


def test_what_another_rule_finds_is_not_its_matter(state):
    change, more = FALSE["training"]
    (told,) = items.granted("years", change(state), ask(**more), **FACTS)
    assert told.status == "ok"
    assert items.granted("training", state, ask("aggregated"), **FACTS) == ()


@pytest.mark.long
def test_an_identity_that_was_not_verified_is_not_said(tmp_path):
    text = example_for("CURES", "standard", on=TODAY, kind="deidentified")
    state = make_home(tmp_path).approved("standard", lambda _: text)
    asked = ask("deidentified", system="CURES")
    (held,) = items.granted("notary", state, asked)
    (refuted,) = items.granted("notary", replace(state, identities={}), asked)
    (other,) = items.granted("notary", without("conditions_acknowledged")(state), asked)
    assert (held.status, refuted.status, other.status) == ("ok", "fail", "ok")


@pytest.mark.parametrize("name", [n for n, one in items._ITEMS.items() if "checks" in one])
def test_what_its_checks_refute_is_not_said(name):
    proof = re.compile(items._ITEMS[name]["checks"])
    ids = [c for c in KNOWN if proof.search(c)]
    assert ids
    for broken in ids:
        results = [check(c, success=c != broken) for c in ids]
        told = items.proven(name, verdict(*results), **FACTS)
        assert (told.status, told.text[:8]) == ("fail", "Not so: ")
    assert items.proven(name, verdict(*map(check, ids)), **FACTS).status == "ok"
    nothing = [check(c, missing=5) for c in ids]
    assert items.proven(name, verdict(*nothing), **FACTS).status == "none"
    assert items.proven(name, verdict(check("identified.other")), **FACTS).status == "none"


# Ids that the suites have (tests/unit/expectations/test_sentences.py walks them).
KNOWN = (
    "identified.columns_exact", "identified.no_register_identifier", "identified.supplied_ssn_equal",
    "deidentified.no_ssn", "deidentified.no_email", "deidentified.no_long_numbers",
    "aggregated.threshold_on_persons", "aggregated.exact_threshold", "aggregated.county_alone",
    "aggregated.values_near", "aggregated.nothing_falls", "links.in_linked_role",
)  # fmt: skip


def outputs(cells=None, below=0, *, within=True, diversity=None, taken=True):
    extract = {
        "within_limit": within, "limit": {"k": 10}, "risk": {"l_diversity": diversity or {"a": 3}},
        "suppressed": {"cells": cells or {}} if taken else None,
        "withheld": {"by_policy": 20, "as_rare": None},
    }  # fmt: skip
    found = by_kind._outputs(extract, 1000, below, "orders", verdict(check("deidentified.no_ssn")))
    return {one.text: one for one in found}


def test_emptied_is_said_where_something_was():
    some, none, off = outputs({"a": 4}), outputs({"a": 0}), outputs(taken=False)
    emptied, not_emptied = items.item("emptied").text, items.item("none_emptied").text
    assert emptied in some
    assert not_emptied not in some
    assert not_emptied in none
    assert emptied not in none
    assert not {emptied, not_emptied} & off.keys()


def test_a_limit_that_is_exceeded_is_a_warning():
    kept = "Everybody is one of 10 persons or more who share all quasi-identifiers and the whole history; the limit of this project is kept"
    assert outputs()[kept].status == "ok"
    exceeded = outputs(below=4, within=False)
    assert kept not in exceeded
    (told,) = (one for text, one in exceeded.items() if "the limit" in text)
    assert told.status == "warn"
    assert told.text.startswith("0.4 % of the persons share them with fewer than 9 others")


def test_what_stays_out_is_said_by_its_reason_and_a_small_count_is_none():
    assert (
        "Stay out: orders by policy, about 20; rows of persons who are too rare, too few to be counted, or none"
        in outputs()
    )


def test_a_group_in_which_everybody_has_one_value_is_a_warning():
    assert not any("same" in text for text in outputs())
    (told,) = (
        one for text, one in outputs(diversity={"a": 1, "b": 2}).items() if "same a:" in text
    )
    assert (told.status, told.audience) == ("warn", "department")


def test_a_plain_file_is_not_said_to_be_encrypted(tmp_path):
    table = pa.table({"a": [1]})
    pq.write_table(table, tmp_path / "plain.parquet")
    write_staged(table, tmp_path / "staged.parquet", StagingKey("k", bytes(32)))
    (tmp_path / "empty").touch()
    assert [is_encrypted(tmp_path / n) for n in ("plain.parquet", "staged.parquet", "empty")] == [
        False, True, False,
    ]  # fmt: skip
    assert items.item("at_rest", status="fail").status == "fail"


def test_what_is_done_later_is_no_verdict():
    assert items.item("sealed", section="").status == "info"


def test_a_real_register_is_not_said_to_be_made_up(state):
    from pipelines.release.reporting import report

    def told(*, synthetic):
        record = SimpleNamespace(noun="order", scope="Families")
        order = SimpleNamespace(project="P", kind="identified", system="CARPOS")
        context = SimpleNamespace(
            project=state, approved=SimpleNamespace(order=order, system=SimpleNamespace(record=record), years=(2016, 2020), scope=("GV",), linked_role=None),
            snapshot=SimpleNamespace(info=SimpleNamespace(synthetic=synthetic)))  # fmt: skip
        return [one.text for one in report._project(context, ask())]

    assert any("made up" in text for text in told(synthetic=True))
    assert not any("made up" in text for text in told(synthetic=False))
