"""``project …``, ``cohort …``, ``deadlines`` and ``remind``: the life of a project, the gate's answer for a day, and what is due when."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from errors import CodedError, Exit, nearest
from pipelines.cli.caller import READS
from pipelines.cli.commands import Group
from pipelines.cli.console import Console
from pipelines.errors import OptionsDisagree

if TYPE_CHECKING:
    from approvals.gate import Verdict

project_group = Group("Applications, approvals, events: the life of a project.")
cohort_group = Group("Researchers' files, registered by one and confirmed by another.")


@project_group.add()
def submit(
    console: Console,
    file: Path,
) -> None:
    """Take an application, or an amendment of one."""
    from pipelines.session import today

    session = console.session
    state = session.projects.submit(file, session.person, today())
    console.show_pairs("Project", state.as_dict(today()))


@project_group.add()
def example(
    console: Console,
    kind: str = "standard",
    system: str = "CARPOS",
    only: str | None = None,
) -> None:
    """Print a commented application to fill in."""
    from approvals.application import example_for

    if kind == "standard" or kind == "aggregated":  # narrows the type
        console.write(example_for(system.upper(), kind, kind=only))
        return
    raise OptionsDisagree(option="standard or aggregated")


@project_group.add()
def approve(console: Console, number: str) -> None:
    """Approve a submitted project, as a second person."""
    from pipelines.custody import approve_project
    from pipelines.session import today

    state, letter = approve_project(console.session, number)
    console.show_pairs("Project", state.as_dict(today()) | {"letter": console.shown(letter)})


@project_group.add("show")
def show_project(console: Console, number: str, applicant: bool = False) -> None:
    """Show a project whole; exit 5 where a file changed."""
    from approvals.gate import refused_attempts
    from pipelines.custody import applicant_view, papers_of, report_file
    from pipelines.session import today

    session = console.session
    if applicant:
        console.show_pairs(
            f"Project {number}, as its applicant may be told", applicant_view(session, number)
        )
        return
    state = session.projects.show(number)
    body = state.as_dict(today())
    body["next"] = [
        f"{move.event} ({' or '.join(sorted(move.roles))})"
        for move in session.projects.next_moves(state, today())
    ]
    body["purposes"] = state.purposes()
    releases = [release.as_dict() for release in session.releases.list(number)]
    for release in releases:
        release["report_file"] = report_file(session, number, str(release["release"]))
    papers, drafts, gone = papers_of(session, number)
    refused = refused_attempts(session.ledger, number)
    body |= {"releases": releases, "documents": papers, "drafts": drafts, "refused": refused}
    if console.json:
        console.emit(body)
    else:
        plain = {
            k: v
            for k, v in body.items()
            if not isinstance(v, list) or k in ("kinds", "next", "purposes")
        }
        console.show_pairs(f"Project {number}", plain)
        for name in ("cohorts", "recipients", "releases", "documents", "drafts", "refused"):
            rows: list[dict[str, object]] = body[name]  # type: ignore[assignment]
            console.show_rows(name.capitalize(), list(rows[0]) if rows else (), rows)
    _stop_where_gone(console, gone)


def _stop_where_gone(console: Console, gone: CodedError | None) -> None:
    """Say which document is gone or changed; to a machine, whose one document is out, by the exit code alone."""
    if gone is not None:
        raise typer.Exit(int(gone.exit)) if console.json else gone


@project_group.add("list")
def list_projects(console: Console) -> None:
    """List projects with number, kinds, state, expiry."""
    from pipelines.session import today

    rows = [state.as_dict(today()) for state in console.session.projects.list()]
    names = ("project_number", "system", "kinds", "state", "approved_on", "expires")
    console.show_rows("Projects", names, rows)


@project_group.add()
def event(
    console: Console,
    number: str,
    kind: str,
    facts: list[str] | None = None,
    file: list[str] | None = None,
    on: datetime | None = None,
) -> None:
    """Record something that happened to a project."""
    from pipelines.custody import record_event
    from pipelines.session import today

    files = {n: console.taken(Path(path), READS) for n, path in _named(file or []).items()}
    day = on.date() if on else today()
    state, letter = record_event(console.session, number, kind, day, _named(facts or []), files)
    extra = {"letter": console.shown(letter)} if letter else {}
    console.show_pairs("Project", state.as_dict(today()) | extra)


def _named(items: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals or not name:
            raise OptionsDisagree(option="facts and files are NAME=VALUE")
        found[name] = value
    return found


@cohort_group.add("add")
def cohort(
    console: Console,
    number: str,
    file: Path,
    columns: Path | None = None,
    source: str | None = None,
    sheet: str | None = None,
) -> None:
    """Register a cohort; a second person confirms it."""
    from pipelines.cohort import register_cohort

    made = register_cohort(console.session, number, file, columns, source, sheet)
    console.show_pairs("Cohort", made)


@cohort_group.add("confirm")
def cohort_confirm(
    console: Console,
    number: str,
    digest: str | None = None,
) -> None:
    """Confirm a registered cohort, as a second person."""
    from pipelines.keys import plain_digest
    from pipelines.session import today

    session, digest = console.session, digest and plain_digest(digest)
    state = session.projects.confirm_cohort(number, digest, session.person, today())
    rows = state.as_dict(today())["cohorts"]
    console.show_pairs("Cohort", {"project": number, "cohorts": rows})


@project_group.add()
def documents(console: Console, number: str) -> None:
    """List stored documents; exit 5 where one changed."""
    from pipelines.custody import papers_of

    session = console.session
    session.projects.show(number)
    rows, _, gone = papers_of(session, number)
    console.show_rows("Documents", ("what", "on", "event", "state"), rows)
    _stop_where_gone(console, gone)


@project_group.add()
def certificate(console: Console, number: str) -> None:
    """Write a prefilled certificate of destruction."""
    from pipelines.custody import write_certificate

    made = write_certificate(console.session, number)
    console.show_pairs("Certificate", {"letter": console.shown(made)})


@project_group.add()
def letter(
    console: Console,
    number: str,
    name: str | None = None,
    out: Path | None = None,
    again: str | None = None,
) -> None:
    """List a project's letters, or write one to send."""
    from pipelines.custody import letters_of, write_again, write_copy

    if again is not None:
        if name is not None or out is not None:
            raise OptionsDisagree(option="--again stands alone")
        made = write_again(console.session, number, again)
        console.show_pairs("Letter", {"letter": console.shown(made)})
        return
    letters = letters_of(console.session, number)
    if name is None:
        console.show_rows("Letters", ("letter",), [{"letter": each} for each in letters])
        return
    if name not in letters or out is None:
        raise OptionsDisagree(option="a letter that is listed, and --out")
    write_copy(out, letters[name])
    console.show_pairs("Letter", {"letter": name, "file": console.shown(out)})


