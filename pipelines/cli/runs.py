"""``run``, ``review`` and ``refresh``: making releases, up to where somebody has to act."""

import functools
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from errors import Exit
from pipelines.cli.console import Console
from pipelines.errors import OptionsDisagree
from pipelines.start import imports_that_stay

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipelines.cli.console import Report
    from pipelines.home import Home
    from pipelines.release import Outcome


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
    from expectations.judging import JUDGE

    if not resume:  # most of it needs no judge any more
        JUDGE.begin()
    _import_rooms()
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


@functools.cache
def _import_rooms() -> None:
    """Import what releases are made with."""
    with imports_that_stay():
        import pipelines.orchestration
        import pipelines.release  # noqa: F401


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
