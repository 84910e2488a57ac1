"""``escrow …`` and ``switch …``: what takes two people besides projects and releases."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import CONSOLE, command, hint, show, show_pairs

escrow_group = typer.Typer(
    help="The Department's own key, made and kept elsewhere.", no_args_is_help=True
)
switch_group = typer.Typer(
    help="Settings less cautious than their defaults, by two people.", no_args_is_help=True
)


@escrow_group.command("show")
@command
def show_escrow() -> None:
    """Show the confirmed key, those that wait, and every use."""
    from pipelines.custody import escrow_overview
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        show_pairs("Escrow", escrow_overview(session))


@escrow_group.command("add")
@command
def add_escrow(
    cert: Annotated[Path, typer.Argument(metavar="CERT", help="Certificate or public key, PEM.")],
) -> None:
    """Take the certificate of a key that was made on another machine."""
    from pipelines.custody import add_escrow_certificate
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        show_pairs("Escrow", add_escrow_certificate(session, cert))
    hint("A second person compares the fingerprint out of band, then runs `escrow confirm`.")


@escrow_group.command("confirm")
@command
def confirm_escrow(
    fingerprint: Annotated[str, typer.Argument(help="As read out by the key's custodian.")],
) -> None:
    """Confirm it, as a second person: packages are sealed to it from now on."""
    from pipelines.custody import confirm_escrow_certificate
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        show_pairs("Escrow", confirm_escrow_certificate(session, fingerprint))


@escrow_group.command("request")
@command
def request_escrow(
    release: Annotated[str, typer.Argument(metavar="RELEASE")],
    reason: Annotated[str, typer.Option("--reason", help="proof, recovery or court_order.")],
) -> None:
    """Ask to use it for a release."""
    from pipelines.custody import request_escrow
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        show_pairs("Escrow", request_escrow(session, release, reason))
    hint("A second person runs `escrow allow REQUEST --out DIR`.")


@escrow_group.command("allow")
@command
def allow_escrow(
    request: Annotated[str, typer.Argument(metavar="REQUEST")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="A new folder.")],
) -> None:
    """Allow a use, as a second person; sealed copies go out."""
    from pipelines.custody import allow_escrow
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        show_pairs("Escrow", allow_escrow(session, request, out.absolute()))


@switch_group.command("list")
@command
def list_switches() -> None:
    """List the switches, and what two people confirmed."""
    from pipelines.session import open_session, switch_overview

    with open_session(CONSOLE.home) as session:
        rows = switch_overview(session)
    names = ("switch", "value", "default", "less_cautious", "confirmed")
    show("Switches", names, [[row[n] for n in names] for row in rows], rows)


@switch_group.command("override")
@command
def override_switch(name: Annotated[str, typer.Argument(help="Such as disclosure.row_k.")]) -> None:
    """Record the value that settings.toml has."""
    from pipelines.session import open_session, override_setting

    with open_session(CONSOLE.home) as session:
        show_pairs("Switch", override_setting(session, name))


@switch_group.command("confirm")
@command
def confirm_switch(name: Annotated[str, typer.Argument()]) -> None:
    """Confirm it, as a second person."""
    from pipelines.session import confirm_setting, open_session

    with open_session(CONSOLE.home) as session:
        show_pairs("Switch", confirm_setting(session, name))


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(escrow_group, name="escrow")
    app.add_typer(switch_group, name="switch")
