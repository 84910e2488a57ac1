"""The report: both editions from one model, no network, nothing in it that must not be read."""

import html
import json
import re
import subprocess
import sys
from datetime import date
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from expectations.checks import Validation
from expectations.errors import ReportBroken
from expectations.report import render
from expectations.report.editions import masked, recipient_view
from expectations.report.items import check_items, check_lines, five_safes
from expectations.report.model import (
    Bar,
    Fact,
    Grid,
    HiddenMap,
    Interval,
    Item,
    Plot,
    ReportModel,
    RunFacts,
)
from expectations.validation import validate
from tests.examples import examples

SECRET = "DEPARTMENT-ONLY"


def model(validation=None, **changes):
    """A report with something of everything; what only the Department reads says so."""
    if validation is None:
        stored = {"suite": "identified", "passed": True, "rows": 9, "seconds": 1.0, "gx_version": "1", "checks": [
            {"id": "identified.x", "title": "X holds", "section": "§ 1", "basis": "law", "severity": "critical", "success": True,
             "element_count": 777_001, "unexpected_count": 0, "missing_count": 0}]}  # fmt: skip
        validation = Validation.from_json(stored)
    given = {
        "project_number": "2026-001",
        "project_title": "A study",
        "kind": "identified",
        "system_code": "CARPOS",
        "system_name": "California Restraining and Protective Order System",
        "first_year": 2016,
        "last_year": 2025,
        "scope": ("GV",),
        "approved_on": date(2026, 9, 1),
        "expires_on": date(2027, 9, 1),
        "safes": five_safes(
            "identified",
            project=[Item(text="Approved", section="§ 964(b)")],
            settings=[Item(text="No FIPS mode", status="warn", source="policy")],
            data=[*check_items(validation), Item(text=f"Risk {SECRET}", audience="department", status="info")],
        ),
        "checks": check_lines(validation),
        "facts": (Fact(label="Rows", value=5000), Fact(label="Matched", value=777_002, persons=True),
                  Fact(label=f"Pairs {SECRET}", value=777_003, audience="department")),
        "plots": (Plot(title="Rows", unit="rows", persons=True, additive=True, bars=(
                    Bar(label="matched", value=777_002), Bar(label="not", value=4000), Bar(label="not attempted", value=4))),
                  Plot(title=f"Rules {SECRET}", unit="pairs", audience="department", bars=(Bar(label="r1", value=3),))),
        "intervals": (Interval(label=f"Wrong links {SECRET}", value=0.777, low=0.1, high=1.0),),
        "grids": (Grid(title=f"Lost {SECRET}", heads=("Column", "cells"), rows=((SECRET, "7"),)),),
        "maps": (HiddenMap(title="2024", row_dim="county", column_dim="family", row_labels=("Alameda", "Alpine"),
                           column_labels=("DV", "GV"), cells=("p1", "20")),),
        "provenance": (Fact(label="Snapshot", value="CARPOS-1"), Fact(label=f"Cohort {SECRET}", value="hmac", audience="department")),
        "run": RunFacts(release_id="R-1", seconds=3.25),
    }  # fmt: skip
    return ReportModel(**(given | changes))


class Page(HTMLParser):
    """Headings, addresses and tags of a page, read by the standard parser."""

    def __init__(self, text):
        super().__init__()
        self.headings, self.addresses, self.tags, self.attributes = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        self.attributes += attrs
        self.addresses += [
            v for k, v in attrs if k in {"src", "href", "action", "data", "srcset", "poster"}
        ]


@pytest.mark.parametrize("edition", ["recipient", "department"])
def test_a_page_stands_alone(edition):
    page = render(model(), edition)
    read = Page(page)
    assert all(a.startswith("#") for a in read.addresses)
    assert not {"script", "link", "iframe", "img", "object", "embed", "form"} & set(read.tags)
    assert not [k for k, _ in read.attributes if k.startswith("on")]
    assert "url(" not in page
    assert "@import" not in page
    assert "http://" not in page
    assert "https://" not in page


@pytest.mark.parametrize("edition", ["recipient", "department"])
def test_a_page_can_be_read_without_seeing_it(edition):
    page = render(model(), edition)
    read = Page(page)
    assert '<html lang="en">' in page
    assert read.headings[0] == 1
    assert read.headings.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(read.headings, read.headings[1:], strict=False))
    assert read.tags.count("caption") == read.tags.count("table")
    assert page.count("<th ") == page.count('<th scope="')
    svgs = re.findall(r"<svg[^>]*>", page)
    assert all('aria-hidden="true"' in s or 'aria-label="' in s for s in svgs)
    ids = [v for k, v in read.attributes if k == "id"]
    assert len(ids) == len(set(ids))
    named = {v for k, v in read.attributes if k == "aria-labelledby"} | {
        a[1:] for a in read.addresses
    }
    assert named <= set(ids)


def test_the_recipient_reads_nothing_of_the_departments():
    page = render(model(), "recipient")
    told = json.dumps(recipient_view(model()).model_dump(mode="json"))
    for sink in (page, told):
        assert SECRET not in sink
        for number in ("777001", "777,001", "777003", "777,003", "0.777"):
            assert number not in sink
    assert "primary" not in page
    assert "Recipient" in page
    both = render(model(), "department")
    assert both.count(SECRET) == 8
    assert "1 primary, 1 secondary" in both


def test_small_counts_and_what_would_give_them_away_are_masked():
    shown = recipient_view(model())
    assert [b.value for b in shown.plots[0].bars] == [777_002, None, None]
    only = recipient_view(model(plots=(), facts=(Fact(label="Few", value=9, persons=True), Fact(label="Ten", value=10, persons=True),
                                                 Fact(label="None", value=0, persons=True), Fact(label="Years", value=3))))  # fmt: skip
    assert [f.value for f in only.facts] == [None, 10, 0, 3]
    page = render(model(), "recipient")
    assert page.count('<span class="masked">withheld</span>') == 2
    assert ">4<" not in page


