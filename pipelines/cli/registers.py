"""``register load``, ``make-up`` and ``list``."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import Console, command

register_group = typer.Typer(
    help="What the Department holds, as pinned snapshots.", no_args_is_help=True
)


@register_group.command()
@command
def load(
    console: Console,
    system: Annotated[str, typer.Argument(help="ACHS, CARPOS, CURES, JCPSS or RIPA")],
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="One file a table; its stem is the table's name."),
    ],
) -> None:
    """Validate files, resolve persons, pin a snapshot."""
    from pipelines.registers import load_register
    from pipelines.session import open_session

    with open_session(console.home) as session, console.steps() as report:
        info = load_register(session, system.upper(), files, report)
    console.show_pairs("Snapshot", info)
    console.hint("Releases that are ordered from now on use this snapshot.")


@register_group.command("make-up")
@command
def make_up(
    console: Console,
    system: Annotated[str, typer.Argument(help="ACHS, CARPOS, CURES, JCPSS or RIPA")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder for its files.")],
    records: Annotated[
        int,
        typer.Option("--records", min=1, help="Orders, arrests, referrals, prescriptions, stops."),
    ] = 10_000,
    seed: Annotated[int, typer.Option("--seed", help="The same seed makes the same register.")] = 1,
) -> None:
    """Write a made-up register to try things with.

    The truth behind it stands beside it, never inside.
    """
    from pipelines.session import today
    from synthetic.registers import make_system

    last = today().year - 1
    made = make_system(
        system.upper(), folder / "register", records=records, seed=seed, first_year=last - 9, last_year=last
    )  # fmt: skip
    facts = {
        "system": system.upper(),
        "files": [str(path) for path in made.files],
        "truth": str(made.path),
        "entries": made.persons.num_rows,
    }
    console.show_pairs("Made-up register", facts)
    console.hint(f"doj-release register load {system.upper()} {folder}/register/*.parquet")


@register_group.command("list")
@command
def list_snapshots(
    console: Console,
    system: Annotated[str | None, typer.Argument()] = None,
) -> None:
    """List the snapshots, oldest first."""
    from pipelines.registers import list_registers
    from pipelines.session import open_session

    with open_session(console.home) as session:
        rows = list_registers(session, system.upper() if system else None)
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
    console.show("Snapshots", names, [[row.get(n) for n in names] for row in rows], rows)
