"""``run``, ``review`` and ``refresh``: making releases."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from errors.coded import Exit
from pipelines.cli.console import CONSOLE, command, emit, hint, say, show_pairs
from pipelines.errors import OptionsDisagree

if TYPE_CHECKING:
    from pipelines.home import Home
    from pipelines.release import Outcome


@command
def run(
    project: Annotated[str, typer.Argument(help="The project's number.")],
    kind: Annotated[
        str | None, typer.Option("--kind", help="identified, deidentified or aggregated.")
    ] = None,
    cohort: Annotated[
        Path | None,
        typer.Option(
            "--cohort", metavar="FILE", help="Must be the one registered with the project."
        ),
    ] = None,
    columns: Annotated[Path | None, typer.Option("--columns", metavar="MAP.toml")] = None,
    years: Annotated[
        str | None, typer.Option("--years", metavar="A-B", help="Full calendar years.")
    ] = None,
    dims: Annotated[
        str | None, typer.Option("--dims", metavar="a,b", help="Dimensions of an aggregate.")
    ] = None,
    coarser: Annotated[
        str | None,
        typer.Option(
            "--coarser",
            metavar="a,b",
            help="Columns of de-identified rows to give with less detail; or dates, or all.",
        ),
    ] = None,
    suppress_locally: Annotated[
        bool, typer.Option("--suppress-locally", help="Empty cells that make persons rare.")
    ] = False,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="stata|spss|sas",
            help="One more form of the same rows; may be given several times.",
        ),
    ] = None,
    resume: Annotated[str | None, typer.Option("--resume", metavar="RELEASE")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Stop after validation.")] = False,
    doubtful: Annotated[
        str | None, typer.Option("--doubtful", help="wait (exit 7 until reviewed) or exclude.")
    ] = None,
    no_orchestrator: Annotated[
        bool, typer.Option("--no-orchestrator", help="The same stages without Prefect.")
    ] = False,
) -> None:
    """Make a release, up to where somebody has to act.

    Through Prefect; stops with exit 7 where a reviewer or an approver has to act, and is resumed then.
    """
    from pipelines.release import Request, order_release, resumed
    from pipelines.session import open_session

    later = (kind, cohort, columns, years, dims, dry_run, coarser, suppress_locally, formats)
    if resume and any(later):
        raise OptionsDisagree(option="--resume goes on with the order as it was given")
    if doubtful not in {None, "wait", "exclude"}:
        raise OptionsDisagree(option="--doubtful is wait or exclude")
    with open_session(CONSOLE.home) as session:
        if resume:
            release = resumed(session, project, resume, doubtful)
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
                    formats=tuple(formats or ()),
                ),
            )
        home = session.home
    _carry_out(home, release, orchestrated=not no_orchestrator)


def _carry_out(home: "Home", release: str, *, orchestrated: bool) -> None:
    from pipelines.cli.progress import steps
    from pipelines.orchestration import launch
    from pipelines.release import STAGES

    titles = {stage.name: stage.title for stage in STAGES}
    with steps() as tell:
        if orchestrated:
            tell("Starting Prefect")
        outcome = launch(
            home,
            release,
            orchestrated=orchestrated,
            progress=lambda stage, state: tell(titles[stage]) if state == "start" else None,
        )
    report_outcome(home, outcome)


def report_outcome(home: "Home", outcome: "Outcome") -> None:
    """Show how a run ended and leave with its exit code."""
    from pipelines.release import summary

    body = summary(home, outcome)
    if CONSOLE.json:
        emit(body)
    else:
        show_pairs("Release", {k: v for k, v in body.items() if k != "error"})
    if outcome.exit is not Exit.DONE:
        hint(outcome.text)
        raise typer.Exit(int(outcome.exit))


@command
def review(
    release: Annotated[str, typer.Argument(help="A release that waits for review.")],
    export: Annotated[Path | None, typer.Option("--export", metavar="F.xlsx")] = None,
    import_: Annotated[Path | None, typer.Option("--import", metavar="F.xlsx")] = None,
) -> None:
    """Doubtful pairs out to a sheet, decisions back in."""
    from pipelines.release import export_review, import_review
    from pipelines.session import open_session

    if (export is None) == (import_ is None):
        raise OptionsDisagree(option="one of --export and --import")
    with open_session(CONSOLE.home) as session:
        if export is not None:
            count = export_review(session, release, export)
            show_pairs("Review", {"release": release, "pairs": count})
            hint(
                "The sheet shows personal values: 0600, for the reviewer; destroy it after the import."
            )
        elif import_ is not None:
            counts = import_review(session, release, import_)
            show_pairs("Review", {"release": release, **counts})
            say("Resume the run to go on.")


@command
def refresh(
    system: Annotated[str, typer.Argument(help="ACHS, CARPOS, CURES, JCPSS or RIPA")],
    project: Annotated[str, typer.Option("--project", metavar="NO")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change; publish nothing.")
    ] = False,
    no_orchestrator: Annotated[bool, typer.Option("--no-orchestrator")] = False,
) -> None:
    """Refresh a project's aggregates: new years, and late records.

    New full years are added; a closed year is revised only where late records may revise it, and else
    left as it was published, with the reason. All of it comes from the newest snapshot and is protected
    together with everything that was ever published.
    """
    from pipelines.release import closed_years, order_refresh
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        plan = order_refresh(session, system.upper(), project, dry_run=dry_run)
        home = session.home
    if plan.release is None:
        show_pairs("Refresh", plan.as_json(with_changes=dry_run))
        return
    for year, said in closed_years.in_words(closed_years.told(plan.closed, plan.behind)).items():
        hint(f"{year}: {said}.")
    _carry_out(home, plan.release, orchestrated=not no_orchestrator)


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("run")(run)
    app.command("review")(review)
    app.command("refresh")(refresh)
