"""What was given to whom: accounting, the certificate, the letters, drafts, documents."""

import json
from datetime import date

import pytest
from approvals_home import (
    ENGINEER,
    KEY_LEAD,
    SECURITY,
    TODAY,
)
from release_cases import sealed

from approvals.custody.accounting import (
    destruction_facts,
    disclosures,
    individuals_known,
    name_of,
    recall_letter,
)
from approvals.deadlines.deadlines import drafts_of
from approvals.errors import DocumentsGone, EvidenceMissing, UnknownRelease
from approvals.letters.composing import compose
from approvals.project.store import check_pinned_documents, pinned_documents
from tests.examples import first_of


@pytest.fixture
def project(home):
    return home.approved()


@pytest.fixture
def given(home, project):
    """A release of which the lead was given a package, and the analyst not yet."""
    release = sealed(home, project)
    home.releases.hand_over(release, "lead", ENGINEER, TODAY, sums="5" * 64, by="portal")
    return release


def test_each_package_is_accounted_for_with_person_day_way_and_hashes(home, project, given):
    home.releases.receipt(given, "lead", ENGINEER, TODAY, code_shown=True)
    lead, analyst = disclosures(home.releases)
    form = home.projects.show(project.number).application
    assert lead["name"] == form.member("lead").name
    assert lead["handed_over"] == [{"on": "2026-11-23", "by": ENGINEER.id, "way": "portal"}]
    assert (lead["sha256sums"], lead["fingerprint"]) == ("5" * 64, KEY_LEAD)
    assert lead["hashes"] == ["6" * 64]
    assert (lead["individuals"], lead["received"]) == (7, "2026-11-23")
    assert lead["receipt_code_shown"]
    assert analyst["handed_over"] == []
    assert [r["member"] for r in disclosures(home.releases, member="analyst")] == ["analyst"]
    assert disclosures(home.releases, project.number) == [lead, analyst]
    json.dumps([lead, analyst])


def test_tables_go_to_the_person_who_is_named_for_them(tables):
    form = tables.application
    assert [name_of(form, r.id) for r in form.recipients] == [r.name for r in form.recipients]
    assert not name_of(form, "nobody")


ITEMS_OF_967A = {
    "title and project number": "1. Project title and number: ",
    "type of data": "2. Type of data: Identified Individual-Level Data from CARPOS",
    "researcher": "3. Bona Fide Researcher: ",
    "sanitised per NIST": "NIST Special Publication 800-88, Revision 1: [ ] yes",
    "date": "5. Date of destruction",
    "names of witnesses": "6. Name(s) of the witness(es)",
    "titles of witnesses": "7. Title(s) of the witness(es)",
    "acknowledgment": "8. I acknowledge that a failure to comply",
    "items destroyed": "9. Items destroyed (1 package,",
    "method": "10. Method of destruction",
}


@pytest.fixture
def certificate(home, project, given):
    state = home.projects.show(project.number)
    facts = destruction_facts(state, home.releases.list(project.number))
    return " ".join(compose("certificate", state, TODAY, **facts).text.split())


@pytest.mark.parametrize("line", first_of(ITEMS_OF_967A.values(), 2))
def test_the_certificate_has_its_ten_items(certificate, line):
    assert line in certificate


def test_the_certificate_is_prefilled_from_the_ledger(home, project, given, certificate):
    form = home.projects.show(project.number).application
    for known in (form.title, form.researcher.name, given, "5" * 64, "6" * 64, "2026-11-23"):
        assert known in certificate
    listed = certificate.partition("9. ")[2]
    assert form.member("lead").name in listed
    assert form.member("analyst").name not in listed  # who was handed nothing


def test_the_packages_know_how_many_individuals_a_breach_affects(home, project, given):
    second = sealed(home, project)
    releases = home.releases.list(project.number)
    assert individuals_known(releases) == 7  # the second was given to nobody
    assert individuals_known(releases, [given, second]) == 14  # an upper bound
    with pytest.raises(UnknownRelease):
        individuals_known(releases, ["2026-009-R001"])


