"""``demo``: the main job, end to end, on made-up people."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import CONSOLE, command


@command
def demo(
    records: Annotated[
        int, typer.Option("--records", min=200, help="Orders in the register.")
    ] = 250_000,
    cohort: Annotated[
        int, typer.Option("--cohort", min=10, help="Rows of the researcher's cohort.")
    ] = 5_000,
    ledger: Annotated[
        str, typer.Option("--ledger", metavar="URL", help="Its ledger in a PostgreSQL database.")
    ] = "",
) -> None:
    """Make a demo home and run one release of each kind."""
    from pipelines.cli.demo import demonstrate

    demonstrate(
        CONSOLE.home or Path("demo-home"),
        records=records,
        cohort=cohort,
        console=CONSOLE,
        ledger_url=ledger,
    )


def attach(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)
