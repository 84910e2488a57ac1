"""``run``, ``review``, ``refresh`` and ``release …``: making releases, and their custody from approval to destruction."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from errors import Exit
from pipelines.cli.caller import READS
from pipelines.cli.commands import Group
from pipelines.cli.console import Console
from pipelines.cli.places import is_digest
from pipelines.errors import OptionsDisagree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipelines.cli.console import Report
    from pipelines.home import Home
    from pipelines.release import Outcome


# Making releases


def run(
    console: Console,
    project: str,
    kind: str | None = None,
    cohort: Path | None = None,
    columns: Path | None = None,
    years: str | None = None,
    dims: str | None = None,
    together: list[str] | None = None,
    coarser: str | None = None,
    suppress_locally: bool = False,
    keep: list[str] | None = None,
    snapshot: str | None = None,
    formats: list[str] | None = None,
    resume: str | None = None,
    dry_run: bool = False,
    doubtful: str | None = None,
    no_orchestrator: bool = False,
) -> None:
    """Make a release, up to where somebody has to act.

    Through Prefect; stops with exit 7 where a reviewer or an approver has to act, and is resumed then.
    """
    from expectations import judging

    if not resume:  # most of it needs no judge any more
        judging.begin()
    from pipelines.release import Request, order_release, prepare_resume
    from pipelines.session import Session

    later = {
        "kind": kind, "cohort": cohort, "columns": columns, "years": years, "dims": dims, "together": together, "dry-run": dry_run,
        "coarser": coarser, "suppress-locally": suppress_locally, "keep": keep, "snapshot": snapshot, "format": formats,
    }  # fmt: skip
    if resume and any(later.values()):
        leave = [f"--{name}" for name, value in later.items() if value]
        raise OptionsDisagree(
            option="--resume goes on with the order as it was given", leave_out=leave
        )
    with Session(console.open_home()) as session:
        if resume:
            release = prepare_resume(session, project, resume, doubtful)
        else:
            release = order_release(
                session,
                Request(
                    project,
                    kind,
                    cohort,
                    columns,
                    years,
                    dims,
                    doubtful,
                    dry_run,
                    coarser=coarser,
                    suppress_locally=suppress_locally,
                    keep=tuple(keep or ()),
                    formats=tuple(formats or ()),
                    together=tuple(together or ()),
                    snapshot=snapshot,
                ),
            )
        home = session.home
    _carry_out(console, home, release, orchestrated=not no_orchestrator)


def _carry_out(console: Console, home: "Home", release: str, *, orchestrated: bool) -> None:
    from pipelines.orchestration import launch_release

    with console.steps() as report:
        if orchestrated:
            report(f"{release}: starting Prefect")
        progress = _stages(report, release)
        outcome = launch_release(home, release, orchestrated=orchestrated, progress=progress)
    _show_outcome(console, home, outcome)


def _stages(report: "Report", release: str) -> "Callable[[str, str], None]":
    """Progress of a release in words: its id, which stage of how many, and the share that is done."""
    from pipelines.release import STAGES

    numbers = {stage.name: number for number, stage in enumerate(STAGES)}

    def progress(stage: str, state: str) -> None:
        if state == "start":
            number, of = numbers[stage], len(STAGES)
            share = f"{number + 1} of {of}, {100 * number // of} %"
            report(f"{release}: {share}, {STAGES[number].title}")

    return progress


def _show_outcome(console: Console, home: "Home", outcome: "Outcome") -> None:
    """Show how a run ended and leave with its exit code."""
    from pipelines.release import summarise

    body = summarise(home, outcome)
    if console.json:
        console.emit(body)
    else:
        console.show_pairs("Release", {k: v for k, v in body.items() if k != "error"})
    if outcome.exit is not Exit.DONE:
        console.explain(outcome.text)
        raise typer.Exit(int(outcome.exit))


def review(
    console: Console,
    release: str,
    export: Path | None = None,
    weights: Path | None = None,
    import_: Path | None = None,
    undo: bool = False,
) -> None:
    """Doubtful pairs out to a sheet, decisions back in.

    The sheet has what waits for you: first looks, second ones without the first answer, differences to settle, and what you may still
    change. A partly filled one is taken; the rest stays open.
    """
    from pipelines.release import export_review, import_review, undo_decision

    if (export is not None) + (import_ is not None) + undo != 1:
        raise OptionsDisagree(option="one of --export, --import and --undo")
    if weights is not None and export is None:
        raise OptionsDisagree(option="--weights goes with --export")
    session = console.session
    if undo:
        undo_decision(session, release)
        console.say("Your last decision on this release is taken back; both stand in the ledger.")
    elif export is not None:
        count = export_review(session, release, export, weights)
        console.show_pairs("Review", {"release": release, "pairs": count})
        console.hint(
            "What was written shows personal values: 0600, for the reviewer; destroy it after the import."
        )
    elif import_ is not None:
        counts = import_review(session, release, import_)
        console.show_pairs("Review", {"release": release, **counts})
        _say_imported(console, counts)


def _say_imported(console: Console, counts: "Mapping[str, int]") -> None:
    if not counts["new"] and not counts["changed"]:
        console.say("Nothing new: all that this sheet says was imported before.")
    elif counts["before"]:
        console.say(
            f"{counts['before']} decisions of this sheet were imported before: they count once."
        )
    if counts["others"]:
        console.say(f"{counts['others']} were settled by others meanwhile: left as they are.")
    if not counts["open"]:
        console.say("Resume the run to go on.")
        return
    console.say(f"{counts['open']} pairs are open: the run waits until they are decided, too.")
    if counts["second"]:
        console.say(
            f"{counts['second']} of them wait for a second reviewer, who is another person."
        )
    if counts["adjudicate"]:
        console.say(
            f"{counts['adjudicate']} of them two reviewers answered differently: a third one settles it."
        )


def refresh(
    console: Console,
    system: str,
    project: str = "",
    dry_run: bool = False,
    no_orchestrator: bool = False,
) -> None:
    """Refresh aggregates: new years, and late records.

    New full years are added; a closed year is revised only where late records may revise it, and else
    left as it was published, with the reason. All of it comes from the newest snapshot and is protected
    together with everything that was ever published.
    """
    from pipelines.release import closed_years_in_words, describe_closed_years, order_refresh
    from pipelines.session import Session

    if not project:
        _refresh_all(console, system.upper(), dry_run=dry_run, orchestrated=not no_orchestrator)
        return
    with Session(console.open_home()) as session:
        plan = order_refresh(session, system.upper(), project, dry_run=dry_run)
        home = session.home
    if plan.release is None:
        console.show_pairs("Refresh", plan.as_json(with_changes=dry_run))
        return
    described = describe_closed_years(plan.closed, plan.behind)
    for year, change in closed_years_in_words(described).items():
        console.hint(f"{year}: {change}.")
    _carry_out(console, home, plan.release, orchestrated=not no_orchestrator)


def _refresh_all(console: Console, system: str, *, dry_run: bool, orchestrated: bool) -> None:
    """Refresh every project in force, one after the other; leave with the code of the first that stopped."""
    from pipelines.orchestration import Orchestrator, launch_release
    from pipelines.release import refresh_projects, worst

    home = console.open_home()
    served = orchestrated and not dry_run
    with Orchestrator(home) if served else nullcontext() as server, console.steps() as report:

        def run(release: str) -> "Outcome":
            ready, progress = server.ready if server else None, _stages(report, release)
            return launch_release(
                home, release, orchestrated=served, ready=ready, progress=progress
            )

        done = refresh_projects(home, system, run, dry_run=dry_run)
    rows = [one.as_json() for one in done]
    names = ("project", "state", "release", "new_years", "revised_years", "outside_years", "reason")
    shown = [[_cell(row.get(name)) for name in names] for row in rows]
    console.show(f"Refresh of {system}", [n.replace("_", " ") for n in names], shown, rows)
    for one in done:
        if text := str(one.error or "") or (one.outcome.text if one.outcome else ""):
            console.explain(f"{one.project}: {text}")
    if (code := worst(done)) is not Exit.DONE:
        raise typer.Exit(int(code))


def _cell(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list) else value


# Custody of releases


_FIGURES = 8  # of a digest, typed by an approver
_LARGEST = 256 << 20  # bytes of a report
release_group = Group("Custody of releases.")


@release_group.add("list")
def list_releases(console: Console, project: str | None = None) -> None:
    """List releases and where each stands."""
    rows = [release.as_dict() for release in console.session.releases.list(project)]
    names = ("release", "kind", "system", "status", "ordered_on", "ordered_by", "snapshot")
    console.show_rows("Releases", names, rows)


@release_group.add("show")
def show_release(console: Console, release: str) -> None:
    """Show one release, its packages and its report."""
    from pipelines.custody import release_details

    console.show_pairs(f"Release {release}", release_details(console.session, release))


@release_group.add()
def watch(console: Console, release: str | None = None) -> None:
    """Say at which stage a run is, until it ends; or of all, once.

    It looks at what the run leaves in its folder, from another shell than the run's; nothing waits for it.
    """
    from pipelines.release import follow, in_making, under_way

    if release is None:
        session = console.session
        rows = [one.as_dict() for one in under_way(session, in_making(session))]
        names = ("release", "state", "working", "stage", "share", "since")
        console.show_rows("Under way", names, rows)
        return
    last = None
    for last in follow(console.session, release):
        doing = "works at" if last.working else "stands at" if last.stage else "is done, all of"
        stage = last.title or f"{last.of} stages"
        share = f"{last.number} of {last.of}, {last.share:.0%}"
        console.say(f"{release}: {share}, {doing} {stage}, since {last.since}, {last.state}")
    if console.json and last is not None:
        console.emit(last.as_dict())


@release_group.add("map")
def county_map(
    console: Console, release: str, year: int | None = None, out: Path | None = None
) -> None:
    """Show the counties of a table, hidden and published, as a map.

    For the Department, before and after it leaves: what it shows is what is or would be published.
    """
    from expectations.report import mapped
    from pipelines.custody import write_copy
    from pipelines.release import county_map_of

    chart = county_map_of(console.session, release, year)
    counted = chart.heads[1]
    rows = [{"county": one.label, "code": one.key, counted: one.values[0]} for one in chart.rows]
    if out is not None:
        drawn = mapped(chart).replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
        write_copy(out, drawn.encode())
        console.explain(f"Written: {console.shown(out)}")
    shown = [
        (r["county"], r["code"], "hidden" if (n := r[counted]) is None else f"{n:.0f}")
        for r in rows
    ]
    console.show(chart.title, ("county", "code", counted), shown, rows)


@release_group.add()
def report(
    console: Console,
    release: str,
    out: Path,
    edition: str = "department",
) -> None:
    """Write a copy of a release's report, to be read.

    The Department's edition has what the recipient's hides: it stays at the Department.
    """
    from pipelines.custody import report_edition, write_copy

    session = console.session
    write_copy(out, report_edition(session, release, edition))
    digest = session.releases.show(release).report
    shown = {"release": release, "edition": edition, "file": console.shown(out), "report": digest}
    console.show_pairs("Report", shown)


@release_group.add()
def approve(
    console: Console,
    release: str,
    report: str | None = None,
) -> None:
    """Let a release go, as a second person.

    On the strength of its report: read it first (`release report`), and name it, by its digest or by the
    file that you read. Where the settings want it named, a terminal asks for it.
    """
    from pipelines.custody import approve_release

    session = console.session
    place, named = _read_report(console, release, report)
    state = approve_release(session, release, named)
    console.show_pairs(f"Release {release}", state.as_dict() | {"report_file": place})
    console.hint(f"Seal it with `doj-release run {state.project} --resume {release}`.")


def _read_report(
    console: Console, release: str, report: str | None
) -> tuple[str | None, str | None]:
    """Where the report stands that a person decides on, and the digest of the one that they name."""
    from pipelines.custody import report_file, report_named
    from pipelines.keys import plain_digest, read_file

    session = console.session
    if report and is_digest(figures := plain_digest(report)):
        report = figures
    before = session.releases.show(release)
    place = report_file(session, before.project, release)
    named: str | bytes | None = report
    if report and not is_digest(report):
        named = read_file(console.taken(Path(report), READS), "report", _LARGEST)
    wanted = report is None and session.settings.release.approval_names_report
    if wanted and before.status == "waiting_approval" and console.asks:
        console.hint(f"Report {before.report} of {release}: {place}")
        asked = typer.prompt("The first 8 figures of its digest, if it is the one that you read", err=True)  # fmt: skip
        named = before.report if asked == str(before.report)[:_FIGURES] else asked
    return place, report_named(session, release, named)


@release_group.add("return")
def return_(
    console: Console,
    release: str,
    comment: Path,
    report: str | None = None,
) -> None:
    """Return a release to who runs it, with what is to be mended.

    As a second person, on the report that you read. What you write is kept encrypted with the project;
    `release show` shows it to those who may read the report. The same report is approved only after
    `release answer`; what was mended is a new order.
    """
    from pipelines.custody import return_release
    from pipelines.keys import read_file

    session = console.session
    _, named = _read_report(console, release, report)
    said = read_file(comment, "comment")
    state = return_release(session, release, said, named)
    console.show_pairs(f"Release {release}", state.as_dict())


@release_group.add()
def answer(console: Console, release: str, comment: Path) -> None:
    """Answer a return: why the same report may go.

    It waits for an approver again, who is neither who ran it nor who answers.
    """
    from pipelines.custody import answer_return
    from pipelines.keys import read_file

    session = console.session
    said = read_file(comment, "comment")
    console.show_pairs(f"Release {release}", answer_return(session, release, said).as_dict())


@release_group.add()
def handover(
    console: Console,
    release: str,
    to: str,
    by: str | None = None,
    out: Path | None = None,
) -> None:
    """Give a member their package, and record it.

    The gate is asked again: approvals, keys and sanctions may have changed meanwhile. The copy must be
    the one that was sealed to this member and signed; another is exit 5.
    """
    from pipelines.custody import hand_over

    session = console.session
    state = hand_over(session, release, to, by, out)
    place = console.shown(out or session.home.outbox / state.project / release / to)
    console.show_pairs(f"Release {release}", {**state.as_dict(), "package": place})


@release_group.add()
def receipt(
    console: Console,
    release: str,
    to: str,
    code: str | None = None,
) -> None:
    """Record that a member received their package.

    With the code that only the opened package tells, the receipt also proves that the member's own key
    opened it.
    """
    from pipelines.custody import record_receipt

    state = record_receipt(console.session, release, to, code)
    console.show_pairs(f"Release {release}", state.as_dict())


@release_group.add()
def disclosures(
    console: Console,
    project: str | None = None,
    member: str | None = None,
) -> None:
    """Account for disclosures: who was given which package when.

    With the hashes of the signed list and of every sealed part.
    """
    from approvals.custody import disclosures as account

    rows = account(console.session.releases, project, member)
    names = ("project_number", "release", "kind", "individuals", "name", "handed_over", "received")
    console.show_rows("Disclosures", (*names, "sha256sums"), rows)


@release_group.add()
def withdraw(
    console: Console,
    release: str,
    reason: str,
    confirm: str | None = None,
    dry_run: bool = False,
) -> None:
    """Take a release back; who has it is called to destroy it.

    Nothing more is handed over; a recall letter for each of them is laid ready, and its answer is
    recorded with `project event NO recall_answered recall=RELEASE.MEMBER outcome=destroyed`.
    """
    from pipelines.custody import ending, withdraw_release

    session = console.session
    done = (
        ending(session, release) if dry_run else withdraw_release(session, release, reason, confirm)
    )
    console.show_pairs(f"Release {release}", done)


@release_group.add()
def keep(console: Console, release: str) -> None:
    """Let a release go on whose end one of two people asked for."""
    from pipelines.custody import keep_release

    console.show_pairs(f"Release {release}", keep_release(console.session, release))


@release_group.add()
def destroy(
    console: Console,
    release: str,
    confirm: str | None = None,
    dry_run: bool = False,
) -> None:
    """Destroy our copy of a release, and record it."""
    from pipelines.custody import destroy_release, ending

    session = console.session
    done = ending(session, release) if dry_run else destroy_release(session, release, confirm)
    console.show_pairs(f"Release {release}", done)
