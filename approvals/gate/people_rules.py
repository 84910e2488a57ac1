"""What the gate asks of the people: affiliation, training, background checks, recipients' keys."""

from collections.abc import Iterator
from datetime import date

from approvals.application import StandardApplication
from approvals.errors import Reason
from approvals.gate.model import INDIVIDUAL, ReleaseRequest, Rule, reason
from approvals.project import Evidence, ProjectState, Recipient


def check_affiliation(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """The researcher is an employee of the institution; by policy everybody (§ 962(a), (d)(2))."""
    form = state.standard_application
    researcher = form.member(form.researcher.member)
    if researcher is None or researcher.employment != "employee":
        yield reason("researcher_not_employed")
    others = [m for m in form.team if m.id != form.researcher.member]
    for member in others if request.policy.team_affiliation else ():
        if member.employment != "employee":
            yield reason(
                "member_not_employed",
                member=member.id,
                employment=member.employment.replace("_", " "),
            )
    own_law = state.terms is not None and state.terms.sections is not None
    if request.policy.affiliation_letter and not own_law and not _has_letter(state, form, request):
        yield reason("no_letter")


def _has_letter(state: ProjectState, form: StandardApplication, request: ReleaseRequest) -> bool:
    return form.signatures.affiliation_letter is not None or any(
        paper.kind == "affiliation_letter" and paper.holds_on(request.on) for paper in state.papers
    )


def check_training(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """Every member has human-subject protection and ethics training in force (§ 966(d))."""
    form = state.standard_application
    for member in form.team:
        training = state.training_of(member.id)
        if training is None or not training.holds_on(request.on):
            what = "is missing" if training is None else f"is not in force ({training.words()})"
            yield reason("no_training", member=member.id, what=what)


def check_background(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """Every member passed a background check in force: by law, or by the process page (policy)."""
    form, terms = state.standard_application, state.terms
    law = terms.asks(request.kind, "background_check") if terms is not None else None
    by_law = law is not None or terms is None
    if not by_law and not request.policy.deidentified_checks:
        return
    page = terms.asks(request.kind, "background_check_page") if terms is not None else None
    rule = "C-55" if by_law else "C-75"
    section = law.section if law else "process page (policy)" if page else "§ 966(e)"
    for member in form.team:
        found, who = state.check_of(member.id), (rule, section, member.id, state.number)
        if found is None:
            yield _not_recorded(state.claimed_check(member.id), *who)
        elif not found.holds_on(request.on):
            what = f"is not passed in force ({found.words()})"
            yield _not_passed(what, *who)
        elif request.policy.checks_by_two and found.confirmed_by is None:
            yield reason(
                "check_not_confirmed",
                rule=rule, section=section, member=member.id, number=state.number,
            )  # fmt: skip
        elif found.too_old(request.on, request.policy.check_valid_days):
            yield reason(
                "check_too_old",
                rule=rule,
                section=section,
                member=member.id,
                days=request.policy.check_valid_days,
                found=found.words(),
            )


def _not_recorded(
    claimed: Evidence | None, rule: str, section: str, member: str, number: str
) -> Reason:
    if claimed is None:
        return _not_passed("is missing", rule, section, member, number)
    said = claimed.words()
    return reason(
        "check_claimed", rule=rule, section=section, member=member, number=number, claimed=said
    )


def _not_passed(what: str, rule: str, section: str, member: str, number: str) -> Reason:
    return reason(
        "check_not_passed", rule=rule, section=section, member=member, number=number, what=what
    )


def check_identity(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """The Department verified who the researcher (or every member) is, where the system asks for a notary."""
    form, terms = state.standard_application, state.terms
    needed = terms.asks(request.kind, "notary_verification") if terms is not None else None
    if needed is None:
        return
    section = needed.section
    everybody = [member.id for member in form.team]
    for who in everybody if needed.per == "member" else [form.researcher.member]:
        found, number = state.identities.get(who), state.number
        if found is None or not found.holds_on(request.on):
            yield reason("identity_not_verified", section=section, member=who, number=number)
        elif request.policy.checks_by_two and found.confirmed_by is None:
            yield reason("identity_not_confirmed", section=section, member=who, number=number)


def check_verified(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """The researcher verified that each team member passed, after the check and before any access (§ 966(e))."""
    form, terms = state.standard_application, state.terms
    needed = terms.asks(request.kind, "checks_verified") if terms is not None else None
    if needed is None:
        return
    missing = [
        member.id
        for member in form.team
        if member.id != form.researcher.member and not _verified(state, member.id, request.on)
    ]
    if missing:
        yield reason(
            "checks_not_verified",
            section=needed.section,
            members=", ".join(missing),
            listed=",".join(missing),
            number=state.number,
        )


def _verified(state: ProjectState, member: str, on: date) -> bool:
    day, check = state.verified.get(member), state.check_of(member)
    if check is not None and check.outcome != "passed":  # said already, and nobody could verify it
        return True
    return day is not None and day <= on and (check is None or check.on <= day)


def check_acknowledgments(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """By policy every member acknowledged the restrictions, not only the researcher (§ 964(m))."""
    if not request.policy.member_acknowledgments:
        return
    for member in state.standard_application.team:
        day = state.acknowledged.get(member.id) or member.acknowledged
        if day is None or request.on < day:
            yield reason("not_acknowledged", member=member.id)


def check_recipients(state: ProjectState, request: ReleaseRequest) -> Iterator[Reason]:
    """Packages go to named recipients with keys that a second person confirmed (§ 962(r))."""
    section = "§ 965(c)" if state.form == "aggregated" else "§§ 962(r), 964(c)"
    if request.recipients is None:
        chosen: list[Recipient | None] = list(state.usable_recipients(request.on))
    else:
        chosen = [state.recipient(fingerprint) for fingerprint in request.recipients]
    if not chosen:
        yield reason("no_recipient", section=section)
    allowed = state.application.recipient_ids() if state.application else ()
    for recipient in chosen:
        yield from _check_recipient(recipient, allowed, request, section)


def _check_recipient(
    recipient: Recipient | None, allowed: tuple[str, ...], request: ReleaseRequest, section: str
) -> Iterator[Reason]:
    if recipient is None:
        yield reason("key_unknown", section=section)
        return
    if recipient.member not in allowed:
        yield reason("not_a_recipient", section=section, member=recipient.member)
    if not recipient.usable_on(request.on):
        why = "revoked" if recipient.revoked else "not confirmed, or past its certificate"
        yield reason("key_not_usable", section=section, member=recipient.member, why=why)


_IDENTIFIED = frozenset({"identified"})
_CHECKED = ("background_check", "background_check_page")

PEOPLE_RULES: tuple[Rule, ...] = (
    Rule(check_affiliation, ("C-01", "C-54"), INDIVIDUAL, standard=True),
    Rule(
        check_training, ("C-54",), INDIVIDUAL, standard=True, documents=("human_subjects_training",)
    ),
    Rule(check_background, ("C-55", "C-75"), INDIVIDUAL, standard=True, documents=_CHECKED),
    Rule(check_verified, ("C-78",), _IDENTIFIED, standard=True, documents=("checks_verified",)),
    Rule(check_identity, ("C-79",), INDIVIDUAL, standard=True, documents=("notary_verification",)),
    Rule(check_acknowledgments, ("C-40",), INDIVIDUAL, standard=True),
    Rule(check_recipients, ("C-10",)),
)


def people_of(state: ProjectState, on: date) -> list[dict[str, object]]:
    """Each person of the application on a day: affiliation, training, check, papers, key.

    For ``project check``; ids only, no names.
    """
    form = state.application
    if form is None:
        return []
    keys = {r.member: r.words(on) for r in state.recipients if not r.revoked}
    if not isinstance(form, StandardApplication):
        return [{"member": m, "key": keys.get(m, "none")} for m in form.recipient_ids()]
    notary = state.terms is not None and any(
        r.name == "notary_verification" for r in state.terms.requirements
    )
    found: list[dict[str, object]] = []
    for member in form.team:
        training, check = state.training_of(member.id), state.check_of(member.id)
        identity = state.identities.get(member.id)
        found.append(
            {
                "member": member.id,
                "researcher": member.id == form.researcher.member,
                "affiliation": member.employment.replace("_", " "),
                "training": training.words() if training else "none",
                "training_in_force": bool(training and training.holds_on(on)),
                "background_check": _words_of_check(state, member.id),
                "background_check_in_force": bool(check and check.holds_on(on)),
                **(
                    {"identity": identity.words() if identity else "none recorded"}
                    if notary
                    else {}
                ),
                "cv": member.cv is not None
                or any(
                    p.kind == "curriculum_vitae" and p.member == member.id for p in state.papers
                ),
                "key": keys.get(member.id, "none" if member.recipient else "not a recipient"),
            }
        )
    return found


def _words_of_check(state: ProjectState, member: str) -> str:
    """What was recorded of a check, with the researcher's word on it; else what is claimed."""
    found, claimed = state.check_of(member), state.claimed_check(member)
    if found is None:
        return f"none recorded (claimed: {claimed.words()})" if claimed else "none"
    verified = state.verified.get(member)
    return found.words() + (f"; verified on {verified}" if verified else "")
