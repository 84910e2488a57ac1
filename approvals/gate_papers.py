"""What the gate asks of the papers: the cohort and its authority, the review board, signatures."""

from collections.abc import Iterator

from approvals.application_forms import StandardApplication
from approvals.gate import INDIVIDUAL, Ask, Check, Reason
from approvals.project_state import ProjectState


def check_cohort(state: ProjectState, ask: Ask) -> Iterator[Reason]:
    """Identified data only for the cohort that was declared, registered and confirmed."""
    form = state.application
    if ask.kind != "identified" or not isinstance(form, StandardApplication):
        return
    if not form.cohort.declared:
        yield Reason(
            "C-13",
            "§ 963(a)(3)(A)",
            "the application declares no cohort",
            "Have an amended application approved that does",
        )
    yield from _check_authority(form, ask)
    if ask.stage == "run" or ask.cohort_digest is not None:
        yield from _check_registered(state, form, ask)


def _check_authority(form: StandardApplication, ask: Ask) -> Iterator[Reason]:
    cohort = form.cohort
    if cohort.authority is None or cohort.authority_document is None:
        yield Reason(
            "C-15",
            "§ 963(a)(3)(B)",
            "no legal authority to hold the cohort was shown",
            "The researcher shows it with a document",
        )
    if cohort.authority_expires is not None and cohort.authority_expires < ask.on:
        yield Reason(
            "C-15",
            "§ 963(a)(3)(B)",
            "the authority to hold the cohort has expired",
            "The researcher shows that it was extended",
        )


def _check_registered(state: ProjectState, form: StandardApplication, ask: Ask) -> Iterator[Reason]:
    section, maximum = "§ 963(a)(3)(A)", form.cohort.max_rows
    cohort = state.cohort(ask.cohort_digest) if ask.cohort_digest else None
    if ask.cohort_digest is None:
        yield Reason("C-13", section, "no cohort was given", "Name the registered cohort file")
    elif cohort is None:
        yield Reason(
            "C-13",
            section,
            "this cohort is not the one registered with the project",
            "Use the registered file, or register this one: `doj-release project cohort`",
        )
    elif cohort.confirmed_by is None:
        yield Reason(
            "C-13",
            section,
            "the registered cohort was not confirmed by a second person",
            "Another person runs `doj-release project cohort-confirm`",
        )
    rows = max(ask.cohort_rows or 0, cohort.rows if cohort else 0)
    if maximum is None or rows > maximum:
        yield Reason(
            "C-13",
            section,
            f"the cohort has {rows} rows and the application allows {maximum or 'none'}",
            "Use the cohort that was declared, or have an amended application approved",
        )


def check_irb(state: ProjectState, ask: Ask) -> Iterator[Reason]:
    """The review board's approval is there and in force (§ 966(b)(12)(F), (c))."""
    form = state.application
    if ask.kind not in INDIVIDUAL or not isinstance(form, StandardApplication):
        return
    section, until = "§ 966(b)(12)(F)", state.irb_until()
    if until is None:
        yield Reason(
            "C-52", section, "no review board's approval was shown", "The researcher submits it"
        )
    elif until < ask.on:
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


def check_papers(state: ProjectState, ask: Ask) -> Iterator[Reason]:
    """Institution, signatures and security requirements hold on the day (§§ 962(k), 966(b))."""
    form = state.application
    if ask.kind not in INDIVIDUAL or not isinstance(form, StandardApplication):
        return
    expires = form.institution.evidence_expires
    if expires is not None and expires < ask.on:
        yield Reason(
            "C-08",
            "§ 962(k)",
            f"the evidence of the institution's status ended on {expires}",
            "The institution shows its status again",
        )
    signed = form.signatures
    if max(signed.application_signed, signed.restrictions_acknowledged) > ask.on:
        yield Reason("C-47", "§ 966(b)(11), (12)(C)", "a signature is missing", "It is signed")
    security = form.security
    if not (security.complies_with_listed_laws and security.segmented_system):
        yield Reason(
            "C-50",
            "§§ 964(k), 966(b)(12)(D)",
            "the security requirements are not certified",
            "The institution's officer signs them",
        )
    if security.cloud and security.cloud_assurance is None:
        yield Reason(
            "C-51",
            "§ 966(b)(12)(D)(iii)",
            "the cloud has neither a SOC 2 audit nor FedRAMP",
            "The institution shows one",
        )


PAPER_CHECKS: tuple[Check, ...] = (check_cohort, check_irb, check_papers)