# Could we release


@project_group.add()
def check(
    console: Console,
    number: str,
    kind: str | None = None,
    on: datetime | None = None,
    years: str | None = None,
    system: str | None = None,
    scope: list[str] | None = None,
    variable: list[str] | None = None,
    dimension: list[str] | None = None,
    to: list[str] | None = None,
) -> None:
    """Could we release, and if not, why not.

    Every reason at once, with its section and what would cure it; exit 3 where there is one. What is
    not named is asked as approved: its years, scope, columns and confirmed keys.
    """
    from approvals.gate import people_of
    from pipelines.release import check_gate
    from pipelines.session import today

    session = console.session
    day = on.date() if on else today()
    state = session.projects.show(number)
    verdicts = {
        one: check_gate(
            session, number, one, day, years=years, system=system, scope=scope or (),
            variables=variable or (), dimensions=dimension or (), recipients=to or (),
        )
        for one in ((kind,) if kind else state.kinds)
    }  # fmt: skip
    people = people_of(state, day)
    if console.json:
        answers = {one: v.as_dict() | {"people": people} for one, v in verdicts.items()}
        console.emit(answers[kind] if kind else answers)
    else:
        for one, verdict in verdicts.items():
            _show_verdict(console, number, f"{day}", one, verdict)
        if people:
            shown = [name for name in people[0] if not name.endswith("_in_force")]
            heads = [name.replace("_", " ") for name in shown]
            console.show_rows(f"People on {day}", shown, people, heads)
    if not all(verdict.allowed for verdict in verdicts.values()):
        raise typer.Exit(int(Exit.REFUSED))


def _show_verdict(console: Console, number: str, day: str, kind: str, verdict: "Verdict") -> None:
    if verdict.allowed:
        console.say(f"{number}: {kind} data could be released on {day}.")
        return
    reasons = [asdict(reason) for reason in verdict.reasons]
    console.show(
        f"{number}: {kind} data can't be released on {day}",
        ("section", "rule", "why", "cure"),
        [(r["section"], r["rule"], r["text"], r["cure"]) for r in reasons],
        reasons,
    )


