"""``release …``: custody of releases, from approval to destruction."""

from typing import Annotated

import typer

from pipelines.cli.console import CONSOLE, command, hint, show, show_pairs

group = typer.Typer(help="Custody of releases.", no_args_is_help=True)
Release = Annotated[str, typer.Argument(metavar="RELEASE")]
Member = Annotated[str, typer.Option("--to", metavar="MEMBER", help="The team member's id.")]


@group.command("list")
@command
def list_releases(project: Annotated[str | None, typer.Option("--project")] = None) -> None:
    """List releases and where each stands."""
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        rows = [release.as_dict() for release in session.releases.list(project)]
    names = ("release", "kind", "system", "status", "ordered_on", "ordered_by", "snapshot")
    show("Releases", names, [[row.get(n) for n in names] for row in rows], rows)


@group.command("show")
@command
def show_release(release: Release) -> None:
    """Show one release, its packages and its report."""
    from pipelines.custody import release_details
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        body = release_details(session, release)
    show_pairs(f"Release {release}", body)


@group.command()
@command
def approve(
    release: Release,
    report: Annotated[
        str | None, typer.Option("--report", help="Digest of the report that you read.")
    ] = None,
) -> None:
    """Let a release go, as a second person.

    On the strength of its report: read it first, and give its digest to be sure that it is that one.
    """
    from pipelines.custody import report_file
    from pipelines.session import open_session, today

    with open_session(CONSOLE.home) as session:
        report_file(session, session.releases.show(release).project, release)
        state = session.releases.approve(release, session.person, today(), report=report)
    show_pairs(f"Release {release}", state.as_dict())
    hint(f"Seal it with `doj-release run {state.project} --resume {release}`.")


@group.command()
@command
def handover(
    release: Release,
    to: Member,
    by: Annotated[
        str | None, typer.Option("--by", help="portal, sftp, media or in_person.")
    ] = None,
) -> None:
    """Give a member their package, and record it.

    The gate is asked again: approvals, keys and sanctions may have changed meanwhile. The copy must be
    the one that was sealed to this member and signed; another is exit 5.
    """
    from pipelines.custody import hand_over
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        state = hand_over(session, release, to, by)
        place = session.home.outbox / state.project / release / to
    show_pairs(f"Release {release}", {**state.as_dict(), "package": str(place)})


@group.command()
@command
def receipt(
    release: Release,
    to: Member,
    code: Annotated[
        str | None,
        typer.Option("--code", help="receipt_code from provenance.json of the opened package."),
    ] = None,
) -> None:
    """Record that a member received their package.

    With the code that only the opened package tells, the receipt also proves that the member's own key
    opened it.
    """
    from pipelines.custody import record_receipt
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        state = record_receipt(session, release, to, code)
    show_pairs(f"Release {release}", state.as_dict())


@group.command()
@command
def disclosures(
    project: Annotated[str | None, typer.Option("--project")] = None,
    member: Annotated[str | None, typer.Option("--member", help="A member's id.")] = None,
) -> None:
    """Account for disclosures: who was given which package when.

    With the hashes of the signed list and of every sealed part.
    """
    from approvals.custody import disclosures as account
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        rows = account(session.releases, project, member)
    names = ("project_number", "release", "kind", "individuals", "name", "handed_over", "received")
    shown = [[*(row[n] for n in names), f"{str(row['sha256sums'])[:12]}…"] for row in rows]
    show("Disclosures", (*names, "sha256sums"), shown, rows)


@group.command()
@command
def withdraw(
    release: Release,
    reason: Annotated[
        str, typer.Option("--reason", help="wrong_data, wrong_recipient, approval_ended or other.")
    ],
) -> None:
    """Take a release back; who has it is called to destroy it.

    Nothing more is handed over; a recall letter for each of them is laid ready, and its answer is
    recorded with `project event NO recall_answered recall=RELEASE.MEMBER outcome=destroyed`.
    """
    from pipelines.custody import withdraw_release
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        body = withdraw_release(session, release, reason)
    show_pairs(f"Release {release}", body)


@group.command()
@command
def destroy(release: Release) -> None:
    """Destroy our copy of a release, and record it."""
    from pipelines.custody import destroy_release
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        body = destroy_release(session, release)
    show_pairs(f"Release {release}", body)


@command
def retention(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what is kept until when; end nothing.")
    ] = False,
) -> None:
    """End what was kept long enough: outbox and cohorts.

    The daily `remind` flow does the same.
    """
    from pipelines.custody import enforce_retention, retention_items
    from pipelines.session import open_session, today

    with open_session(CONSOLE.home) as session:
        found = retention_items(session) if dry_run else enforce_retention(session, today())
        rows = [item.as_dict(today()) for item in found]
    names = ("what", "project_number", "about", "until", "over")
    title = "Kept" if dry_run else "Ended"
    show(title, names, [[row[n] for n in names] for row in rows], rows)


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="release")
    app.command("retention")(retention)
