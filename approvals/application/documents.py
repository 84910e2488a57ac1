"""The documents of an application: each that is named is listed, each that is needed is there."""

from collections.abc import Iterator
from typing import cast

from approvals.application.forms import StandardApplication
from approvals.application.parts import Problem
from approvals.system_terms import SystemTerms


def check_documents(form: StandardApplication, terms: SystemTerms) -> Iterator[Problem]:
    """Every document that is named is listed, and every document that is needed is there."""
    if not isinstance(cast("object", form.documents), tuple):  # a hole: said already
        return
    listed = {d.id: d.kind for d in form.documents}
    if len(listed) != len(form.documents):
        yield Problem("documents", "§ 966(b)(12)", "an id stands twice")
    for path, section, reference, kind in _references(form):
        if not isinstance(reference, str):  # a hole: said already
            continue
        if reference not in listed:
            yield Problem(path, section, "names no document of the list")
        elif listed[reference] != kind:
            yield Problem(path, section, f"names a document of another kind than {kind}")
    needed = frozenset[str]().union(*(terms.documents.get(k, frozenset()) for k in form.kinds))
    needed -= {r.name for r in terms.requirements if r.per == "member"}
    for number, document in enumerate(form.documents, start=1):
        if isinstance(document.member, str) and form.member(document.member) is None:
            yield Problem(f"documents[{number}].member", "§ 966(b)(10)", "names nobody of the team")
    if form.security is not None and form.security.cloud is True:
        needed |= {"cloud_audit"}
    sections = {r.name: r.section for r in terms.requirements}
    for kind in sorted(needed - _LATER - set(listed.values())):
        section = sections.get(kind, "§ 966(b)(12)")
        yield Problem("documents", section, f"none of kind {kind}")


_TRAINING = "human_subjects_training"
# The outline is the form's own [project]. The others, and whatever a system asks of every member, may
# come after the submission: the gate asks for them on the day of the release.
_LATER = frozenset(
    {"project_outline", "irb_approval", _TRAINING, "background_check", "notary_verification"}
)


def _references(form: StandardApplication) -> Iterator[tuple[str, str, object, str]]:
    yield "institution.evidence", "§ 962(k)", form.institution.evidence, "institution_evidence"
    if form.security is not None:
        signed = form.security.document
        yield "security.document", "§ 966(b)(12)(D)", signed, "security_requirements"
    if form.signatures.affiliation_letter:
        letter = form.signatures.affiliation_letter
        yield "signatures.affiliation_letter", "§ 966(d)", letter, "affiliation_letter"
    if form.cohort.authority_document:
        document = form.cohort.authority_document
        yield "cohort.authority_document", "§ 963(a)(3)(B)", document, "cohort_authority"
    if form.irb:
        yield "irb.approval", "§ 966(b)(12)(F)", form.irb.approval, "irb_approval"
    for number, member in enumerate(form.team, start=1):
        if member.training:
            certificate = member.training.certificate
            yield (
                f"team[{number}].training.certificate",
                "§ 966(d)",
                certificate,
                "human_subjects_training",
            )
        if member.cv:
            yield f"team[{number}].cv", "§ 966(b)(12)(B)", member.cv, "curriculum_vitae"
