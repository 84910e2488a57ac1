"""The letters that go with what happens to a project: written when it is recorded, written anew, listed.

It knows which facts each of them says. The texts and the law in them are `approvals.letters`' own, and it sends nothing.
"""

import tomllib
from collections.abc import Mapping
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

from approvals import custody, deadlines, letters, project
from approvals.application import StandardApplication
from approvals.errors import EvidenceMissing, LetterNotDue
from approvals.ledger import KINDS, Entry
from crypto.cms import certificate_fingerprint
from errors import CodedError
from pipelines.safeguards import check_settings
from pipelines.session import Session, today
from systems import bounded
from systems.description import load_system

_APPROVED = ("project_approved", "project_amended")
Documents = Mapping[str, Path | bytes]
_CRITERIA: Mapping[str, tuple[str, str]] = {
    name: (row["text"], row["section"])
    for name, row in tomllib.loads(
        (resources.files("approvals") / "words.toml").read_text("utf-8")
    )["criteria"].items()
}


def approve_project(session: Session, number: str) -> tuple[project.ProjectState, Path]:
    """Approve a submitted project or the amendment that waits, as a second person, and write the letter.

    Raises:
        SettingsNotConfirmed: what decides on projects stands by nobody's word (exit 3).
        CodedError: see ``Projects.approve``.
    """
    check_settings(session, "approvals.")
    session.projects.approve(number, session.person, today())
    entries = session.projects.entries(number)
    kind = next(e.kind for e in reversed(entries) if e.kind in _APPROVED)
    path = write_letter_of(session, number, kind)
    assert path is not None  # each of them has its letter
    return session.projects.show(number), path


def write_again(session: Session, number: str, name: str) -> Path:
    """Write the newest letter of this name again, as its event and the project say now; its place.

    Raises:
        UnknownProject: there is none.
        LetterNotDue: nothing happened to this project that such a letter goes with (exit 3).
    """
    entries = session.projects.entries(number)
    state = session.projects.show(number)
    for entry in reversed(entries):
        ready = letters.letter_of_event(state, entry.kind, entry.facts)
        if ready is not None and ready.name == name:
            return _written(session, state, entry, f".{state.last_event}")
    raise LetterNotDue(letter=name if name in letters.SUBJECTS else "unknown")


def ready_document(
    session: Session,
    state: project.ProjectState,
    kind: str,
    on: date,
    given: Mapping[str, str],
    documents: Documents,
) -> dict[str, bytes]:
    """The document that an event pins, where it is the letter itself and nobody gave another; by its fact.

    Raises:
        EvidenceMissing: the letter refuses something, and no reasons were given.
    """
    ready = letters.letter_of_event(state, kind, given)
    if ready is None or not ready.writes or ready.writes in {*given, *documents}:
        return {}
    if set(KINDS[kind].must) - {"on", ready.writes} - given.keys():
        return {}  # the event says what is missing
    if ready.reasons and not {"statement"} & {*given, *documents}:
        needs, section = "statement: the specific reasons, as a document", state.cite(ready.reasons)
        raise EvidenceMissing(step=kind, needs=needs, section=section)
    said = _facts(session, state, kind, given, on, documents)
    return {
        ready.writes: letters.compose(ready.name, state, on, session.sender, **said).text.encode()
    }


def write_letter_of(session: Session, number: str, kind: str) -> Path | None:
    """Write the letter that goes with the event of this kind that was recorded last, if one does; its place."""
    state, entries = session.projects.show(number), session.projects.entries(number)
    entry = next((e for e in reversed(entries) if e.kind == kind), None)
    if entry is None or letters.letter_of_event(state, kind, entry.facts) is None:
        return None
    return _written(session, state, entry)


def _written(session: Session, state: project.ProjectState, entry: Entry, more: str = "") -> Path:
    ready, on = (
        letters.letter_of_event(state, entry.kind, entry.facts),
        date.fromisoformat(str(entry.facts["on"])),
    )
    assert ready is not None  # asked before
    said = _facts(session, state, entry.kind, entry.facts, on, {})
    letter = letters.compose(ready.name, state, on, session.sender, **said)
    notice = ready.called(entry) + more
    return deadlines.write_letter(session.projects, state, notice, letter, session.person, today())


