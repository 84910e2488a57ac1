"""How commands speak: results on stdout (a table or JSON), progress and errors on stderr."""

import contextlib
import functools
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    TypeVar,
    cast,
)

import typer

from errors import CodedError, Exit
from pipelines.cli import caller
from pipelines.cli.places import Named
from pipelines.cli.screen import (
    as_blocks,
    as_facts,
    as_table,
    for_screen,
    glued,
    plain,
    screen,
    wrapped,
)
from pipelines.errors import CallersPath, StoppedBySignal
from pipelines.signals import UnderWay
from systems.texts import in_json, in_lines, in_one_line

if TYPE_CHECKING:
    from pipelines.home import Home
    from pipelines.session import Session

V = TypeVar("V")


class Report:
    """Where it is said what is being done; here it goes nowhere."""

    def __call__(self, text: str) -> None:
        """The next step."""

    def share(self, done: float) -> None:
        """How much of this step is done, from nought to one."""


class _Hints(Report):
    """A line for each step, where no line can be drawn again."""

    def __init__(self, hint: Callable[[str], None]) -> None:
        self._hint = hint

    def __call__(self, text: str) -> None:
        self._hint(text)


class _Lines(Report):
    """A line for each step, of which the last one changes: its share, and what is left at that pace."""

    def __init__(self, bar: Any) -> None:
        self._bar, self._lines, self._text, self._began = bar, list[Any](), "", 0.0

    def __call__(self, text: str) -> None:
        self.done()
        self._text, self._began = text, time.monotonic()
        self._lines.append(self._bar.add_task(text, total=None))

    def share(self, done: float) -> None:
        took = time.monotonic() - self._began
        if self._lines and 0 < done < 1 and took >= _SOON:
            left = took * (1 - done) / done
            said = f"{left / 60:.0f} min" if left >= 90 else f"{left:.0f} s"
            text = f"{self._text}: {done:.0%}, about {said} left"
            self._bar.update(self._lines[-1], description=text)

    def done(self) -> None:
        """The last step is done."""
        if self._lines:
            last = self._lines[-1]
            self._bar.update(last, description=self._text, total=1, completed=1)


_SOON = 2.0  # seconds of a step before which its pace says nothing


