"""``completion``: what a shell asks while a command line is typed.

Commands and options are those of the tree; enumerations stand in ``completion.json``; numbers of projects and releases come from
the home, for who may read it.
"""

import functools
import json
import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

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
    line = ["doj-release", *words]
    asked = {"COMP_WORDS": shlex.join(line), "COMP_CWORD": str(len(line) - 1)}
    os.environ.update({"_DOJ_RELEASE_COMPLETE": "complete_bash", **asked})
    tree(args=[], prog_name="doj-release", obj=console)


def completed_by(place: str, name: str) -> Callable[[typer.Context, str], list[str]] | None:
    """What completes a parameter, by its function (``releases.run``) and name; None where nothing is known."""
    known = _texts()["values"]
    found = known.get(f"{place} {name}", known.get(name))
    if not found:
        return None

    def complete(context: typer.Context, incomplete: str) -> list[str]:
        listed = (
            _of_the_home(context, found) if isinstance(found, str) else cast("list[str]", found)
        )
        return [word for word in listed if word.startswith(incomplete)]

    return complete


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
