"""``deadlines``, ``remind`` and ``doctor``."""

from datetime import datetime
from typing import Annotated

import typer

from errors.coded import Exit
from pipelines.cli.console import CONSOLE, command, show, show_pairs


@command
def deadlines(
    on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], metavar="DATE")
    ] = None,
    ics: Annotated[bool, typer.Option("--ics", help="As iCalendar.")] = False,
    within: Annotated[
        int | None,
        typer.Option(
            "--within", metavar="DAYS", min=0, help="Only what is overdue or due in DAYS."
        ),
    ] = None,
) -> None:
    """What is due, for whom, by which section; how it was counted."""
    from pipelines.session import open_session, today

    with open_session(CONSOLE.home) as session:
        day = on.date() if on else today()
        if ics:
            typer.echo(session.deadlines_ics(day), nl=False)
            return
        due = session.deadlines(day, within)
    names = ("due", "standing", "project_number", "what", "for_whom", "section", "count")
    heads = ("due", "", "project", "what", "for whom", "section", "counted")
    show(f"Deadlines on {day}", heads, [[row.get(n) for n in names] for row in due], due)


@command
def remind(
    on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], metavar="DATE")
    ] = None,
) -> None:
    """Write (and mail, where set up) the letters that are due."""
    from pipelines.home import open_home
    from pipelines.operations import remind as reminded

    done = reminded(open_home(CONSOLE.home), on.date() if on else None)
    show_pairs("Letters", done.as_dict())


@command
def doctor() -> None:
    """What this machine and this home can and can't do."""
    from pipelines.deployment import examine

    findings = examine(CONSOLE.home)
    show(
        "Doctor",
        ("", "what", "finding"),
        [(f.mark, f.what, f.detail) for f in findings],
        [f.as_json() for f in findings],
    )
    if any(f.state == "bad" for f in findings):
        raise typer.Exit(int(Exit.INTERNAL))


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("deadlines")(deadlines)
    app.command("remind")(remind)
    app.command("doctor")(doctor)
