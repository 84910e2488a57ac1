"""``project check``: could we release on a day, and if not, why not."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from errors.coded import Exit
from pipelines.cli.console import CONSOLE, command, emit, say, show

if TYPE_CHECKING:
    from approvals.gate import Verdict


@command
def check(
    number: Annotated[str, typer.Argument(metavar="NO", help="The project's number.")],
    kind: Annotated[
        str | None, typer.Option("--kind", help="One kind; all that were approved by default.")
    ] = None,
    on: Annotated[
        datetime | None,
        typer.Option("--on", formats=["%Y-%m-%d"], metavar="DATE", help="Another day than today."),
    ] = None,
    years: Annotated[str | None, typer.Option("--years", metavar="A-B")] = None,
    system: Annotated[str | None, typer.Option("--system", help="Another system.")] = None,
    scope: Annotated[list[str] | None, typer.Option("--scope", help="Order family.")] = None,
    variable: Annotated[list[str] | None, typer.Option("--variable", help="Column.")] = None,
    dimension: Annotated[list[str] | None, typer.Option("--dimension", help="Of a table.")] = None,
    to: Annotated[list[str] | None, typer.Option("--to", help="Member who would receive.")] = None,
) -> None:
    """Could we release, and if not, why not.

    Every reason at once, with its section and what would cure it; exit 3 where there is one. What is
    not named is asked as approved: its years, scope, columns and confirmed keys.
    """
    from approvals.gate import people_of
    from pipelines.release import Wish, ask_about
    from pipelines.session import open_session, today

    with open_session(CONSOLE.home) as session:
        day = on.date() if on else today()
        state = session.projects.show(number)
        verdicts = {
            one: ask_about(
                session,
                number,
                Wish(
                    one, day, years, system,
                    tuple(scope or ()), tuple(variable or ()), tuple(dimension or ()),
                    tuple(to or ()),
                ),
            )
            for one in ((kind,) if kind else state.kinds)
        }  # fmt: skip
        people = people_of(state, day)
    if CONSOLE.json:
        answers = {one: v.as_dict() | {"people": people} for one, v in verdicts.items()}
        emit(answers[kind] if kind else answers)
    else:
        for one, verdict in verdicts.items():
            _tell(number, f"{day}", one, verdict)
        if people:
            shown = [name for name in people[0] if not name.endswith("_in_force")]
            rows = [[person.get(name) for name in shown] for person in people]
            show(f"People on {day}", [n.replace("_", " ") for n in shown], rows, people)
    if not all(verdict.allowed for verdict in verdicts.values()):
        raise typer.Exit(int(Exit.REFUSED))


def _tell(number: str, day: str, kind: str, verdict: "Verdict") -> None:
    if verdict.allowed:
        say(f"{number}: {kind} data could be released on {day}.")
        return
    reasons = [reason.as_dict() for reason in verdict.reasons]
    show(
        f"{number}: {kind} data can't be released on {day}",
        ("section", "rule", "why", "cure"),
        [(r["section"], r["rule"], r["text"], r["cure"]) for r in reasons],
        reasons,
    )
