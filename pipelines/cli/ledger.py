"""``ledger show | verify | checkpoint | export | schema``."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import Console, command, plain
from pipelines.errors import OptionsDisagree

_SHOWN = 24  # characters of a fact in the table: a digest's beginning is enough to find it
ledger_group = typer.Typer(help="The record that can't be quietly changed.", no_args_is_help=True)


@ledger_group.command("show")
@command
def show_events(
    console: Console,
    project: Annotated[str | None, typer.Option("--project")] = None,
    release: Annotated[str | None, typer.Option("--release")] = None,
    kind: Annotated[str | None, typer.Option("--kind")] = None,
    last: Annotated[int, typer.Option("--last", min=1, help="The newest N events.")] = 50,
) -> None:
    """List events, oldest first."""
    from pipelines.session import open_session

    with open_session(console.home) as session:
        entries = list(session.ledger.events(project=project, release=release, kind=kind))[-last:]
        console.show(
            "Ledger",
            ("seq", "at", "kind", "project", "release", "actor", "facts"),
            [
                (
                    e.seq,
                    f"{e.at:%Y-%m-%d %H:%M:%S}",
                    e.kind,
                    e.project,
                    e.release,
                    e.actor,
                    _facts(e.facts),
                )
                for e in entries
            ],
            [e.as_dict() for e in entries],
        )


def _facts(facts: object) -> str:
    items = facts.items() if isinstance(facts, dict) else []
    return " ".join(f"{k}={_short(plain(v))}" for k, v in items)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


@ledger_group.command()
@command
def verify(
    console: Console,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", help="One that was kept elsewhere; may be repeated."),
    ] = None,
) -> None:
    """Check every hash, order and length; exit 5 if changed.

    Against the home's own note of how far the ledger had come, every checkpoint that it signed, and
    those named here, such as the ledger-checkpoint.json of a package.
    """
    from pipelines.keys import verify_ledger
    from pipelines.session import open_session

    with open_session(console.home) as session:
        console.show_pairs("Ledger", verify_ledger(session, checkpoint or ()))


@ledger_group.command("checkpoint")
@command
def sign_checkpoint(
    console: Console,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write it there instead of stdout.")
    ] = None,
) -> None:
    """Sign size and Merkle root, to be kept elsewhere."""
    from pipelines.home import write_private
    from pipelines.keys import checkpoint
    from pipelines.session import open_session

    with open_session(console.home) as session:
        body = checkpoint(session)
    if out is None:
        console.emit(body)
        return
    import json

    write_private(out, json.dumps(body, indent=1))
    console.say(f"Checkpoint of {body['size']} events written.")


@ledger_group.command()
@command
def export(
    console: Console,
    out: Annotated[Path, typer.Option("--out", help="A file of one JSON object a line.")],
) -> None:
    """Write all events, to be kept elsewhere."""
    from pipelines.keys import export_ledger
    from pipelines.session import open_session

    with open_session(console.home) as session:
        count = export_ledger(session, out)
    console.show_pairs("Export", {"events": count})


@ledger_group.command("schema")
@command
def print_schema(
    console: Console,
    role: Annotated[str, typer.Option("--role", help="The role that appends.")],
    schema: Annotated[str, typer.Option("--schema", help="Where the table goes.")] = "public",
) -> None:
    """Print the SQL of a PostgreSQL ledger.

    For its administrator, before `init --ledger URL`: table, triggers, and the grants of a role that
    appends and reads and can do nothing else.
    """
    from approvals.ledger import postgres_script

    try:
        console.write(postgres_script(role, schema))
    except ValueError:
        raise OptionsDisagree(option="--role and --schema are plain identifiers") from None
