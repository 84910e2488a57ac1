"""What the gate asks of the papers: the cohort and its authority, the review board, signatures.

Which papers there must be is the data system's own description; what each must show is here.
"""

from collections.abc import Iterator

from approvals.application import StandardApplication
from approvals.errors import Reason
from approvals.gate.model import INDIVIDUAL, ReleaseRequest, Rule
from approvals.project import ProjectState
from systems.description import Document

# Requirements with a row of their own; every other is a document that must be there.
_OWN = frozenset(
    {"project_outline", "irb_approval", "human_subjects_training", "background_check",
     "background_check_page", "cohort_authority"}
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
        yield Reason(
            "C-13",
            "§ 963(a)(3)(A)",
            "the application declares no cohort",
            "Have an amended application approved that does",
        )
    if request.stage == "run" or request.cohort_digest is not None:
        yield from _check_registered(state, form, request)


def check_authority(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """The right to hold the cohort was shown and has not ended (§ 963(a)(3)(B))."""
    form = state.standard_application
    cohort = form.cohort
    if cohort.authority is None or cohort.authority_document is None:
        yield Reason(
            "C-15",
            "§ 963(a)(3)(B)",
            "no legal authority to hold the cohort was shown",
            "The researcher shows it with a document",
        )
    if cohort.authority_expires is not None and cohort.authority_expires < request.on:
        yield Reason(
            "C-15",
            "§ 963(a)(3)(B)",
            f"the authority to hold the cohort has expired on {cohort.authority_expires}",
            "The researcher shows that it was extended",
        )


def _check_registered(
    state: ProjectState, form: StandardApplication, request: ReleaseRequest
) -> Iterator[Reason]:
    section, maximum = "§ 963(a)(3)(A)", form.cohort.max_rows
    cohort = state.cohort(request.cohort_digest) if request.cohort_digest else None
    if request.cohort_digest is None:
        yield Reason("C-13", section, "no cohort was given", "Name the registered cohort file")
    elif cohort is None:
        yield Reason(
            "C-13",
            section,
            "this cohort is not the one registered with the project",
            "Use the registered file, or register this one: `doj-release project cohort`",
        )
    elif cohort.superseded:
        yield Reason(
            "C-13",
            section,
            "the same file was registered again with other columns",
            "Order the release anew: it takes the newer registration",
        )
    elif cohort.confirmed_by is None:
        yield Reason(
            "C-13",
            section,
            "the registered cohort was not confirmed by a second person",
            "Another person runs `doj-release project cohort-confirm`",
        )
    rows = max(request.cohort_rows or 0, cohort.rows if cohort else 0)
    if maximum is None or rows > maximum:
        yield Reason(
            "C-13",
            section,
            f"the cohort has {rows} rows and the application allows {maximum or 'none'}",
            "Use the cohort that was declared, or have an amended application approved",
        )


def check_irb(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """The review board's approval is there and in force (§ 966(b)(12)(F), (c))."""
    form = state.standard_application
    section, until = "§ 966(b)(12)(F)", state.irb_until()
    if until is None:
        yield Reason(
            "C-52", section, "no review board's approval was shown", "The researcher submits it"
        )
    elif until < request.on:
        yield Reason(
            "C-52",
            section,
            f"the review board's approval ended on {until}",
            "Record the renewed approval: event irb_recorded",
        )
    board = form.irb
    if board and board.body.startswith("committee") and not board.data_security_determined:
        yield Reason(
            "C-53",
            "§ 966(c)(1)",
            "the committee's determination on data security is missing",
            "The researcher submits it",
        )


def check_papers(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """Institution, signatures and security requirements hold on the day (§§ 962(k), 966(b))."""
    form = state.standard_application
    expires = form.institution.evidence_expires
    if expires is not None and expires < request.on:
        yield Reason(
            "C-08",
            "§ 962(k)",
            f"the evidence of the institution's status ended on {expires}",
            "The institution shows its status again",
        )
    signed = form.signatures
    if max(signed.application_signed, signed.restrictions_acknowledged) > request.on:
        yield Reason("C-47", "§ 966(b)(11), (12)(C)", "a signature is missing", "It is signed")
    if state.terms is not None and "security" not in state.terms.asked:
        return
    security = form.security
    if security is None or not (security.complies_with_listed_laws and security.segmented_system):
        yield Reason(
            "C-50",
            "§§ 964(k), 966(b)(12)(D)",
            "the security requirements are not certified",
            "The institution's officer signs them",
        )
    if security is not None and security.cloud and security.cloud_assurance is None:
        yield Reason(
            "C-51",
            "§ 966(b)(12)(D)(iii)",
            "the cloud has neither a SOC 2 audit nor FedRAMP",
            "The institution shows one",
        )


def check_documents(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """Every document that the system asks for is there and in force, of each member where it says."""
    form, terms = state.standard_application, state.terms
    if terms is None:
        yield Reason(
            "C-16", "§ 964(a)", "the Department describes no such system", "Describe the system"
        )
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
            yield Reason(
                f"{own}.{needed.name}" if own else _RULES.get(needed.name, "C-48"),
                needed.section,
                f"{needed.title}: there is none{whose} in force",
                "Record it: event document_attached with kind="
                + needed.name
                + (f" member={member}" if member else ""),
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
