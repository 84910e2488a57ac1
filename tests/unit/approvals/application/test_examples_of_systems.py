"""`project example --system`: each system's application passes as it is printed, with its own papers."""

import datetime as dt
import re
import tomllib

import pytest

from approvals.application.example import example_for
from approvals.application.reading import parse_application
from approvals.application.system_terms import terms_of
from approvals.errors import ApplicationRefused
from systems.description.loading import load_system, system_codes
from systems.errors import KindNotGiven, UnknownSystem

ON = dt.date(2026, 11, 26)


@pytest.mark.parametrize("form", ["standard", "aggregated"])
@pytest.mark.parametrize("code", system_codes())
def test_what_is_printed_passes(code, form):
    application = parse_application(example_for(code, form, on=ON).encode(), terms=terms_of)
    assert application.system == code
    assert application.order_scope == load_system(code).order_scope_default
    assert application.years.last == ON.year - 1


@pytest.mark.parametrize("code", sorted(set(system_codes()) - {"CARPOS"}))
def test_one_kind_alone_names_every_column_of_it(code):
    system = load_system(code)
    for kind in set(system.given_kinds) - {"aggregated", *system.held_kinds}:
        text = example_for(code, "standard", on=ON, kind=kind)
        application = parse_application(text.encode(), terms=terms_of)
        assert application.kinds == (kind,)
        assert [v.name for v in application.variables] == list(system.rows(kind).variables)


def test_the_example_of_carpos_asks_for_one_coarseness_of_each_field():
    system = load_system("CARPOS")
    for kind in ("identified", "deidentified"):
        text = example_for("CARPOS", "standard", on=ON, kind=kind)
        named = [v.name for v in parse_application(text.encode(), terms=terms_of).variables]
        assert named
        assert set(named) <= set(system.rows(kind).column_names)


def test_a_held_kind_is_refused_with_what_counsel_must_say():
    text = example_for("CURES", "standard", on=ON, kind="identified")
    with pytest.raises(ApplicationRefused, match="Counsel must say"):
        parse_application(text.encode(), terms=terms_of)


def test_held_kinds_are_not_asked_for_unless_named():
    assert tomllib.loads(example_for("CURES", "standard"))["kinds"] == ["deidentified"]


PAPERS = {
    # system: review board, training, background check, notary, how many CVs
    "ACHS": (True, True, True, False, 1),
    "JCPSS": (True, True, True, False, 1),
    "CURES": (True, True, False, True, 1),
    "RIPA": (False, False, False, True, 2),
}


@pytest.mark.parametrize("code", PAPERS)
def test_papers_are_those_of_the_process_page(code):
    asked = tomllib.loads(example_for(code, "standard"))
    documents = [d["kind"] for d in asked["documents"]]
    team = asked["team"]
    assert (
        "irb" in asked,
        all("training" in member for member in team),
        all("background_check" in member for member in team),
        "notary_verification" in documents,
        sum("cv" in member for member in team),
    ) == PAPERS[code]


@pytest.mark.parametrize("form", ["standard", "aggregated"])
@pytest.mark.parametrize("code", PAPERS)
def test_no_section_of_the_regulation_of_carpos_is_cited(code, form):
    text = example_for(code, form)
    assert not re.search(r"§§? 96\d", text)
    assert "order_" not in text.replace("order_scope", "")
    assert "restraining" not in text


def test_a_kind_that_a_system_does_not_give_and_a_system_that_is_none():
    with pytest.raises(KindNotGiven):
        example_for("RIPA", "standard", kind="identified")
    with pytest.raises(UnknownSystem):
        example_for("NOPE", "standard")


# ------------------------------------------------------------------ the parts that only some ask for

FIELDS = {
    "degree": ("researcher.degree", {"CARPOS", "CURES"}),
    "experience": ("researcher.experience", {"CARPOS", "CURES"}),
    "tax_exempt": ("institution.tax_exempt", {"CARPOS"}),
    "accredited_by": ("institution.accredited_by", {"CARPOS"}),
    "scientific_methods": ("project.scientific_methods", {"CARPOS", "ACHS", "JCPSS", "CURES"}),
    "segmented_system": ("security", {"CARPOS", "RIPA"}),
    "questionnaires": ("materials", {"CARPOS"}),
}


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("code", system_codes())
def test_each_system_asks_for_its_own_parts_of_the_form(code, field):
    """What a system asks for must be there; what it does not know is not in its example."""
    path, asked_by = FIELDS[field]
    text = example_for(code, "standard", on=ON)
    assert (f"\n{field} = " in text) is (code in asked_by)
    table = rf"(?ms)^\[{path}\]\n.*?(?=^# --- )"
    cut = re.sub(table if path in ("security", "materials") else rf"(?m)^{field} = .*\n", "", text)
    if code not in asked_by:
        assert parse_application(cut.encode(), terms=terms_of).system == code
        return
    with pytest.raises(ApplicationRefused) as caught:
        parse_application(cut.encode(), terms=terms_of)
    (problem,) = caught.value.problems
    assert (problem.path, problem.what) == (path, "is missing")
    assert problem.section.startswith("§") is (code == "CARPOS")


@pytest.mark.parametrize("code", system_codes())
def test_an_application_names_a_purpose_where_the_law_names_some(code):
    known = terms_of(code).purposes
    text = re.sub(r"(?m)^serves = .*\n", "", example_for(code, "standard", on=ON))
    if not known:
        assert parse_application(text.encode(), terms=terms_of).project.serves == ()
        return
    with pytest.raises(ApplicationRefused) as caught:
        parse_application(text.encode(), terms=terms_of)
    (problem,) = caught.value.problems
    assert problem.path == "project.serves"
    assert problem.section == ("§ 966(b)(12)(A)(ii)" if code == "CARPOS" else known[0].section)


def denying(code):
    """The example of a system, whose institution is not exempt from taxes."""
    text = re.sub(r"(?m)^tax_exempt = .*\n", "", example_for(code, "standard", on=ON))
    return text.replace("[institution]\n", "[institution]\ntax_exempt = false\n", 1).encode()


def test_a_quality_that_does_not_hold_is_judged_only_where_it_is_asked_for():
    assert parse_application(denying("ACHS"), terms=terms_of).institution.tax_exempt is False
    with pytest.raises(ApplicationRefused) as caught:
        parse_application(denying("CARPOS"), terms=terms_of)
    assert [p.path for p in caught.value.problems] == ["institution.tax_exempt"]


def test_what_is_wrong_elsewhere_is_cited_from_the_systems_own_law():
    text = example_for("RIPA", "standard", on=ON).replace("end = 2028", "end = 2020", 1)
    text = re.sub(
        r"timeframe = \{[^}]*\}", "timeframe = { start = 2026-09-01, end = 2020-08-31 }", text
    )
    text = text.replace('kind = "conditions_acknowledged"', 'kind = "something_else"')
    with pytest.raises(ApplicationRefused) as caught:
        parse_application(text.encode(), terms=terms_of)
    assert {(p.path, p.section) for p in caught.value.problems} == {
        ("timeframe.end", "policy"),
        ("documents", "Data Request Process page"),
    }
