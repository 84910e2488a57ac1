"""What an approved application makes of a release: to whom its cohort is matched."""

from types import SimpleNamespace

import pytest

from approvals.application import example_application, parse_application
from approvals.application.system_terms import terms_of
from pipelines.release.approved import ApprovedRelease
from systems.description import Systems

TEXT = example_application("standard", kind="identified")
ROLE = 'max_rows = 80000\nlinked_role = "protected"\nlinked_role_need = "Who asks for orders."'


def approved(text, kind="identified"):
    order = SimpleNamespace(kind=kind, system="CARPOS", coarser=(), years=None, together={})
    policy = SimpleNamespace(exclusions_released=("safe_at_home",), person_role="respondent")
    form = parse_application(text.encode(), terms=terms_of)
    return ApprovedRelease(order, form, policy, Systems())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "roles", "anyway", "person"),
    [
        (TEXT, (), ("safe_at_home",), "restrained person"),
        (
            TEXT.replace("max_rows = 80000", ROLE),
            ("petitioner", "protected"),
            (),
            "protected person",
        ),
    ],
)
def test_protected_persons_are_matched_where_the_form_says_so(text, roles, anyway, person):
    release = approved(text)
    rows = release.system.rows("identified")
    assert (rows.person_roles, release.released_anyway) == (roles, anyway)
    assert release.system.record.person == person
    assert release.linked_role == ("protected" if roles else None)


def test_tables_and_other_rows_are_of_respondents_whatever_the_cohort_is_matched_to():
    release = approved(TEXT.replace("max_rows = 80000", ROLE), "deidentified")
    assert release.linked_role is None
    assert release.system.rows("deidentified").person_role == "respondent"
