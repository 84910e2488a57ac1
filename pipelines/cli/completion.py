"""``completion``: what a shell asks while a command line is typed.

Commands and options are those of the tree; enumerations stand in ``completion.json``; numbers of projects and releases come from
the home, for who may read it.
"""

import functools
import json
import os
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer


@functools.cache
def _texts() -> dict[str, Any]:
    return json.loads(Path(__file__).with_name("completion.json").read_text("utf-8"))


def script(shell: str) -> str | None:
    """What a shell reads at its start; None for one that is not known."""
    return _texts()["scripts"].get(shell)


def print_words(tree: Any, words: Sequence[str], console: object) -> None:
    """Print what may stand in the place of the last of these words, one a line; all as a shell has them.

    Typer answers: in the way of its own completion, which asks by the environment.
    """
    from typer._completion_classes import completion_init

    completion_init()
    _teach(tree)
    line = ["doj-release", *words]
    asked = {"COMP_WORDS": shlex.join(line), "COMP_CWORD": str(len(line) - 1)}
    os.environ.update({"_DOJ_RELEASE_COMPLETE": "complete_bash", **asked})
    tree(args=[], prog_name="doj-release", obj=console)


def _leaves(group: Any) -> Iterator[Any]:
    for one in group.commands.values():
        yield from _leaves(one) if hasattr(one, "commands") else (one,)


def _teach(tree: Any) -> None:
    """Let parameters say what they may be; only now, since it takes time and help needs none of it."""
    known = _texts()["values"]
    for command in _leaves(tree):
        place = f"{command.callback.__module__.rpartition('.')[2]}.{command.callback.__name__}"
        for one in command.params:
            if found := known.get(f"{place} {one.name}", known.get(one.name)):
                one.shell_complete = functools.partial(_complete, found)


def _complete(known: str | list[str], context: typer.Context, incomplete: str) -> list[Any]:
    from typer._click.shell_completion import CompletionItem

    listed = _of_the_home(context, known) if isinstance(known, str) else known
    return [CompletionItem(word) for word in listed if word.startswith(incomplete)]


def _of_the_home(context: typer.Context, what: str) -> list[str]:
    """Names from the ledger's kinds, or from the home; none where it can't be read, or may not by who asks."""
    from approvals.ledger import KINDS

    if what == "ledger":
        return sorted(KINDS)
    if what == "events":
        from approvals.project import project_event_kinds

        return list(project_event_kinds())
    root = context.find_root()
    console: Any = root.obj  # pipelines.cli.console.Console, which stands above
    console.home = console.placed(root.params.get("home"))
    try:
        ledger = console.session.ledger
        if what == "projects":
            return sorted({e.project for e in ledger.events(kind="project_submitted") if e.project})
        return [e.release for e in ledger.events(kind="release_ordered") if e.release]
    except Exception:  # noqa: BLE001  # a shell asks while somebody types: there is nobody to tell
        return []
    finally:
        console.close()
