"""An application is taken whole or refused with the complete list of what is wrong."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.application.checks import every_problem
from approvals.application.forms import AggregatedApplication, StandardApplication
from approvals.application.reading import (
    example_application,
    parse_application,
    read_application_file,
)
from approvals.application.system_terms import terms_of
from approvals.errors import ApplicationRefused, ApplicationUnreadable
from errors import CodedError
from tests.examples import examples

STANDARD, AGGREGATED = example_application("standard"), example_application("aggregated")


def problems(text: str) -> dict[str, str]:
    with pytest.raises(ApplicationRefused) as caught:
        parse_application(text.encode(), terms=terms_of)
    assert caught.value.exit == 6
    assert len(caught.value.problems) == len(str(caught.value).splitlines()) - 1
    return {p.path: p.section for p in caught.value.problems}


def test_the_examples_pass():
    standard = parse_application(STANDARD.encode(), terms=terms_of)
    aggregated = parse_application(AGGREGATED.encode(), terms=terms_of)
    assert isinstance(standard, StandardApplication)
    assert isinstance(aggregated, AggregatedApplication)
    assert standard.recipient_ids() == ("lead", "analyst")
    assert standard.requester_class == "bona_fide_researcher"


@pytest.mark.parametrize("kind", ["identified", "deidentified"])
def test_an_example_for_one_kind_names_its_usual_columns_and_lists_the_others(kind):
    from datetime import date

    text = example_application("standard", on=date(2028, 2, 29), kind=kind)
    form = parse_application(text.encode(), terms=terms_of)
    assert form.kinds == (kind,)
    known = terms_of("CARPOS")
    finer = set(known.coarser) if kind == "deidentified" else set()
    assert {v.name for v in form.variables} == set(known.usual[kind]) - finer
    assert len(finer & set(known.usual[kind])) == {"identified": 0, "deidentified": 5}[kind]
    [line] = [one for one in text.splitlines() if one.startswith("# More that may be named: ")]
    named = set(line.removeprefix("# More that may be named: ").rstrip(".").split(", "))
    assert named == set(known.columns[kind]) - set(known.usual[kind])
    assert (form.date_of_request, form.years.last) == (date(2028, 2, 29), 2027)


@pytest.mark.parametrize("limit", ["k = 5", "max_share_below = 0.1", "max_marketer = 1.0"])
def test_a_limit_of_the_projects_own_needs_its_reason(limit):
    text = example_application("standard")
    with pytest.raises(ApplicationRefused) as caught:
        parse_application(text.replace("local_suppression = true", limit).encode(), terms=terms_of)
    assert [p.path for p in caught.value.problems] == ["rows.reason"]
    reason = 'reason = "Restricted access in the institution enclave under a signed agreement."'
    form = parse_application(
        text.replace("local_suppression = true", f"{limit}\n{reason}").encode(), terms=terms_of
    )
    assert form.rows.has_limit


def test_without_a_scope_the_systems_default_stands():
    text = re.sub(r"order_scope = .*\n", "", AGGREGATED)
    form = parse_application(text.encode(), terms=terms_of)
    assert form.order_scope == ("GV",)
    assert form.dimensions == terms_of("CARPOS").default_dimensions


def replaced(old: str, new: str, text: str = STANDARD) -> str:
    assert old in text
    return text.replace(old, new, 1)


# one change to the passing example → the path that must be named, and its section
ONE_WRONG = {
    "a document without a title": (
        replaced('title = "Proposal"', ""), "documents[7].title", "§ 966(b)(12)"),
    "no documents": (STANDARD.partition("[[documents]]")[0], "documents", "§ 966(b)(12)"),
    "a document of nobody": (
        replaced('title = "Proposal"', 'title = "P"\nmember = "nobody"'),
        "documents[7].member", "966(b)(10)"),
    "unknown form": (replaced('form = "standard"', 'form = "other"'), "form", "§§ 965, 966"),
    "no title": (re.sub(r'title = "Firearm.*\n', "", STANDARD), "project.title", "§ 966(b)(8)"),
    "unknown system": (replaced('"CARPOS"', '"NOSUCH"'), "system", "§ 962"),
    "end before start": (replaced("2028-08-31", "2020-01-01"), "timeframe.end", "§ 964(b)"),
    "a consultant": (replaced('"employee" ', '"consultant" '), "researcher.member", "§ 962(a)"),
    "researcher not on the team": (
        replaced('member = "lead"', 'member = "nobody"'), "researcher.member", "§ 966(b)(10)"),
    "years reversed": (
        replaced("first = 2016, last = 2025", "first = 2025, last = 2016"), "years", "962(b)"),
    "identified without a cohort": (
        replaced("declared = true", "declared = false"), "cohort.declared", "§ 963(a)(3)(A)"),
    "a cohort without authority": (
        re.sub(r"authority = .*\n", "", STANDARD), "cohort.authority", "§ 963(a)(3)(B)"),
    "a cohort without size": (
        re.sub(r"max_rows = .*\n", "", STANDARD), "cohort.max_rows", "§ 963(a)(3)(A)"),
    "a cohort of nobody's role": (
        replaced("max_rows = 80000", 'max_rows = 80000\nlinked_role = "judge"\nlinked_role_need = "We study judges."'),
        "cohort.linked_role", "§ 963(a)(3)(A)"),
    "protected persons without a need": (
        replaced("max_rows = 80000", 'max_rows = 80000\nlinked_role = "protected"'),
        "cohort.linked_role_need", "§ 963(a)(3)(A)"),
    "an entity asks for individuals": (
        replaced('kind = "nonprofit_research_institution"', 'kind = "entity"'),
        "institution.kind", "§ 963(b)"),
    "a public agency asks for individuals": (
        replaced('kind = "nonprofit_research_institution"', 'kind = "public_agency"'),
        "institution.kind", "§ 963(b)"),
    "not exempt from tax": (
        replaced("tax_exempt = true", "tax_exempt = false"), "institution.tax_exempt", "962(k)"),
    "not accredited": (
        replaced('accredited_by = "us_department_of_education"', 'accredited_by = "none"'),
        "institution.accredited_by", "962(k)"),
    "no bona fide research": (
        replaced("scientific_methods = true", "scientific_methods = false"),
        "project.scientific_methods", "962(c)"),
    "no degree": (replaced('"doctorate"', '"bachelor"'), "researcher.degree", "962(d)"),
    "unknown order family": (replaced('["GV"]', '["XX"]'), "order_scope[1]", "963(a)"),
    "unknown column": (
        replaced('"order_county"', '"respondent_name"'), "variables[5].name", "966(b)(12)(A)(ii)"),
    "a column without a need": (
        replaced('need = "Only', 'reason = "Only'), "variables[1].need", "966(b)(12)(A)(ii)"),
    "two members of one id": (replaced('id = "analyst"', 'id = "lead"'), "team", "966(b)(10)"),
    "nobody receives": (STANDARD.replace("recipient = true", "recipient = false"), "team", "962(r)"),
    "an id that is a name": (replaced('id = "analyst"', 'id = "Alex E."'), "team[2].id", "962"),
    "another security policy": (
        replaced("Policy 5.9", "Policy 4.0"), "security.policy_version", "966(b)(12)(D)"),
    "a version of which 5.9 is a part": (
        replaced("Policy 5.9", "Policy 4.5.9"), "security.policy_version", "966(b)(12)(D)"),
    "an earlier version beside it": (
        replaced("Policy 5.9", "Policy 5.8, not 5.9"), "security.policy_version", "966(b)(12)(D)"),
    "a version without figures": (
        replaced("Policy 5.9 (1 June 2020)", "Policy, newest"), "security.policy_version", "966(b)(12)(D)"),
    "forty years": (replaced("2028-08-31", "2066-08-31"), "timeframe.reason", "§ 964(b)"),
    "ten years and a day": (replaced("2028-08-31", "2036-09-01"), "timeframe.reason", "§ 964(b)"),
    "no purpose": (re.sub(r"serves = .*\n", "", STANDARD), "project.serves", "(A)(ii)"),
    "a purpose that the law does not know": (
        replaced('"violence_prevention"', '"marketing"'), "project.serves", "(A)(ii)"),
    "no word of materials": (
        re.sub(r"(?ms)^\[materials\]\n.*?(?=^# ---)", "", STANDARD), "materials", "(12)(E)"),
    "materials that are not listed": (
        replaced('kind = "research_materials"', 'kind = "other_paper"'), "documents", "(12)(E)"),
    "materials that there are none of": (
        replaced("proposals = true", "proposals = false"), "materials", "(12)(E)"),
    "a cloud without audit": (
        replaced("cloud = false", "cloud = true"), "security.cloud_assurance", "(D)(iii)"),
    "not segmented": (
        replaced("segmented_system = true", "segmented_system = false"),
        "security.segmented_system", "964(k)"),
    "signed later": (
        replaced("application_signed = 2026-09-01", "application_signed = 2026-10-01"),
        "signatures.application_signed", "966(b)(11)"),
    "a document not listed": (
        replaced('cv = "doc-cv"', 'cv = "doc-none"'), "team[1].cv", "966(b)(12)(B)"),
    "a document of another kind": (
        replaced('cv = "doc-cv"', 'cv = "doc-irb"'), "team[1].cv", "966(b)(12)(B)"),
    "no curriculum vitae": (
        replaced('kind = "curriculum_vitae"', 'kind = "other_paper"'), "documents", "966(b)(12)"),
    "board's approval ends before it began": (
        replaced("expires = 2027-12-31", "expires = 2025-12-31"), "irb.expires", "(F)"),
    "modified without a number": (
        replaced('request = "new" ', 'request = "modified" '), "modifies", "966(b)(1)"),
    "new with a number": (replaced("# modifies =", "modifies ="), "modifies", "966(b)(1)"),
    "a grant without a name": (
        re.sub(r'name = "National.*\n', "", STANDARD), "project.funding.name", "(A)(iv)"),
    "a date in quotes": (
        replaced("start = 2026-09-01", 'start = "2026-09-01"'), "timeframe.start", "964(b)"),
    "a unfinished year": (
        replaced("last = 2025", "last = 2026", AGGREGATED), "years.last", "965(b)"),
    "aggregated form, other kind": (
        replaced('["aggregated"]', '["identified"]', AGGREGATED), "kinds[1]", "965"),
    "aggregated, unknown dimension": (
        replaced('# dimensions = ["year", "county", "sex"]', 'dimensions = ["shoe"]', AGGREGATED),
        "dimensions[1]", "962(b)"),
    "aggregated, no recipient": (
        AGGREGATED.partition("[[recipients]]")[0], "recipients", "965"),
    "aggregated, no years": (re.sub(r"years = .*\n", "", AGGREGATED), "years", "965"),
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        *(replaced("Policy 5.9 (1 June 2020)", f"Policy {v}") for v in ("v5.9.2", "5.10", "Version 6.0")),
        replaced("2028-08-31", "2036-08-31"),
        replaced("end = 2028-08-31", 'end = 2066-08-31, reason = "Children are followed until they are forty."'),
    ],
)  # fmt: skip
def test_a_later_policy_and_a_long_timeframe_with_its_reason_are_taken(text):
    assert parse_application(text.encode(), terms=terms_of).form == "standard"


def test_how_long_a_timeframe_may_be_is_a_setting():
    terms = replace(terms_of("CARPOS"), timeframe_years=1)
    with pytest.raises(ApplicationRefused) as caught:
        parse_application(STANDARD.encode(), terms=lambda _: terms)
    assert [p.path for p in caught.value.problems] == ["timeframe.reason"]


@pytest.mark.parametrize(("text", "path", "section"), ONE_WRONG.values(), ids=ONE_WRONG.keys())
def test_one_wrong_thing_is_named_with_its_section(text, path, section):
    found = problems(text)
    assert section.removeprefix("§ ").strip("§ ") in found[path]


def test_everything_wrong_is_named_at_once():
    """A missing field hides neither a wrong date nor the consultant nor the unknown system."""
    text = STANDARD
    for old, new in (
        ('degree = "doctorate"', ""),
        ("2028-08-31", "2020-01-01"),
        ('"employee" ', '"consultant" '),
        ('"CARPOS"', '"NOSUCH"'),
        ("cloud = false", "cloud = true"),
        ("it = false", "it = 0"),
        ('title = "Proposal"', ""),
    ):
        text = replaced(old, new, text)
    assert set(problems(text)) == {
        "researcher.degree", "timeframe.end", "researcher.member", "system",
        "security.cloud_assurance", "team[1].it",
        "documents[7].title",
        "documents",  # the audit of the cloud
    }  # fmt: skip


def test_an_empty_form_lists_every_part():
    found = problems('form = "standard"')
    required = {n for n, f in StandardApplication.model_fields.items() if f.is_required()}
    assert set(found) >= required - {"form"}


def test_an_unknown_field_is_not_quoted_but_a_near_one_is_offered():
    with pytest.raises(ApplicationRefused) as caught:
        parse_application(
            replaced("degree_field =", "dgree_field =")
            .replace("[signatures]", '[signatures]\n"Maria Canary" = 1', 1)
            .encode(),
            terms=terms_of,
        )
    text = str(caught.value)
    assert "did you mean degree_field?" in text
    assert "signatures [" in text
    assert "Canary" not in text


@pytest.mark.parametrize("value", ['"Maria Canary"', "4242.5", "[1, 2]", "{ a = 1 }", "true"])
@pytest.mark.parametrize("field", ["date_of_request", "system", "kinds", "years", "team", "irb"])
def test_no_value_is_echoed(field, value):
    text = re.sub(rf"(?m)^{field} = .*\n", "", STANDARD)
    text = re.sub(rf"(?ms)^\[+{field}\]+\n.*?(?=^\[|^# ---)", "", text)
    text = f"{field} = {value}\n{text}"
    with pytest.raises(CodedError) as caught:
        parse_application(text.encode(), terms=terms_of)
    assert "Canary" not in str(caught.value)
    assert "4242" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"[[", b"a = 1\na = 2", b"[" * 3000],
    ids=["empty", "not UTF-8", "no TOML", "twice", "deep"],
)
def test_what_is_no_application_is_refused(tmp_path, content):
    path = tmp_path / "x.toml"
    path.write_bytes(content)
    with pytest.raises((ApplicationUnreadable, ApplicationRefused)):
        parse_application(read_application_file(path), terms=terms_of)


def test_no_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(ApplicationUnreadable) as caught:
            parse_application(read_application_file(path), terms=terms_of)
        assert str(tmp_path) not in str(caught.value)


LINES = STANDARD.splitlines()


@examples(60)
@given(st.data())
def test_whatever_is_cut_out_only_coded_errors_come(data):
    """Any lines removed or turned into another value: refused in words, or still complete."""
    cut = data.draw(st.sets(st.integers(0, len(LINES) - 1), max_size=12))
    new = data.draw(st.sampled_from(["", '= "Canary"', "= 7", "= []", "= {}"]))
    lines = [
        line if n not in cut else (line.partition("=")[0] + new if "=" in line and new else "")
        for n, line in enumerate(LINES)
    ]
    try:
        form = parse_application("\n".join(lines).encode(), terms=terms_of)
    except CodedError as error:
        said = str(error)
    else:
        said = ""
        assert every_problem(form, terms_of("CARPOS")) == ()
    assert "Canary" not in said
    assert "Hole" not in said