def test_a_fact_that_says_what_a_plot_masks_is_masked_too():
    bars = (Bar(label="a", value=4), Bar(label="b", value=120))
    shown = recipient_view(model(plots=(Plot(title="P", unit="x", persons=True, additive=True, bars=bars),),
                                 facts=(Fact(label="b again", value=120, persons=True),)))  # fmt: skip
    assert [f.value for f in shown.facts] == [None]


@examples(200, derandomize=True)
@given(values=st.lists(st.integers(0, 60), min_size=1, max_size=8), below=st.integers(2, 20))
def test_masking_never_leaves_one_part_to_subtract(values, below):
    shown = masked(values, below, additive=True)
    assert all(v is None for v, told in zip(shown, values, strict=True) if 0 < told < below)
    assert all(v in (None, told) for v, told in zip(shown, values, strict=True))
    assert len(values) == 1 or shown.count(None) != 1
    if not any(0 < v < below for v in values):
        assert shown == values


def test_a_grid_has_a_cell_for_every_head_and_is_drawn_as_a_table():
    with pytest.raises(ValueError, match="one cell for every head"):
        Grid(title="Lost", heads=("Column", "cells"), rows=(("order_stage",),))
    rows = (("order_stage", "1,204"), ("order_brady", "<7>"))
    page = render(
        model(grids=(Grid(title="Lost", heads=("Column", "cells"), rows=rows),)), "department"
    )
    assert '<th scope="row">order_stage</th><td class="n">1,204</td>' in page
    assert "&lt;7&gt;" in page


def test_maps_have_one_marker_for_the_recipient():
    assert recipient_view(model()).maps[0].cells == ("ph", "h0")


@pytest.mark.long
def test_a_failed_check_decides_the_verdict(good, system, canary):
    case = good("identified")
    case.con.execute("UPDATE extract SET supplied_first_name = 'Zzyzxcanary' WHERE row_id = 'r1'")
    verdict = validate("identified", system, case.con, case.relation, case.context)
    failed = model(verdict)
    assert failed.verdict == "fail"
    for edition in ("recipient", "department"):
        page = render(failed, edition)
        assert "This release may not leave" in page
        assert "identified.supplied_first_name_equal" in page
        assert canary.lower() not in page.lower()
    assert "1 of 7 do not" in render(failed, "department")
    assert canary.lower() not in failed.as_json().lower()


def test_a_failure_that_only_the_department_reads_is_still_a_failure():
    safes = five_safes(
        "identified", people=[Item(text=SECRET, status="fail", audience="department")]
    )
    shown = recipient_view(model(safes=safes))
    assert shown.verdict == "fail"
    assert ReportModel.model_validate_json(shown.as_json()).verdict == "fail"
    page = render(shown, "recipient")
    assert "may not leave" in page
    assert SECRET not in page


def test_the_verdict_can_not_be_set_against_the_checks():
    assert model(verdict="fail").verdict == "pass"


def test_markup_in_a_text_stays_text():
    page = render(model(project_title="<script>alert(1)</script> & co"), "recipient")
    assert "<script" not in page
    assert html.escape("<script>alert(1)</script> & co", quote=False) in page


def test_only_the_marked_block_differs_between_runs():
    block = re.compile(r'<section id="run-facts".*?</section>', re.DOTALL)
    one = render(model(), "recipient")
    two = render(
        model(run=RunFacts(release_id="R-2", seconds=9, checkpoint="ab", ledger_events=3)),
        "recipient",
    )
    assert one != two
    assert block.sub("", one) == block.sub("", two)
    assert one == render(model(), "recipient")


def test_how_much_the_department_does_is_its_own():
    run = RunFacts(release_id="R-1", checkpoint="ab12", ledger_events=777_009)
    assert "777,009 events, root ab12" in render(model(run=run), "department")
    told = render(model(run=run), "recipient")
    assert "root ab12" in told
    assert "777,009" not in told
    assert recipient_view(model(run=run)).run.ledger_events is None


def test_the_departments_edition_is_not_made_from_the_recipients():
    with pytest.raises(ReportBroken):
        render(recipient_view(model()), "department")


def test_a_report_reads_again_and_a_broken_one_does_not():
    assert ReportModel.model_validate_json(model().as_json()) == model()
    broken = json.loads(model().as_json()) | {"surprise": 1}
    for text in (json.dumps(broken), "{}", "not json"):
        with pytest.raises(ValidationError):
            ReportModel.model_validate_json(text)


def test_the_published_schema_demands_what_a_report_is_made_of():
    schema = ReportModel.model_json_schema(mode="serialization")
    assert {"safes", "checks", "run"} <= set(schema["required"])


@pytest.mark.long
@pytest.mark.parametrize(
    "suite", ["identified", "deidentified", "aggregated", "intake", "links", "register"]
)
def test_every_suite_becomes_items(suite, kept):
    items = check_items(kept(suite))
    assert {i.status for i in items} == {"ok"}
    assert len(items) <= 24
    assert {i.audience for i in items} == {
        "department" if suite in {"links", "register"} else "both"
    }


@pytest.mark.long
def test_great_expectations_is_loaded_when_a_suite_runs():
    heavy = ["great_expectations", "pandas", "jinja2"]
    asked = "import sys\n" + "".join(
        f"import expectations.{surface}\nprint('{surface}', [m for m in {heavy} if m in sys.modules])\n"
        for surface in ("kinds", "suite", "validation", "report")
    )
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.split("\n") == ["kinds []", "suite []", "validation []", "report []", ""]
