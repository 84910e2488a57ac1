"""What a project answers for: its documents, and events, prefilled from the packages."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from approvals import custody, deadlines, errors, project
from approvals.application import changes_between
from approvals.people import People, check_role
from errors import CodedError, nearest
from pipelines.custody.letters import ready_document, write_letter_of
from pipelines.errors import OptionsDisagree
from pipelines.safeguards import check_settings
from pipelines.session import Session, today

_DECIDING = frozenset({"project_approved", "project_amended", "project_renewed"})
Rows = list[dict[str, object]]


def papers_of(session: Session, number: str) -> tuple[Rows, Rows, CodedError | None]:
    """Documents, drafts, and the error where a document is missing or changed."""
    documents = [a.as_dict() for a in project.pinned_documents(session.projects, number)]
    drafts = [d.as_dict(today()) for d in deadlines.drafts_of(session.projects.entries(number))]
    try:
        project.check_pinned_documents(session.projects, number)
    except CodedError as error:
        return documents, drafts, error
    return documents, drafts, None


def record_event(
    session: Session,
    number: str,
    kind: str,
    on: date,
    facts: Mapping[str, str],
    files: Mapping[str, Path | bytes],
) -> tuple[project.ProjectState, Path | None]:
    """Record an event of a project's life; see ``Projects.event``. Where a letter goes with it, it is written.

    A breach without a number of individuals takes it from the packages. A certificate of destruction lists
    every package that was handed over. Where the event pins the letter itself and no document is given, it is
    the one that is written here.

    Returns:
        the project, and the place of the letter where one was written.

    Raises:
        OptionsDisagree: a day to come: what happened is recorded.
        EvidenceMissing: the certificate lists fewer items than were handed over.
        SettingsNotConfirmed: what decides on projects stands by nobody's word (exit 3).
        NobodyOfThatName, RoleMissing: who is named to review is nobody active of ``people.toml``, or no reviewer.
        CodedError: see ``Projects.event``.
    """
    if kind in _DECIDING:
        check_settings(session, "approvals.")
    if on > today():
        raise OptionsDisagree(
            option="--on is today or a day that has passed: what happened is recorded"
        )
    given = dict(facts)
    if kind == "breach_reported" and "individuals" not in given:
        named = tuple(given["releases"].split(",")) if given.get("releases") else ()
        given["individuals"] = str(custody.individuals_known(session.releases.list(number), named))
    if kind == "reviewers_named":
        _check_reviewers(session.people, given.get("people", ""))
    if kind == "destruction_certified":
        _check_items(session, number, given.get("items", ""))
    state, documents = session.projects.show(number), dict[str, Path | bytes](files)
    documents |= ready_document(session, state, kind, on, given, documents)
    session.projects.event(number, kind, session.person, on, given, documents)
    path = write_letter_of(session, number, kind)
    return session.projects.show(number), path


def compare_versions(
    session: Session, number: str, before: int | None, after: int | None
) -> tuple[Rows, Rows]:
    """What two versions of an application say otherwise, and all its versions.

    Args:
        session: of the home.
        number: project.
        before: number of a version's event; by default the one in force, else the one before ``after``.
        after: likewise; by default the newest.

    Raises:
        UnknownProject: there is no such project.
        OptionsDisagree: a number that is no version's.
    """
    versions = session.projects.versions(number)
    places = {int(str(v["event"])): n for n, v in enumerate(versions)}
    if not {before, after} <= {None, *places}:
        raise OptionsDisagree(option="an event of a version: `project compare` lists them")
    to = len(versions) - 1 if after is None else places[after]
    held = next((n for n, v in enumerate(versions) if v["in_force"] and n != to), max(to - 1, 0))
    from_ = held if before is None else places[before]
    forms = [session.projects.application(number, str(versions[n]["digest"])) for n in (from_, to)]
    for name, n in (("after", to), ("before", from_)):
        versions[n]["compared"] = name
    return [dict(one) for one in changes_between(*forms)], list(versions)


def _check_reviewers(people: People, named: str) -> None:
    for one in filter(None, named.split(",")):
        person = people.active(one)
        if person is None:
            raise errors.NobodyOfThatName(**nearest(one, [p.id for p in people.persons]))
        check_role(person, custody.ROLES["review"])


def _check_items(session: Session, number: str, items: str) -> None:
    state = session.projects.show(number)
    given = len(custody.given_packages(session.releases.list(number)))
    if items.isdigit() and int(items) < given:
        raise errors.EvidenceMissing(
            step="destruction_certified",
            needs=f"items: each of the {given} packages that were handed over",
            section=state.cite("§ 967(a)(9)"),
        )
