"""A project as whoever decides on it has it before them: its application, what speaks against it, its papers, and what waits to be confirmed."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from approvals import project
from approvals.application import StandardApplication
from approvals.errors import ApplicationRefused, Problem
from approvals.people import check_role
from crypto.cms import certificate_fingerprint
from errors import CodedError
from pipelines.custody.accountability import Rows, papers_of
from pipelines.custody.documents import PAPER_READERS
from pipelines.session import Session, today

_CRITERIA: Mapping[str, Mapping[str, str]] = tomllib.loads(
    (resources.files("approvals") / "words.toml").read_text("utf-8")
)["criteria"]
_GROUP = 4  # figures of a fingerprint, as people read it to each other


@dataclass(frozen=True)
class KeyToConfirm:
    """A key that waits: its fingerprint and its certificate's, in groups, and whom to telephone.

    ``call`` is from the application: who answers for the project, with the number that was approved, never one that came with the key.
    """

    member: str
    name: str
    fingerprint: str
    groups: Sequence[str]
    certificate: Sequence[str]
    kind: str
    until: str
    added_by: str
    call: tuple[str, str]


@dataclass(frozen=True)
class Papers:
    """What there is to decide on: ``problems`` are what today's rules say against the application that waits, or is in force."""

    state: project.ProjectState
    waits: bool
    problems: Sequence[Problem]
    criteria: Sequence[tuple[str, str, str]]
    documents: Rows
    gone: CodedError | None
    cohorts: Sequence[project.Cohort]
    keys: Sequence[KeyToConfirm]
    events: Sequence[str]


def papers(session: Session, number: str) -> Papers:
    """A project and its papers.

    Raises:
        UnknownProject: there is none.
        RoleMissing: this person neither makes, reviews, approves nor audits.
        ApplicationChanged, DocumentChanged: a stored file is not the recorded one (exit 5).
    """
    state = session.projects.show(number)
    check_role(session.person, PAPER_READERS)
    undecided = state.recorded in (project.State.SUBMITTED, project.State.UNDER_REVIEW)
    documents, _, gone = papers_of(session, number)
    return Papers(
        state=state,
        waits=undecided or (state.pending_digest is not None and state.in_force(today())),
        problems=_problems(session, state),
        criteria=[
            (rule, _CRITERIA[rule]["text"], state.cite(_CRITERIA[rule]["section"]))
            for rule in project.criteria(state)
        ],
        documents=documents,
        gone=gone,
        cohorts=[c for c in state.cohorts if c.usable and c.confirmed_by is None],
        keys=[
            _key(session, state, r)
            for r in state.recipients
            if r.confirmed_by is None and not r.revoked
        ],
        events=_events(session, state),
    )


def _problems(session: Session, state: project.ProjectState) -> Sequence[Problem]:
    try:
        session.projects.check_again(state.number, state.pending_digest or state.application_digest)
    except ApplicationRefused as refused:
        return refused.problems
    return ()


def _events(session: Session, state: project.ProjectState) -> list[str]:
    """What this person may record of the project now: moves from its state, and what is no move."""
    moves = {m.event for m in session.projects.next_moves(state, today())}
    return [
        kind
        for kind in project.project_event_kinds()
        if session.person.roles & project.roles_for(kind)
        and (kind in moves or not project.is_move(kind))
    ]


def _key(session: Session, state: project.ProjectState, one: project.Recipient) -> KeyToConfirm:
    pem = session.projects.certificate(state.number, one.fingerprint)
    try:
        of_certificate = certificate_fingerprint(pem)
    except CodedError:  # a bare key has no other
        of_certificate = ""
    return KeyToConfirm(
        one.member,
        _name(state, one.member),
        one.fingerprint,
        _in_groups(one.fingerprint),
        _in_groups(of_certificate.replace(":", "").lower()),
        one.key_kind,
        str(one.certificate_expires or ""),
        one.added_by,
        _whom(state),
    )


def _in_groups(figures: str) -> list[str]:
    return [figures[i : i + _GROUP] for i in range(0, len(figures), _GROUP)]


def _name(state: project.ProjectState, member: str) -> str:
    form = state.application
    if isinstance(form, StandardApplication):
        return next((m.name for m in form.team if m.id == member), "")
    return next((r.name for r in form.recipients if r.id == member), "") if form else ""


def _whom(state: project.ProjectState) -> tuple[str, str]:
    form = state.application
    return (form.applicant.name, form.applicant.phone) if form else ("", "")
