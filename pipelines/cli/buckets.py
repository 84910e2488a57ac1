"""``bucket …``: register and staging on S3-compatible storage."""

import typer

from pipelines.cli.console import CONSOLE, command, hint, show_pairs

group = typer.Typer(help="Register and staging on S3-compatible storage.", no_args_is_help=True)


@group.command()
@command
def upload() -> None:
    """Send what the bucket lacks; safe to repeat."""
    from pipelines.deployment import upload as sent
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        show_pairs("Bucket", sent(session))


@group.command()
@command
def evict() -> None:
    """Drop this machine's copies of what is whole in the bucket."""
    from pipelines.deployment import evict as evicted
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        show_pairs("Bucket", evicted(session))
    hint("What is used is brought back, and compared with its digest.")


@group.command()
@command
def sweep() -> None:
    """Delete there what is half sent, forgotten or only looks deleted."""
    from pipelines.deployment import sweep as swept
    from pipelines.session import open_session

    with open_session(CONSOLE.home) as session:
        show_pairs("Bucket", swept(session))


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="bucket")
