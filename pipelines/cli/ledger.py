"""``ledger show | verify | checkpoint | export``."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import CONSOLE, command, emit, plain, say, show, show_pairs

_SHOWN = 24  # characters of a fact in the table: a digest's beginning is enough to find it
group = typer.Typer(help="The record that can't be quietly changed.", no_args_is_help=True)


@group.command("show")
@command
def show_events(
    project: Annotated[str | None, typer.Option("--project")] = None,
    release: Annotated[str | None, typer.Option("--release")] = None,
    kind: Annotated[str | None, typer.Option("--kind")] = None,
    last: Annotated[int, typer.Option("--last", min=1, help="The newest N events.")] = 50,
) -> None:
    """List events, oldest first."""
    from pipelines.office import open_office

    with open_office(CONSOLE.home) as office:
        entries = list(office.ledger.events(project=project, release=release, kind=kind))[-last:]
        show(
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


@group.command()
@command
def verify(
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", help="A checkpoint that was kept elsewhere.")
    ] = None,
) -> None:
    """Check every hash, order and length; exit 5 if changed."""
    from pipelines.office import open_office

    with open_office(CONSOLE.home) as office:
        show_pairs("Ledger", office.verify_ledger(checkpoint))


@group.command()
@command
def checkpoint(
    out: Annotated[
        Path | None, typer.Option("--out", help="Write it there instead of stdout.")
    ] = None,
) -> None:
    """Sign size and Merkle root, to be kept elsewhere."""
    from pipelines.home import write_private
    from pipelines.office import open_office

    with open_office(CONSOLE.home) as office:
        body = office.checkpoint()
    if out is None:
        emit(body)
        return
    import json

    write_private(out, json.dumps(body, indent=1))
    say(f"Checkpoint of {body['size']} events written.")


@group.command()
@command
def export(
    out: Annotated[Path, typer.Option("--out", help="A file of one JSON object a line.")],
) -> None:
    """Write all events, to be kept elsewhere."""
    from pipelines.office import open_office

    with open_office(CONSOLE.home) as office:
        count = office.export_ledger(out)
    show_pairs("Export", {"events": count})


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="ledger")
