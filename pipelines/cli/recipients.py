"""``recipient …``: whose keys a project's packages are sealed to."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import CONSOLE, command, hint, show_pairs

group = typer.Typer(help="Recipients' keys, confirmed out of band.", no_args_is_help=True)


@group.command()
@command
def add(
    project: Annotated[str, typer.Argument(metavar="PROJECT")],
    cert: Annotated[
        Path, typer.Argument(metavar="CERT", help="X.509 certificate or public key, PEM.")
    ],
    member: Annotated[str, typer.Option("--member", metavar="NAME", help="The team member's id.")],
) -> None:
    """Register a team member's certificate."""
    from pipelines.keys import add_recipient
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        show_pairs("Recipient", add_recipient(session, project, cert, member))
    hint("A second person compares the fingerprint by telephone, then runs `recipient confirm`.")


@group.command()
@command
def confirm(
    fingerprint: Annotated[
        str, typer.Argument(help="SHA-256 of the public key, as read out by its owner.")
    ],
) -> None:
    """Confirm a key by its fingerprint, as a second person."""
    from pipelines.keys import confirm_recipient
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        show_pairs("Recipient", confirm_recipient(session, fingerprint))


@group.command()
@command
def revoke(
    project: Annotated[str, typer.Argument(metavar="PROJECT")],
    fingerprint: Annotated[str, typer.Argument(help="SHA-256 of the public key.")],
    reason: Annotated[
        str, typer.Option("--reason", help="compromised, lost, replaced or left_team.")
    ] = "replaced",
) -> None:
    """Take a key out of use: nothing more is sealed or handed over to it.

    A member's next key is added and confirmed first, where releases should go on.
    """
    from pipelines.keys import revoke_recipient
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        show_pairs("Recipient", revoke_recipient(session, project, fingerprint, reason))


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="recipient")
