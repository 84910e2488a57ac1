"""What the gate asks of the papers: the cohort and its authority, the review board, signatures.

Which papers there must be is the data system's own description; what each must show is here.
"""

from collections.abc import Iterator

from approvals.application import StandardApplication
from approvals.errors import Reason
from approvals.gate.model import INDIVIDUAL, ReleaseRequest, Rule, reason
from approvals.project import ProjectState, roles_for
from systems.description import Document

# Requirements with a row of their own; every other is a document that must be there.
_OWN = frozenset(
    {"project_outline", "irb_approval", "human_subjects_training", "background_check",
     "background_check_page", "cohort_authority", "checks_verified", "notary_verification"}
)  # fmt: skip
# Documents of CARPOS's regulation → the rule; other systems' go by system and name.
_RULES = {
    "curriculum_vitae": "C-49", "conditions_acknowledged": "C-47", "security_requirements": "C-50",
    "cloud_audit": "C-51", "research_materials": "C-52",
}  # fmt: skip


def check_cohort(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """Identified data only for the cohort that was declared, registered and confirmed."""
    form = state.standard_application
    if not form.cohort.declared:
        yield reason("no_cohort_declared")
    role = form.cohort.linked_role
    if role is not None and (state.terms is None or role not in state.terms.linked_roles):
        yield reason("linked_role_unknown")
    if request.stage == "run" or request.cohort_digest is not None:
        yield from _check_registered(state, form, request)


def check_authority(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """The right to hold the cohort was shown and has not ended (§ 963(a)(3)(B))."""
    form = state.standard_application
    cohort = form.cohort
    if cohort.authority is None or cohort.authority_document is None:
        yield reason("no_authority")
    if cohort.authority_expires is not None and cohort.authority_expires < request.on:
        yield reason("authority_ended", until=cohort.authority_expires)


def _check_registered(
    state: ProjectState, form: StandardApplication, request: ReleaseRequest
) -> Iterator[Reason]:
    maximum = form.cohort.max_rows
    cohort = state.cohort(request.cohort_digest) if request.cohort_digest else None
    if request.cohort_digest is None:
        yield reason("no_cohort_given")
    elif cohort is None:
        yield reason("cohort_unknown")
    elif cohort.superseded:
        yield reason("cohort_superseded")
    elif cohort.confirmed_by is None:
        roles = " or ".join(sorted(roles_for("cohort_confirmed")))
        yield reason("cohort_not_confirmed", roles=roles, number=state.number)
    rows = max(request.cohort_rows or 0, cohort.rows if cohort else 0)
    if maximum is None or rows > maximum:
        yield reason("cohort_too_large", rows=rows, allowed=maximum or "none")


def check_irb(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """The review board's approval is there and in force (§ 966(b)(12)(F), (c))."""
    form = state.standard_application
    until = state.irb_until()
    if until is None:
        yield reason("no_board")
    elif until < request.on:
        yield reason("board_ended", until=until)
    board = form.irb
    if board and board.body.startswith("committee") and not board.data_security_determined:
        yield reason("no_determination")


def check_papers(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """Institution, signatures and security requirements hold on the day (§§ 962(k), 966(b))."""
    form = state.standard_application
    expires = form.institution.evidence_expires
    if expires is not None and expires < request.on:
        yield reason("institution_ended", until=expires)
    signed = form.signatures
    if max(signed.application_signed, signed.restrictions_acknowledged) > request.on:
        yield reason("no_signature")
    if state.terms is not None and "security" not in state.terms.asked:
        return
    security = form.security
    if security is None or not (security.complies_with_listed_laws and security.segmented_system):
        yield reason("not_secured")
    if security is not None and security.cloud and security.cloud_assurance is None:
        yield reason("cloud_not_audited")


def check_documents(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """Every document that the system asks for is there and in force, of each member where it says."""
    form, terms = state.standard_application, state.terms
    if terms is None:
        yield reason("no_system")
        return
    for needed in terms.requirements:
        if request.kind not in needed.kinds or needed.name in _OWN:
            continue
        if needed.name == "cloud_audit" and not (form.security and form.security.cloud):
            continue
        if needed.hard or request.policy.soft_papers:
            yield from _check_document(state, form, needed, request)


def _check_document(
    state: ProjectState, form: StandardApplication, needed: Document, request: ReleaseRequest
) -> Iterator[Reason]:
    of = [m.id for m in form.team] if needed.per == "member" else [None]
    for member in of:
        if not has_document(state, form, needed.name, member, request):
            whose = f" of member {member}" if member else ""
            own = terms_own(state)
            rule = f"{own}.{needed.name}" if own else _RULES.get(needed.name, "C-48")
            of = f" member={member}" if member else ""
            yield reason(
                "no_document",
                rule=rule,
                section=needed.section,
                title=needed.title,
                whose=whose,
                kind=needed.name,
                of=of,
            )


def has_document(
    state: ProjectState,
    form: StandardApplication,
    name: str,
    member: str | None,
    request: ReleaseRequest,
) -> bool:
    """Whether a document of this kind is in force, in the application or attached later."""
    if member is not None and name == "curriculum_vitae":
        person = form.member(member)
        if person is not None and person.cv is not None:
            return True
    listed = any(
        d.kind == name
        and (member is None or d.member == member)
        and (d.expires is None or request.on <= d.expires)
        for d in form.documents
    )
    attached = any(
        p.kind == name and (member is None or p.member == member) and p.holds_on(request.on)
        for p in state.papers
    )
    return listed or attached


def terms_own(state: ProjectState) -> str:
    """The system's code where its law is another than CARPOS's, else nothing."""
    terms = state.terms
    return terms.code if terms is not None and terms.sections is not None else ""


_IDENTIFIED = frozenset({"identified"})

DOCUMENT_RULES: tuple[Rule, ...] = (
    Rule(check_cohort, ("C-13",), _IDENTIFIED, standard=True),
    Rule(check_authority, ("C-15",), _IDENTIFIED, standard=True, documents=("cohort_authority",)),
    Rule(check_irb, ("C-52", "C-53"), INDIVIDUAL, standard=True, documents=("irb_approval",)),
    Rule(check_papers, ("C-08", "C-47", "C-50", "C-51"), INDIVIDUAL, standard=True),
    Rule(check_documents, ("C-49", "C-47", "C-50", "C-51", "C-16"), INDIVIDUAL, standard=True),
)
