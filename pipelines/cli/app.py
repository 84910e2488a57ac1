"""The command tree of ``doj-release``."""

import contextlib
import functools
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from crypto.process import harden_process
from errors import CodedError, Exit
from pipelines.cli import (
    demo,
    deployment,
    desk,
    keys,
    ledger,
    projects,
    registers,
    releases,
    runs,
    standalone,
)
from pipelines.cli.commands import Group, coded
from pipelines.cli.completion import print_words
from pipelines.cli.console import Console
from pipelines.errors import CommandUnusable
from pipelines.signals import orderly

_FLAGS = {"--json", "--quiet", "--version"}
_WITH_VALUE = {"--home"}

app = Group(
    "Secure release of Department data: link, extract, prove, seal, record.",
    name="doj-release",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
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
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Neither progress nor hints: answers and errors alone.")
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
    console.home, console.json, console.quiet = console.placed(home), as_json, quiet
    if console.newer and console.interactive:
        console.hint(f"This command is called `{console.newer}` now.")


# What stands at the top, by the heading under which help lists it: words of every day, else a noun whose verbs follow.
_TOP: dict[str, dict[str, Any]] = {
    "Every day": {
        "status": projects.status,
        "run": runs.run,
        "review": runs.review,
        "desk": desk.desk,
        "refresh": runs.refresh,
        "deadlines": projects.deadlines,
        "remind": projects.remind,
        "doctor": deployment.doctor,
    },
    "Projects": {
        "project": projects.project_group,
        "cohort": projects.cohort_group,
        "recipient": keys.recipient_group,
        "release": releases.release_group,
    },
    "Data": {
        "register": registers.register_group,
        "bucket": deployment.bucket_group,
        "ledger": ledger.ledger_group,
    },
    "Home": {
        "init": deployment.init,
        "demo": demo.demo,
        "home": deployment.home_group,
        "deployment": deployment.deployment_group,
        "keys": keys.keys_group,
        "escrow": keys.escrow_group,
        "passkey": keys.passkey_group,
        "settings": keys.settings_group,
        "switch": keys.switch_group,
        "completion": deployment.completion,
    },
    "Tools for files alone": {"tools": standalone.tools_group},
}
for heading, words in _TOP.items():
    for name, one in words.items():
        if isinstance(one, Group):
            app.add_typer(one, name=name, rich_help_panel=heading)
        else:
            app.add(name, rich_help_panel=heading)(one)

# Spellings that go on to work, though no help shows them. Those of before, a note says so at a terminal:
_BEFORE = {
    "project cohort": "cohort add",
    "project cohort-confirm": "cohort confirm",
    **{v: f"home {v}" for v in ("backup", "restore", "upgrade", "retention")},
    **{v: f"tools {v}" for v in ("match", "suppress", "audit", "rates", "seal", "verify")},
}
# and those of who follows the grammar where a word of every day stands alone.
_ALSO = {
    **{f"release {v}": v for v in ("run", "review", "refresh")},
    **{f"home {v}": v for v in ("init", "demo", "doctor")},
}


def newest(words: Sequence[str], spellings: Mapping[str, str]) -> list[str]:
    """A command by the spelling that help shows, where it begins with one of these."""
    for length in (2, 1):
        if spelling := spellings.get(" ".join(words[:length])):
            return [*spelling.split(), *words[length:]]
    return list(words)


def hoist(arguments: Sequence[str]) -> list[str]:
    """Move the global options to the front, where they may stand after the command; spell it as help does."""
    front, rest = _parted(arguments)
    return front + newest(rest, _BEFORE | _ALSO)


def _parted(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The global options, and the command with all that is its own."""
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
    return front, rest


def step_of(words: Sequence[str]) -> str:
    """The command in dots, of arguments whose global options stand in front."""
    queue = list(words)
    while queue and (queue[0] in _FLAGS or queue[0].partition("=")[0] in _WITH_VALUE):
        word = queue.pop(0)
        del queue[: word in _WITH_VALUE]
    groups = {group.name for group in app.registered_groups}
    return ".".join(queue[: 2 if queue and queue[0] in groups else 1])


@functools.cache
def tree() -> Any:
    """All commands with their options, worked out once a process."""
    return typer.main.get_command(app)


def main(arguments: Sequence[str] | None = None, folder: Path | None = None) -> None:
    """Entry point: private files and no core dumps, then the command.

    Args:
        arguments: those of the process where none are given.
        folder: from where relative paths are meant; the current folder where none is given.
    """
    given = sys.argv[1:] if arguments is None else arguments
    words, (front, own) = hoist(given), _parted(given)
    step = step_of(words) or "command"
    console = Console(folder=folder, step=step, words=words, first=len(front))
    if newest(own, _BEFORE) != own:
        console.newer = console.step.replace(".", " ")
    with contextlib.ExitStack() as ends:
        try:
            harden_process()
            ends.enter_context(orderly(console.stopped))
        except (CodedError, OSError, RuntimeError) as error:  # no file more, or no thread
            console.json = "--json" in words
            known = error if isinstance(error, CodedError) else coded(console, error)
            raise SystemExit(console.fail(known).exit_code) from None
        _run(own, words, console)


def _run(own: Sequence[str], words: list[str], console: Console) -> None:
    """The command; with ``--json`` what is no command gets its object, too."""
    try:
        if own[:3] == [
            "completion",
            "words",
            "--",
        ]:  # a shell asks: after its own name, what was typed
            print_words(tree(), [*hoist(own[4:-1]), *own[4:][-1:]], console)
        tree()(args=words, prog_name="doj-release", obj=console)
    except SystemExit as ended:
        wants_json = "--json" in words[: words.index("--")] if "--" in words else "--json" in words
        if wants_json and ended.code == int(Exit.USAGE) and not console.emitted:
            # also where no command was reached
            console.emit({"error": CommandUnusable().as_dict()})
        raise
