"""``release …``: custody of releases from their report and approval to their destruction."""

from pathlib import Path

import typer

from pipelines.cli.caller import READS
from pipelines.cli.commands import Group
from pipelines.cli.console import Console
from pipelines.cli.places import is_digest

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
