"""``init``, ``backup``, ``restore`` and ``upgrade``: a home, and its life on machines."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import CONSOLE, command, hint, show_pairs


@command
def init(
    department: Annotated[
        str | None, typer.Option("--department", help="The name in the signing certificate.")
    ] = None,
    ledger: Annotated[
        str,
        typer.Option("--ledger", metavar="URL", help="A PostgreSQL database; see `ledger schema`."),
    ] = "",
) -> None:
    """Make a home: settings, keys, people, an empty ledger."""
    from pipelines.deployment import chosen_folder, init_home
    from pipelines.home import HomeMissing

    root = chosen_folder(CONSOLE.home)
    if root is None:
        raise HomeMissing
    facts = init_home(root, department=department, ledger_url=ledger)
    show_pairs("Home", facts)
    hint(
        "Next: name the people in people.toml, read settings.toml, keep keys/passphrase elsewhere."
    )


@command
def backup(
    out: Annotated[Path, typer.Argument(metavar="OUT.tar", help="A new file.")],
) -> None:
    """Write the home into one file; no staged row, no passphrase."""
    from pipelines.deployment import back_up
    from pipelines.home import open_home

    facts = back_up(open_home(CONSOLE.home), out)
    show_pairs("Backup", facts)
    if facts["ledger"] == "elsewhere":
        hint("The ledger is a database of its own: back it up with pg_dump, before this.")
    hint("The passphrase is not in it. Restore it somewhere, today, and see that it verifies.")


@command
def restore(
    backup: Annotated[Path, typer.Argument(metavar="BACKUP.tar")],
) -> None:
    """Put a backup into a new or empty folder (--home)."""
    from pipelines.deployment import chosen_folder
    from pipelines.deployment import restore as restored
    from pipelines.home import HomeMissing

    root = chosen_folder(CONSOLE.home)
    if root is None:
        raise HomeMissing
    show_pairs("Restored", restored(backup, root))
    hint("Next: put keys/passphrase back (0600), then `doj-release ledger verify` and `doctor`.")


@command
def upgrade() -> None:
    """Take the home to this version's format; `backup` first."""
    from pipelines.deployment import upgrade as upgraded
    from pipelines.home import open_home

    show_pairs("Upgrade", upgraded(open_home(CONSOLE.home)))


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("init")(init)
    app.command("backup")(backup)
    app.command("restore")(restore)
    app.command("upgrade")(upgrade)
