"""``project …``: the life of a project."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import CONSOLE, command, emit, show, show_pairs
from pipelines.cli.project_gate import check
from pipelines.cli.project_life import history, kinds, next_steps
from pipelines.errors import OptionsDisagree

group = typer.Typer(
    help="Applications, approvals, cohorts: the life of a project.", no_args_is_help=True
)
Number = Annotated[str, typer.Argument(metavar="NO", help="The project's number.")]
Day = Annotated[
    datetime | None,
    typer.Option("--on", formats=["%Y-%m-%d"], metavar="DATE", help="Another day than today."),
]


@group.command()
@command
def submit(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="See `project example`.")],
) -> None:
    """Take an application, or an amendment of one."""
    from pipelines.session import open_session, today

    with open_session(CONSOLE.home) as session:
        state = session.projects.submit(file, session.person, today())
    show_pairs("Project", state.as_dict(today()))


@group.command()
@command
def example(
    kind: Annotated[
        str, typer.Argument(help="standard (§ 966) or aggregated (§ 965)")
    ] = "standard",
    system: Annotated[
        str, typer.Option("--system", help="ACHS, CARPOS, CURES, JCPSS or RIPA.")
    ] = "CARPOS",
    only: Annotated[str | None, typer.Option("--kind", help="One kind of release alone.")] = None,
) -> None:
    """Print a commented application to fill in."""
    from approvals.application import example_for

    if kind == "standard" or kind == "aggregated":  # narrows the type
        typer.echo(example_for(system.upper(), kind, kind=only), nl=False)
        return
    raise OptionsDisagree(option="standard or aggregated")


@group.command()
@command
def approve(number: Number) -> None:
    """Approve a submitted project, as a second person."""
    from pipelines.session import open_session, today

    with open_session(CONSOLE.home) as session:
        state = session.projects.approve(number, session.person, today())
    show_pairs("Project", state.as_dict(today()))


@group.command("show")
@command
def show_project(number: Number) -> None:
    """Show a project whole; exit 5 where a file changed."""
    from approvals.attempts import refused_attempts
    from pipelines.custody import papers_of, report_file
    from pipelines.session import open_session, today

    with open_session(CONSOLE.home) as session:
        state = session.projects.show(number)
        body = state.as_dict(today())
        body["next"] = next_steps(session, state)
        releases = [release.as_dict() for release in session.releases.list(number)]
        for release in releases:
            release["report_file"] = report_file(session, number, str(release["release"]))
        papers, drafts, gone = papers_of(session, number)
        refused = refused_attempts(session.ledger, number)
    body |= {"releases": releases, "documents": papers, "drafts": drafts, "refused": refused}
    if CONSOLE.json:
        emit(body)
        if gone is not None:
            raise typer.Exit(int(gone.exit))
        return
    plain = {k: v for k, v in body.items() if not isinstance(v, list) or k in ("kinds", "next")}
    show_pairs(f"Project {number}", plain)
    for name in ("cohorts", "recipients", "releases", "documents", "drafts", "refused"):
        rows: list[dict[str, object]] = body[name]  # type: ignore[assignment]
        columns = list(rows[0]) if rows else []
        show(name.capitalize(), columns, [[row[c] for c in columns] for row in rows], rows)
    if gone is not None:
        raise gone


@group.command("list")
@command
def list_projects() -> None:
    """List projects with number, kinds, state, expiry."""
    from pipelines.session import open_session, today

    with open_session(CONSOLE.home) as session:
        rows = [state.as_dict(today()) for state in session.projects.list()]
    names = ("project_number", "system", "kinds", "state", "approved_on", "expires")
    show("Projects", names, [[_joined(row[n]) for n in names] for row in rows], rows)


def _joined(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list) else value


@group.command()
@command
def event(
    number: Number,
    kind: Annotated[
        str, typer.Argument(help="Such as background_check, draft_received, project_completed.")
    ],
    facts: Annotated[list[str] | None, typer.Argument(metavar="NAME=VALUE...")] = None,
    file: Annotated[
        list[str] | None,
        typer.Option(
            "--file", metavar="NAME=PATH", help="A fact that is a document; kept with the project."
        ),
    ] = None,
    on: Day = None,
) -> None:
    """Record something that happened to a project."""
    from pipelines.custody import record_event
    from pipelines.session import open_session, today

    files = {name: Path(path) for name, path in _named(file or []).items()}
    day = on.date() if on else today()
    with open_session(CONSOLE.home) as session:
        state, letter = record_event(session, number, kind, day, _named(facts or []), files)
    extra = {"letter": str(letter)} if letter else {}
    show_pairs("Project", state.as_dict(today()) | extra)


def _named(items: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals or not name:
            raise OptionsDisagree(option="facts and files are NAME=VALUE")
        found[name] = value
    return found


@group.command()
@command
def cohort(
    number: Number,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV, Parquet or XLSX with cohort_id.")
    ],
    columns: Annotated[Path | None, typer.Option("--columns", metavar="MAP.toml")] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="As the application declares it.")
    ] = None,
) -> None:
    """Register a cohort; a second person confirms it."""
    from pipelines.cohort import register_cohort
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        show_pairs("Cohort", register_cohort(session, number, file, columns, source))


@group.command("cohort-confirm")
@command
def cohort_confirm(
    number: Number,
    digest: Annotated[
        str | None, typer.Argument(help="Which; the one that waits by default.")
    ] = None,
) -> None:
    """Confirm a registered cohort, as a second person."""
    from pipelines.session import open_session, today

    with open_session(CONSOLE.home) as session:
        state = session.projects.confirm_cohort(number, digest, session.person, today())
        rows = state.as_dict(today())["cohorts"]
    show_pairs("Cohort", {"project": number, "cohorts": rows})


@group.command()
@command
def documents(number: Number) -> None:
    """List stored documents; exit 5 where one changed."""
    from pipelines.custody import papers_of
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        session.projects.show(number)
        rows, _, gone = papers_of(session, number)
    names = ("what", "on", "event", "state")
    show("Documents", names, [[row[n] for n in names] for row in rows], rows)
    if gone is not None:
        raise gone if not CONSOLE.json else typer.Exit(int(gone.exit))


@group.command()
@command
def certificate(number: Number) -> None:
    """Write a prefilled certificate of destruction."""
    from pipelines.custody import write_certificate
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        show_pairs("Certificate", {"letter": str(write_certificate(session, number))})


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    group.command("check")(check)
    group.command("history")(history)
    group.command("kinds")(kinds)
    app.add_typer(group, name="project")