@project_group.add()
def compare(
    console: Console, number: str, before: int | None = None, after: int | None = None
) -> None:
    """Say what two versions of an application differ in."""
    from pipelines.custody import compare_versions

    changes, versions = compare_versions(console.session, number, before, after)
    if console.json:
        console.emit({"project_number": number, "changes": changes, "versions": versions})
        return
    console.show_rows("Versions", ("event", "kind", "on", "in_force", "compared"), versions)
    console.show_rows(f"What is otherwise in {number}", ("field", "before", "after"), changes)


# What happened, and what can be recorded


@project_group.add()
def history(console: Console, number: str) -> None:
    """List what was recorded of a project, or taken back."""
    session = console.session
    session.projects.show(number)
    events = session.projects.history(number)
    facts = [{k: v for k, v in entry.facts.items() if k != "on"} for entry, _ in events]
    rows = [
        {
            "event": entry.seq,
            "on": entry.facts.get("on"),
            "kind": entry.kind,
            "who": entry.actor,
            "facts": said,
            "taken_back_by": taken,
        }
        for said, (entry, taken) in zip(facts, events, strict=True)
    ]
    shown = [
        (list(row.values())[:4], {**said, "taken_back_by": row["taken_back_by"]})
        for said, row in zip(facts, rows, strict=True)
    ]
    console.show_events(f"Project {number}", shown, rows)


@project_group.add()
def kinds(
    console: Console,
    kind: str | None = None,
) -> None:
    """List what `project event` records, and what it needs."""
    from approvals.errors import EventRefused
    from approvals.ledger import KINDS
    from approvals.project import project_event_kinds, roles_for, words_of

    known = project_event_kinds()
    if kind is not None and kind not in known:
        raise EventRefused(
            what="no kind of project event", kinds=len(known), **nearest(kind, known)
        )
    rows = [
        {
            "kind": name,
            "facts": [f"{fact}={KINDS[name].must[fact].name}" for fact in KINDS[name].must],
            "may": [f"{fact}={KINDS[name].may[fact].name}" for fact in KINDS[name].may],
            "who": sorted(roles_for(name)),
            "needs": list(words_of(name)),
        }
        for name in ((kind,) if kind else known)
    ]
    console.show_rows("Events of a project", list(rows[0]), rows)


# What is due, and the letters that say so


def status(console: Console, everybody: bool = False) -> None:
    """What waits for you, since when, and the command that does it."""
    from pipelines.operations import waiting_for

    rows = waiting_for(console.session, everybody=everybody)
    names = ("what", "since", "by", "due", "command", "others")
    heads = (
        "what",
        "since",
        "by",
        "due",
        "command",
        "who can, too" if not everybody else "who else can",
    )
    console.show_rows("Waits" if everybody else "Waits for you", names, rows, heads)


def deadlines(
    console: Console,
    on: datetime | None = None,
    ics: bool = False,
    within: int | None = None,
) -> None:
    """What is due, for whom, by which section; how it was counted."""
    from pipelines.session import today

    session = console.session
    day = on.date() if on else today()
    if ics:
        console.write(session.deadlines_ics(day))
        return
    due = session.deadlines(day, within)
    names = ("due", "standing", "project_number", "for_whom", "section")
    shown = [
        (
            [row[name] for name in names],
            ". ".join(filter(None, map(str, (row["what"], row["count"])))),
        )
        for row in due
    ]
    console.show_events(f"Deadlines on {day}", shown, due)


def remind(
    console: Console,
    on: datetime | None = None,
    dry_run: bool = False,
    read: str | None = None,
) -> None:
    """Write (and mail, where set up) the letters that are due.

    Looking ahead changes nothing: a day to come shows the letters that will be due by then, --read the text of one.
    """
    from pipelines.operations import letter_to_read, letters_due
    from pipelines.operations import remind as reminded
    from pipelines.session import today

    day = on.date() if on else today()
    if read is not None:
        letter = letter_to_read(console.session, day, read).letter
        if console.json:
            console.emit({"id": read, "text": letter.text})
        else:
            console.write(letter.text)
        return
    if not dry_run and day <= today():
        console.show_pairs("Letters", asdict(reminded(console.open_home(), day)))
        return
    names = ("project_number", "letter", "due", "for_whom", "id")
    due = letters_due(console.session, day)
    console.show_rows(f"Letters due by {day}: none was written", names, due)