@dataclass
class Console:
    """One command's global options, its name, its home's session, and the ways in which it speaks.

    `pipelines.cli.app` makes one for each command line; Typer hands it on as the context's object.
    """

    home: Path | None = None
    folder: Path | None = None  # from where the caller means relative paths
    json: bool = False
    quiet: bool = False  # neither progress nor hints
    emitted: bool = False
    step: str = "command"  # the command in dots: release.approve
    newer: str = ""  # how help spells a command that was given as before
    words: Sequence[str] = ()  # of the command line
    first: int = 0  # of these, how many are global options
    _relative: list[str] = field(default_factory=list[str])  # paths that were, as they are placed

    def placed(self, value: V) -> V:
        """What an option says, its relative paths in the caller's folder: the process stands elsewhere."""
        if isinstance(value, list):
            return cast("V", [self.placed(each) for each in cast("list[object]", value)])
        if self.folder is None or not isinstance(value, Path) or value.is_absolute():
            return value
        place = self.folder / value
        self._relative.append(os.path.splitext(place)[0])  # noqa: PTH122  # the folder itself has no name
        return cast("V", place)

    @functools.cached_property
    def handed(self) -> caller.Handed:
        """What the caller's descriptors hold, for this command alone."""
        return caller.Handed(self._root)

    @property
    def _root(self) -> Path | None:
        """Where the home would be."""
        named = os.environ.get("DOJ_RELEASE_HOME")
        return self.home or (Path(named) if named else None)

    def taken(self, value: V, role: str | None) -> V:
        """The same, and in the place of a descriptor a file with what it holds, or for what goes there."""
        if isinstance(value, list):
            return cast("V", [self.taken(each, role) for each in cast("list[object]", value)])
        placed = self.placed(value)
        if not isinstance(value, Path) or role is None:
            return placed
        number = caller.descriptor(value, role)
        if number is not None:
            return cast("V", self.handed.taken(value, number, role))
        if role != caller.READS:
            caller.check_outside(cast("Path", placed), self._root)
        return placed

    def check_own(self, named: Sequence[Named], *, register: bool) -> None:
        """Refuse paths that a caller behind sudo names: what they may read or write is not what this process may.

        Raises:
            CallersPath: a file is named that was not handed over.
        """
        handed = self.handed.names if "handed" in self.__dict__ else {}
        for naming, path in named if caller.behind_sudo() else ():
            if str(path) not in handed and (
                naming.written or not caller.may_be_named(path, self._root, register=register)
            ):
                raise CallersPath(option=naming.option)

    def shown(self, path: Path) -> str:
        """A path as the caller gave it, or gave the one that it is named after."""
        text = str(path)
        if name := "handed" in self.__dict__ and self.handed.names.get(text):
            return name
        given = text.startswith(tuple(self._relative))
        return text.removeprefix(str(self.folder)).removeprefix("/") if given else text

    @functools.cached_property
    def session(self) -> "Session":
        """The home, opened when it is first asked for; closed when the command ends.

        Raises:
            UnknownPerson: who acts is not in ``people.toml``: they read nothing.
            HomeMissing, HomeTooOpen, SettingsUnusable: see there.
        """
        from pipelines.session import Session

        return Session(self.open_home())

    def open_home(self) -> "Home":
        """The home that --home or ``DOJ_RELEASE_HOME`` names, for somebody whom its ``people.toml`` knows."""
        from approvals.people import People, acting_person
        from pipelines.home import open_home

        home = open_home(self.home)
        acting_person(People.read(home.people_file))
        return home

    def knows_who_acts(self) -> bool:
        """Whether the home, where there is one, knows who acts."""
        try:
            self.open_home()
        except (CodedError, OSError) as error:
            return isinstance(error, CodedError) and error.exit is not Exit.REFUSED
        return True

    def close(self) -> None:
        """Close the session, where one was opened, and forget what was handed here."""
        if "session" in self.__dict__:
            for text in dict.fromkeys(self.session.warnings):
                typer.echo(for_screen(text, sys.stderr), err=True)  # under --json and --quiet, too
            self.session.close()
        if "handed" in self.__dict__:
            self.handed.close()

    @property
    def interactive(self) -> bool:
        """Whether progress may be drawn: a terminal on stderr, and neither --json nor --quiet."""
        return not (self.json or self.quiet) and sys.stderr.isatty()

    @property
    def asks(self) -> bool:
        """Whether somebody is there to answer."""
        return self.interactive and sys.stdin.isatty()

    def say(self, text: str) -> None:
        """A text for a person; nothing under --json."""
        if not self.json:
            typer.echo(for_screen(text, sys.stdout))

    def hint(self, text: str) -> None:
        """One line on stderr for a person; nothing under --json or --quiet."""
        if not (self.json or self.quiet):
            typer.echo(for_screen(text, sys.stderr), err=True)

    def explain(self, text: str) -> None:
        """Why a command ended as it did, on stderr; nothing under --json, where it is data."""
        if not self.json:
            typer.echo(for_screen(text, sys.stderr), err=True)

    def write(self, text: str) -> None:
        """Print a document as it is."""
        typer.echo(text, nl=False)

    def emit(self, data: object) -> None:
        """Print the machine's output: one JSON document on stdout."""
        self.emitted = True
        typer.echo(in_json(data))

    def show(
        self,
        title: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        data: object,
    ) -> None:
        """A table for a person, ``data`` for a machine."""
        if self.json:
            self.emit(data)
            return
        title, columns = in_one_line(title), [in_one_line(name) for name in columns]
        listed = [[glued(plain(value)) for value in row] for row in rows]
        if not listed:
            typer.echo(f"{title}: none")
        elif shown := as_table(title, columns, listed):
            typer.echo(shown, nl=False, color=True)  # Rich knows when to draw
        else:
            typer.echo("\n".join([title, *as_blocks(columns, listed)]))

    def show_rows(
        self,
        title: str,
        names: Sequence[str],
        rows: Sequence[Mapping[str, object]],
        heads: Sequence[str] = (),
    ) -> None:
        """These fields of records as a table for a person, the records whole for a machine."""
        self.show(title, heads or names, [[row.get(n) for n in names] for row in rows], rows)

    def show_events(
        self,
        title: str,
        rows: Sequence[tuple[Sequence[object], Mapping[str, object] | str]],
        data: object,
    ) -> None:
        """Events, one beneath the other: what, when and who on a line, facts below; ``data`` for a machine."""
        if self.json:
            self.emit(data)
            return
        width = screen(sys.stdout)
        typer.echo(in_one_line(f"{title}:" if rows else f"{title}: none"))
        for head, facts in rows:
            typer.echo(wrapped("  ".join(filter(None, map(plain, head))), width, "  "))
            shown = in_lines(facts) if isinstance(facts, str) else as_facts(facts)
            typer.echo(wrapped(shown, width, "    ", "    "), nl=bool(shown))

    def show_pairs(self, title: str, pairs: Mapping[str, object]) -> None:
        """A two-column table for a person, then one for each list of records; all for a machine."""
        if self.json:
            self.emit(dict(pairs))
            return
        records = {name: rows for name, value in pairs.items() if (rows := _records(value))}
        self.show(title, ("", ""), [(k, v) for k, v in pairs.items() if k not in records], None)
        for name, rows in records.items():
            self.show_rows(name, list(rows[0]), rows)

    @contextlib.contextmanager
    def steps(self) -> Generator[Report, None, None]:
        """Show one line with a spinner that says what is being done, and a line for each step done."""
        if not self.interactive:
            yield Report()
            return
        if os.environ.get("TERM") == "dumb":  # it can't draw on a line again
            yield _Hints(self.hint)
            return
        from rich.console import Console as RichConsole
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        with Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=RichConsole(stderr=True),
        ) as bar:
            lines = _Lines(bar)
            yield lines
            lines.done()

    def stopped(self, number: int, release: UnderWay | None) -> None:
        """Say that a signal ended the command, and the command with which its release goes on."""
        error = StoppedBySignal(signal=signal.Signals(number).name)
        body: dict[str, object] = {"error": error.as_dict() | {"exit": 128 + number}}
        typer.echo(str(error), err=True)
        if release is not None:
            words = ["doj-release", *(["--home", self.shown(self.home)] if self.home else [])]
            words += ["run", release.project, "--resume", release.release]
            resume = shlex.join(words + ["--no-orchestrator"] * (not release.orchestrated))
            body |= {"release": release.release, "resume": resume}
            typer.echo(
                in_lines(f"Release {release.release} goes on where it was with:\n  {resume}"),
                err=True,
            )
        if self.json and not self.emitted:
            self.emit(body)

    def fail(self, error: CodedError, besides: CodedError | None = None) -> typer.Exit:
        """Show a coded error and turn it into its exit code; ``besides`` is shown and changes nothing."""
        if self.json:
            more = {"besides": besides.as_dict()} if besides else {}
            self.emit({"error": error.as_dict()} | more)
        for one in filter(None, (error, besides)):
            typer.echo(for_screen(str(one), sys.stderr), err=True)
        return typer.Exit(int(error.exit))


def _records(value: object) -> list[Mapping[str, object]]:
    rows = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("Mapping[str, object]", row) for row in rows if isinstance(row, Mapping)]