def _facts(
    session: Session,
    state: project.ProjectState,
    kind: str,
    facts: Mapping[str, Any],
    on: date,
    files: Documents,
) -> dict[str, Any]:
    """What the letter of an event says besides the project: its facts, in words, and the statement that came with it."""
    form = state.application
    said: dict[str, Any] = {k: v for k, v in facts.items() if k != "on"}
    said["statement"] = _statement(session, state, facts, files)
    said["reasons"] = _unfit(state) if kind == "project_denied" else []
    said["facts"] = _approved_for(state)
    match kind:
        case "project_approved" | "project_amended" | "project_renewed":
            pem = session.home.signing_certificate.read_bytes()
            said["fingerprint"] = certificate_fingerprint(pem)
            timed = form if isinstance(form, StandardApplication) else None
            said["until"] = timed.timeframe.end.isoformat() if timed else ""
        case "draft_reviewed":
            drafts = deadlines.drafts_of(session.projects.entries(state.number), session.counting)
            draft = next(d for d in drafts if d.digest == facts["draft"])
            said |= {"received": draft.received, "earliest": max(draft.earliest, on)}
        case "background_check":
            said["who"] = custody.name_of(form, str(facts["member"])) or facts["member"]
        case "breach_reported":
            lines = letters.recipient_lines(form)
            at = 1 if isinstance(form, StandardApplication) else 0  # the institution
            said["institution"] = lines[at] if lines else ""
            said["discovered"] = facts["discovered_on"]
            said["individuals"] = f"{int(facts['individuals']):,}"
        case "findings_sent":
            said["violations"] = int(facts["violations"])
        case "sanction_imposed":
            said["sanction"] = str(facts["sanction"]).replace("_", " ")
            said["facts"] = [
                (n.replace("_", " ").capitalize(), _in_words(facts[n])) for n in _WEIGHED
            ]
        case "extension_granted":
            asked = sum(
                e.kind == "extension_requested" for e in session.projects.entries(state.number)
            )
            said |= {"request": asked, "at_most": project.EXTENSIONS_AT_MOST}
        case "project_completed" | "closure_ordered":
            said |= custody.destruction_facts(state, session.releases.list(state.number))
        case _:
            pass
    return said


_WEIGHED = ("severity", "pii_involved", "previous_violations", "culpability")  # § 968(c)


def _in_words(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _approved_for(state: project.ProjectState) -> list[tuple[str, str]]:
    """What was approved, as a letter lists it."""
    form = state.application
    if form is None:
        return []
    system = load_system(state.system)
    names = [custody.name_of(form, member) or member for member in form.recipient_ids()]
    kinds = [k.title for k in system.kinds if k.kind in state.kinds]
    rows = [
        ("Kinds of data", "; ".join(kinds)),
        ("Years", f"{form.years.first} to {form.years.last}"),
        (system.record.scope, ", ".join(form.order_scope) or ", ".join(system.order_scope_default)),
        ("Recipients", ", ".join(names)),
    ]
    cohort = getattr(form, "cohort", None)
    if cohort is not None and cohort.linked_role and state.terms is not None:
        rows.insert(
            3, ("Matched to", state.terms.linked_roles.get(cohort.linked_role, cohort.linked_role))
        )
    if state.approved_on is not None:
        rows.append(("Approved on", state.approved_on.isoformat()))
    return rows


def _unfit(state: project.ProjectState) -> list[str]:
    """What the reviewer found missing, as the law of the project's system names it."""
    fails = state.review.fails if state.review else ()
    return [f"{_CRITERIA[one][0]} ({state.cite(_CRITERIA[one][1])})" for one in fails]


def _statement(
    session: Session, state: project.ProjectState, facts: Mapping[str, Any], files: Documents
) -> list[str] | None:
    """The paragraphs of the statement that came with the event; None where it is enclosed, nothing where there is none."""
    if "statement" in files:
        given = files["statement"]
        try:
            found = given if isinstance(given, bytes) else bounded.read_at_most(given, 1 << 20)
        except OSError:
            return None  # the event refuses it
        return letters.paragraphs_of(found) if found is not None else None
    if "statement" not in facts:
        return []
    folder = session.projects.folder(state.number)
    try:
        return letters.paragraphs_of(folder.get("document", str(facts["statement"])))
    except CodedError:  # it was given by its digest alone
        return None


def letters_of(session: Session, number: str) -> dict[str, bytes]:
    """The letters that were laid ready for a project, by name."""
    session.projects.show(number)  # an unknown one has no folder
    folder = session.projects.folder(number).letter("x").parent
    found = sorted(path for path in folder.glob("[!.]*") if path.is_file())
    return {path.name: path.read_bytes() for path in found}


def write_certificate(session: Session, number: str) -> Path:
    """Write the certificate of destruction, prefilled, into the project's folder; its place.

    Raises:
        LetterNotDue: the project has aggregated data alone, which nobody has to destroy (exit 3).
    """
    state = session.projects.show(number)
    if state.tables_only:
        raise LetterNotDue(
            letter="certificate", what="aggregated data carries no duty to destroy it"
        )
    said = custody.destruction_facts(state, session.releases.list(number))
    letter = letters.compose("certificate", state, today(), session.sender, **said)
    notice = f"certificate.{state.last_event}"
    return deadlines.write_letter(session.projects, state, notice, letter, session.person, today())
