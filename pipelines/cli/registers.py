"""``register load`` and ``register list``."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import CONSOLE, command, hint, show, show_pairs

group = typer.Typer(help="What the Department holds, as pinned snapshots.", no_args_is_help=True)


@group.command()
@command
def load(
    system: Annotated[str, typer.Argument(help="CARPOS")],
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="One file a table; its stem is the table's name."),
    ],
) -> None:
    """Validate files, resolve persons, pin a snapshot."""
    from pipelines.cli.progress import steps
    from pipelines.office import open_office
    from pipelines.registers import load_register

    with open_office(CONSOLE.home) as office, steps() as tell:
        info = load_register(office, system.upper(), files, tell)
    show_pairs("Snapshot", info)
    hint("Releases that are ordered from now on use this snapshot.")


@group.command("list")
@command
def list_snapshots(
    system: Annotated[str | None, typer.Argument()] = None,
) -> None:
    """List the snapshots, oldest first."""
    from pipelines.office import open_office
    from pipelines.registers import list_registers

    with open_office(CONSOLE.home) as office:
        rows = list_registers(office, system.upper() if system else None)
    names = (
        "snapshot",
        "system",
        "loaded",
        "entries",
        "persons",
        "persons_lower",
        "years",
        "synthetic",
    )
    show("Snapshots", names, [[row.get(n) for n in names] for row in rows], rows)


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="register")
