"""What the gate asks of the people: affiliation, training, background checks, recipients' keys."""

from collections.abc import Iterator

from approvals.application_forms import StandardApplication
from approvals.gate import INDIVIDUAL, Ask, Check, Reason
from approvals.project_parts import Recipient
from approvals.project_state import ProjectState


def check_affiliation(state: ProjectState, ask: Ask) -> Iterator[Reason]:
    """The researcher is an employee of the institution (§ 962(a), (d)(2))."""
    form = state.application
    if ask.kind not in INDIVIDUAL or not isinstance(form, StandardApplication):
        return
    researcher = form.member(form.researcher.member)
    if researcher is None or researcher.employment != "employee":
        yield Reason(
            "C-01",
            "§ 962(a)",
            "the researcher is not an employee of the institution",
            "A consultant can't be the Bona Fide Researcher: name another",
        )


def check_training(state: ProjectState, ask: Ask) -> Iterator[Reason]:
    """Every member has human-subject protection and ethics training in force (§ 966(d))."""
    form = state.application
    if ask.kind not in INDIVIDUAL or not isinstance(form, StandardApplication):
        return
    for member in form.team:
        training = state.training_of(member.id)
        if training is None or not training.holds_on(ask.on):
            what = "is missing" if training is None else "is not in force on that day"
            yield Reason(
                "C-54",
                "§ 966(d)",
                f"the training certificate of member {member.id} {what}",
                "Record a valid one: event training_recorded",
            )


def check_background(state: ProjectState, ask: Ask) -> Iterator[Reason]:
    """Every member passed a background check: by law for identified data, by policy else."""
    form = state.application
    if not isinstance(form, StandardApplication):
        return
    by_law = ask.kind == "identified"
    if not by_law and not (ask.kind == "deidentified" and ask.policy.deidentified_checks):
        return
    rule, section = ("C-55", "§ 966(e)") if by_law else ("C-75", "process page (policy)")
    for member in form.team:
        found = state.check_of(member.id)
        if found is None or not found.holds_on(ask.on):
            what = "is missing" if found is None else f"is not passed in force ({found.outcome})"
            yield Reason(
                rule,
                section,
                f"the background check of member {member.id} {what}",
                "Record a passed one: event background_check",
            )


def check_recipients(state: ProjectState, ask: Ask) -> Iterator[Reason]:
    """Packages go to named recipients with keys that a second person confirmed (§ 962(r))."""
    section = "§ 965(c)" if state.form == "aggregated" else "§§ 962(r), 964(c)"
    if ask.recipients is None:
        chosen: list[Recipient | None] = list(state.usable_recipients(ask.on))
    else:
        chosen = [state.recipient(fingerprint) for fingerprint in ask.recipients]
    if not chosen:
        yield Reason(
            "C-10",
            section,
            "no recipient has a confirmed key",
            "Add one with `doj-release recipient add`, and let a second person confirm it",
        )
    allowed = state.application.recipient_ids() if state.application else ()
    for recipient in chosen:
        yield from _check_recipient(recipient, allowed, ask, section)


def _check_recipient(
    recipient: Recipient | None, allowed: tuple[str, ...], ask: Ask, section: str
) -> Iterator[Reason]:
    if recipient is None:
        yield Reason(
            "C-10",
            section,
            "a recipient's key is not registered with the project",
            "Add it with `doj-release recipient add`",
        )
        return
    if recipient.member not in allowed:
        yield Reason(
            "C-10",
            section,
            f"{recipient.member} is not a recipient in the approved application",
            "Have an amended application approved that names the person",
        )
    if not recipient.usable_on(ask.on):
        why = "revoked" if recipient.revoked else "not confirmed, or past its certificate"
        yield Reason(
            "C-10",
            section,
            f"the key of {recipient.member} is {why}",
            "A second person confirms it: `doj-release recipient confirm`",
        )


PEOPLE_CHECKS: tuple[Check, ...] = (
    check_affiliation,
    check_training,
    check_background,
    check_recipients,
)