def test_a_recall_names_what_it_is_about(home, project, given):
    state, release = home.projects.show(project.number), home.releases.show(given)
    text = recall_letter(state, release, release.packages["lead"], TODAY).text
    for known in (given, "5" * 64, "7 individuals", f"{given}.lead", "800-88"):
        assert known in text


def test_a_recall_stands_until_it_is_answered(home, project):
    facts = {"recall": "2026-001-R001.lead", "outcome": "destroyed"}
    with pytest.raises(EvidenceMissing):
        home.projects.event(project.number, "recall_answered", SECURITY, TODAY, facts)
    state = home.projects.show(project.number)
    sent = {"recall": "2026-001-R001.lead", "member": "lead", "letter": "a" * 64}
    home.projects.record(state, "recall_sent", SECURITY, sent, on=TODAY)
    home.projects.event(project.number, "recall_answered", SECURITY, TODAY, facts)


# ------------------------------------------------------------------ documents, drafts


def attach(home, project, kind, name, content, **facts):
    path = home.path / "scan.pdf"
    path.write_bytes(content)
    home.projects.event(project.number, kind, ENGINEER, TODAY, facts, {name: path})


def test_a_draft_waits_ten_business_days_and_is_held_by_an_identity_finding(home, project):
    attach(home, project, "draft_received", "draft", b"%PDF the draft")
    (draft,) = drafts_of(home.projects.entries(project.number))
    assert draft.received == TODAY
    assert draft.earliest == date(2026, 12, 9)  # Thanksgiving and the day after are no days
    assert draft.as_dict(date(2026, 12, 8))["may_be_published"] is False
    assert draft.as_dict(date(2026, 12, 9))["may_be_published"] is True
    found = {"draft": draft.digest, "finding": "identity"}
    home.projects.event(project.number, "draft_reviewed", ENGINEER, TODAY, found)
    (draft,) = drafts_of(home.projects.entries(project.number))
    assert draft.blocked
    assert draft.as_dict(date(2027, 1, 4))["may_be_published"] is False


def test_documents_rest_encrypted_and_a_changed_or_missing_one_is_found(home, project):
    attach(home, project, "draft_received", "draft", b"%PDF the draft of Maria Canary")
    held = check_pinned_documents(home.projects)
    assert held == check_pinned_documents(home.projects, project.number) > 1
    for path in (home.path / "projects").rglob("*"):
        assert path.is_dir() or b"Canary" not in path.read_bytes()
        assert path.is_dir() or b"%PDF" not in path.read_bytes()
    stored = _stored(home, project)[-1]
    kept = stored.read_bytes()
    for change, state in (
        (kept[:-1] + bytes([kept[-1] ^ 1]), "changed"),
        (kept[:-20], "changed"),
        (None, "missing"),
    ):
        stored.unlink() if change is None else stored.write_bytes(change)
        (found,) = [a for a in pinned_documents(home.projects) if a.state != "held"]
        assert (found.state, found.what) == (state, "draft_received.draft")
        with pytest.raises(DocumentsGone) as caught:
            check_pinned_documents(home.projects)
        assert caught.value.exit == 5
        assert caught.value.facts[state] == (found.event,)
    stored.write_bytes(kept)
    assert check_pinned_documents(home.projects) == held


def _stored(home, project):
    """The project's documents, oldest first."""
    folder = home.path / "projects" / project.number / "documents"
    return sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)


def test_another_document_in_its_place_is_found(home, project):
    attach(home, project, "draft_received", "draft", b"one")
    attach(home, project, "draft_received", "draft", b"two")
    one, two = _stored(home, project)[-2:]
    one.write_bytes(two.read_bytes())
    with pytest.raises(DocumentsGone):
        check_pinned_documents(home.projects)
