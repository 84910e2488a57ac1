"""`project example --system`: each system's application passes as it is printed, with its own papers."""

import datetime as dt
import re
import tomllib

import pytest

from approvals.application import parse_application
from approvals.application_example import example_for
from approvals.errors import ApplicationRefused
from approvals.held import terms_of
from systems import load_system, system_codes
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
        assert [v.name for v in application.variables] == list(system.rows(kind).column_names)


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
