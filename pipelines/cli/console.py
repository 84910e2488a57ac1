"""How commands speak: results on stdout (a table or JSON), progress and errors on stderr."""

import functools
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import typer

from errors.coded import CodedError, Exit

P = ParamSpec("P")
R = TypeVar("R")


@dataclass
class Console:
    """The two global options, and what follows from them."""

    home: Path | None = None
    json: bool = False
    emitted: bool = False
    step: str = "command"  # the command in dots: release.approve

    @property
    def interactive(self) -> bool:
        """Whether progress may be drawn: a terminal on stderr and no --json."""
        return not self.json and sys.stderr.isatty()


CONSOLE = Console()


def say(text: str) -> None:
    """One line for a person; nothing under --json."""
    if not CONSOLE.json:
        typer.echo(text)


def hint(text: str) -> None:
    """One line on stderr for a person at a terminal; nothing under --json."""
    if not CONSOLE.json:
        typer.echo(text, err=True)


def emit(data: object) -> None:
    """Print the machine's output: one JSON document on stdout."""
    CONSOLE.emitted = True
    typer.echo(json.dumps(data, indent=1, default=str, ensure_ascii=False))


def show(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], data: object
) -> None:
    """A table for a person, ``data`` for a machine."""
    if CONSOLE.json:
        emit(data)
        return
    from rich.console import Console as RichConsole
    from rich.table import Table

    listed = list(rows)
    if not listed:
        typer.echo(f"{title}: none")
        return
    table = Table(
        title=title,
        title_justify="left",
        header_style="bold",
        box=_box(),
        show_header=any(columns),
    )
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in listed:
        table.add_row(*map(plain, row))
    width = None if sys.stdout.isatty() else 120
    # Texts are shown as they are: [[person]] is no markup, and :key: is no picture.
    RichConsole(width=width, highlight=False, markup=False, emoji=False).print(table)


def show_pairs(title: str, pairs: Mapping[str, object]) -> None:
    """A two-column table for a person, then one for each list of records; all for a machine."""
    if CONSOLE.json:
        emit(dict(pairs))
        return
    records = {name: rows for name, value in pairs.items() if (rows := _records(value))}
    show(title, ("", ""), [(k, v) for k, v in pairs.items() if k not in records], None)
    for name, rows in records.items():
        show(name, list(rows[0]), [list(row.values()) for row in rows], None)


def plain(value: object) -> str:
    """A value as a person reads it: nothing for None, yes and no, items by comma."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return ", ".join(f"{name} {plain(item)}" for name, item in items)
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(plain, cast("Iterable[object]", value)))
    return str(value)


def _records(value: object) -> list[Mapping[str, object]]:
    rows = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("Mapping[str, object]", row) for row in rows if isinstance(row, Mapping)]


def _box() -> Any:
    from rich import box

    return box.SIMPLE_HEAD


def fail(error: CodedError, besides: CodedError | None = None) -> "typer.Exit":
    """Show a coded error and turn it into its exit code; ``besides`` is told and changes nothing."""
    if CONSOLE.json:
        emit({"error": error.as_dict()} | ({"besides": besides.as_dict()} if besides else {}))
    typer.echo(str(error), err=True)
    if besides is not None:
        typer.echo(str(besides), err=True)
    return typer.Exit(int(error.exit))


def command(function: Callable[P, R]) -> Callable[P, R]:
    """Turn what a command raises into text without values and the contract's exit code."""

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except CodedError as error:
            raise fail(error, _recorded(error, kwargs)) from None
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(int(Exit.INTERNAL)) from None
        except (typer.Exit, typer.Abort, KeyboardInterrupt):
            raise
        except Exception as error:  # noqa: BLE001  # a library's text may quote a value
            from pipelines.operations import as_interruption

            interrupted = as_interruption(error)
            raise fail(interrupted) if interrupted else _internal(error) from None

    return wrapped


def _recorded(error: CodedError, given: Mapping[str, object]) -> CodedError | None:
    """Leave a refusal in the ledger; returns what kept it from being recorded."""
    if error.exit is not Exit.REFUSED:
        return None
    from pipelines.operations import note_refusal

    return note_refusal(CONSOLE.home, error, CONSOLE.step, given)


def _internal(error: Exception) -> "typer.Exit":
    kind = type(error)
    if kind.__module__.split(".")[0] in {"typer", "click"}:
        raise error
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame else "?"
    return fail(Unexpected(kind=kind.__name__, at=place))


class Unexpected(CodedError):
    """An exception that no command expects; its own text may quote a value and is dropped."""

    code = "CLI-01"
    cause = "something unexpected happened"
    cure = "Nothing was released; report this line"


class CommandUnusable(CodedError):
    """Options or arguments are missing, unknown or out of range."""

    code = "CLI-02"
    exit = Exit.USAGE
    cause = "the command can't be used like this"
    cure = "The text on stderr says what is wrong; see the command's --help"
