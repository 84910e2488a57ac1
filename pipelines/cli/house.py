"""``init``: a new home."""

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
    from pipelines.errors import HomeMissing
    from pipelines.founding import found_home, where

    root = where(CONSOLE.home)
    if root is None:
        raise HomeMissing
    facts = found_home(root, department=department, ledger_url=ledger)
    show_pairs("Home", facts)
    hint(
        "Next: name the people in people.toml, read settings.toml, keep keys/passphrase elsewhere."
    )


def attach(app: typer.Typer) -> None:
    """Add the command."""
    app.command("init")(init)
