"""The command tree of ``doj-release``."""

import functools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from crypto.process import harden_process
from errors import Exit
from pipelines.cli import demo, deployment, keys, ledger, projects, registers, releases, standalone
from pipelines.cli.console import Console, Group
from pipelines.cli.signals import orderly
from pipelines.errors import CommandUnusable

_FLAGS = {"--json", "--version"}
_WITH_VALUE = {"--home"}

app = Group(
    "Secure release of Department data: link, extract, prove, seal, record.",
    name="doj-release",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"doj-release {version('doj-release')}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    home: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The home (or DOJ_RELEASE_HOME).", show_default=False),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Machine output on stdout, nothing else there.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and exit.", is_eager=True, callback=_print_version
        ),
    ] = False,
) -> None:
    """Secure release of Department data: link, extract, prove, seal, record."""
    del version
    console = context.ensure_object(Console)
    console.home, console.json = console.placed(home), as_json


for name, function in {
    "demo": demo.demo,
    "init": deployment.init,
    "backup": deployment.backup,
    "restore": deployment.restore,
    "upgrade": deployment.upgrade,
    "run": releases.run,
    "review": releases.review,
    "refresh": releases.refresh,
    "retention": releases.retention,
    "match": standalone.match,
    "suppress": standalone.suppress,
    "audit": standalone.audit,
    "rates": standalone.rates,
    "seal": standalone.seal,
    "verify": standalone.verify,
    "deadlines": projects.deadlines,
    "remind": projects.remind,
    "doctor": deployment.doctor,
}.items():
    app.add(name)(function)

for name, group in {
    "register": registers.register_group,
    "bucket": deployment.bucket_group,
    "project": projects.project_group,
    "recipient": keys.recipient_group,
    "release": releases.release_group,
    "escrow": keys.escrow_group,
    "switch": keys.switch_group,
    "keys": keys.keys_group,
    "ledger": ledger.ledger_group,
}.items():
    app.add_typer(group, name=name)


def hoist(arguments: Sequence[str]) -> list[str]:
    """Move the global options to the front: they may stand before or after the command."""
    front: list[str] = []
    rest: list[str] = []
    queue = list(arguments)
    while queue:
        word = queue.pop(0)
        if word == "--":
            rest += [word, *queue]
            break
        if word in _FLAGS:
            front.append(word)
        elif word in _WITH_VALUE and queue:
            front += [word, queue.pop(0)]
        elif word.partition("=")[0] in _WITH_VALUE and "=" in word:
            front.append(word)
        else:
            rest.append(word)
    return front + rest


def step_of(words: Sequence[str]) -> str:
    """The command in dots, of arguments whose global options stand in front."""
    queue = list(words)
    while queue and (queue[0] in _FLAGS or queue[0].partition("=")[0] in _WITH_VALUE):
        word = queue.pop(0)
        del queue[: word in _WITH_VALUE]
    groups = {group.name for group in app.registered_groups}
    return ".".join(queue[: 2 if queue and queue[0] in groups else 1])


@functools.cache
def _tree() -> Any:
    """All commands with their options, worked out once a process."""
    return typer.main.get_command(app)


def main(arguments: Sequence[str] | None = None, folder: Path | None = None) -> None:
    """Entry point: private files and no core dumps, then the command.

    Args:
        arguments: those of the process where none are given.
        folder: from where relative paths are meant; the current folder where none is given.
    """
    harden_process()
    words = hoist(sys.argv[1:] if arguments is None else arguments)
    console = Console(folder=folder, step=step_of(words) or "command")
    try:
        with orderly():
            _tree()(args=words, prog_name="doj-release", obj=console)
    except SystemExit as ended:
        wants_json = "--json" in words[: words.index("--")] if "--" in words else "--json" in words
        if wants_json and ended.code == int(Exit.USAGE) and not console.emitted:
            # also where no command was reached
            console.emit({"error": CommandUnusable().as_dict()})
        raise
