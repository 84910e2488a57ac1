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
    from pipelines.office import open_office

    with open_office(CONSOLE.home) as office:
        rows = [release.as_dict() for release in office.releases.list(project)]
    names = ("release", "kind", "system", "status", "ordered_on", "ordered_by", "snapshot")
    show("Releases", names, [[row.get(n) for n in names] for row in rows], rows)


@group.command("show")
@command
def show_release(release: Release) -> None:
    """Show one release, its packages and its report."""
    from pipelines.custody import details
    from pipelines.office import open_office

    with open_office(CONSOLE.home) as office:
        body = details(office, release)
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
    from pipelines.attached import report_file
    from pipelines.office import open_office, today

    with open_office(CONSOLE.home) as office:
        report_file(office, office.releases.show(release).project, release)
        state = office.releases.approve(release, office.person, today(), report=report)
    show_pairs(f"Release {release}", state.as_dict())
    hint(f"Seal it with `doj-release run {state.project} --resume {release}`.")


@group.command()
@command
def handover(release: Release, to: Member) -> None:
    """Record that a member is given their package.

    The gate is asked again: approvals, keys and sanctions may have changed meanwhile.
    """
    from pipelines.office import open_office, today

    with open_office(CONSOLE.home) as office:
        state = office.releases.hand_over(release, to, office.person, today())
        place = office.home.outbox / state.project / release / to
    show_pairs(f"Release {release}", {**state.as_dict(), "package": str(place)})


@group.command()
@command
def receipt(release: Release, to: Member) -> None:
    """Record that a member received their package."""
    from pipelines.office import open_office, today

    with open_office(CONSOLE.home) as office:
        state = office.releases.receipt(release, to, office.person, today())
    show_pairs(f"Release {release}", state.as_dict())


@group.command()
@command
def withdraw(
    release: Release,
    reason: Annotated[
        str, typer.Option("--reason", help="wrong_data, wrong_recipient, approval_ended or other.")
    ],
) -> None:
    """Take a release back; nothing more is handed over."""
    from pipelines.custody import withdraw_release
    from pipelines.office import open_office

    with open_office(CONSOLE.home) as office:
        body = withdraw_release(office, release, reason)
    show_pairs(f"Release {release}", body)


@group.command()
@command
def destroy(release: Release) -> None:
    """Destroy our copy of a release, and record it."""
    from pipelines.custody import destroy_release
    from pipelines.office import open_office

    with open_office(CONSOLE.home) as office:
        body = destroy_release(office, release)
    show_pairs(f"Release {release}", body)


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="release")
