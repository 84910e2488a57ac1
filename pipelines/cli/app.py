"""The command tree of ``doj-release``."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from crypto.hardening import harden_process
from errors.coded import Exit
from pipelines.cli import (
    buckets,
    control,
    custody,
    demo,
    disclosure,
    house,
    keys,
    ledger,
    linkage,
    projects,
    recipients,
    registers,
    releasing,
    safeguards,
    sealing,
)
from pipelines.cli.console import CONSOLE, CommandUnusable, emit
from pipelines.home import orderly

_FLAGS = {"--json"}
_WITH_VALUE = {"--home"}

app = typer.Typer(
    name="doj-release",
    help="Secure release of Department data: link, extract, prove, seal, record.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def options(
    home: Annotated[
        Path | None,
        typer.Option(
            "--home", metavar="DIR", help="The home (or DOJ_RELEASE_HOME).", show_default=False
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Machine output on stdout, nothing else there.")
    ] = False,
) -> None:
    """Secure release of Department data: link, extract, prove, seal, record."""
    CONSOLE.home = home
    CONSOLE.json = as_json


for group in (
    demo,
    house,
    registers,
    buckets,
    projects,
    recipients,
    releasing,
    custody,
    safeguards,
    linkage,
    disclosure,
    sealing,
    keys,
    ledger,
    control,
):
    group.attach(app)


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


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point: private files and no core dumps, then the command."""
    harden_process()
    words = hoist(sys.argv[1:] if arguments is None else arguments)
    CONSOLE.step = step_of(words) or "command"
    try:
        with orderly():
            app(args=words, prog_name="doj-release")
    except SystemExit as ended:
        wants_json = "--json" in words[: words.index("--")] if "--" in words else "--json" in words
        if wants_json and ended.code == int(Exit.USAGE) and not CONSOLE.emitted:
            emit({"error": CommandUnusable().as_dict()})  # also where no command was reached
        raise
