"""``deadlines`` and ``remind``: what is due, and the letters that say so."""

from datetime import datetime
from typing import Annotated

import typer

from pipelines.cli.console import Console, command


@command
def deadlines(
    console: Console,
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

    with open_session(console.home) as session:
        day = on.date() if on else today()
        if ics:
            console.write(session.deadlines_ics(day))
            return
        due = session.deadlines(day, within)
    names = ("due", "standing", "project_number", "what", "for_whom", "section", "count")
    heads = ("due", "", "project", "what", "for whom", "section", "counted")
    console.show(f"Deadlines on {day}", heads, [[row.get(n) for n in names] for row in due], due)


@command
def remind(
    console: Console,
    on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], metavar="DATE")
    ] = None,
) -> None:
    """Write (and mail, where set up) the letters that are due."""
    from pipelines.home import open_home
    from pipelines.operations import remind as reminded

    done = reminded(open_home(console.home), on.date() if on else None)
    console.show_pairs("Letters", done.as_dict())
