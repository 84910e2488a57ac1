"""How commands speak: results on stdout (a table or JSON), progress and errors on stderr."""

import contextlib
import functools
import inspect
import json
import os
import re
import shlex
import shutil
import signal
import sys
import textwrap
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Concatenate,
    ParamSpec,
    TextIO,
    TypeVar,
    cast,
)

import typer
from typer.core import TyperGroup

from crypto.process import no_new_privileges
from errors import CodedError, Exit, nearest
from pipelines.cli import caller
from pipelines.cli.places import Named, Naming, check_files, file_refused, named_files
from pipelines.errors import CallersPath, StoppedBySignal, Unexpected, ValueUnknown
from pipelines.signals import UnderWay, raise_if_stopped
from systems.texts import in_json, in_lines, in_one_line

if TYPE_CHECKING:
    from pipelines.home import Home
    from pipelines.session import Session

P = ParamSpec("P")
R = TypeVar("R")
V = TypeVar("V")

Report = Callable[[str], None]


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
        elif shown := _as_table(title, columns, listed):
            typer.echo(shown, nl=False, color=True)  # Rich knows when to draw
        else:
            typer.echo("\n".join([title, *_as_blocks(columns, listed)]))

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
            shown = in_lines(facts) if isinstance(facts, str) else _as_facts(facts)
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
            yield _ignore
            return
        if os.environ.get("TERM") == "dumb":  # it can't draw on a line again
            yield self.hint
            return
        from rich.console import Console as RichConsole
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        with Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=RichConsole(stderr=True),
        ) as bar:
            lines: list[Any] = []

            def report(text: str) -> None:
                if lines:
                    bar.update(lines[-1], total=1, completed=1)
                lines.append(bar.add_task(text, total=None))

            yield report
            if lines:
                bar.update(lines[-1], total=1, completed=1)

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


def command(function: Callable[Concatenate[Console, P], R]) -> Callable[..., R]:
    """Make a function of a console a command of Typer.

    The console is the context's object. What the function raises becomes text without values and the
    contract's exit code.
    """

    @functools.wraps(function)
    def wrapped(context: typer.Context, *args: P.args, **kwargs: P.kwargs) -> R:
        console = context.ensure_object(Console)
        named: list[Named] = []
        try:
            if wants_home(place) and (user := caller.service()):
                raise typer.Exit(_handed_over(console, context, user, namings, kwargs))
            if (
                console.folder is not None
            ):  # a process of its own, which starts no sudo from here on
                no_new_privileges()
            with contextlib.closing(console):
                for name, value in kwargs.items():
                    naming = namings.get(name)
                    kwargs[name] = console.taken(value, naming.role if naming else None)
                _check_values(function, kwargs, console)
                named += named_files(namings, kwargs, lambda p: console.taken(p, caller.READS))
                console.check_own(named, register=place == "registers.load")
                check_files(named, console.knows_who_acts)
                with _aside(console):
                    done = function(console, *args, **kwargs)
                if "handed" in console.__dict__:
                    console.handed.deliver()
                return done
        except CodedError as error:
            raise_if_stopped()
            raise console.fail(error, _recorded(console, error, kwargs)) from None
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(int(Exit.INTERNAL)) from None
        except (typer.Exit, typer.Abort, KeyboardInterrupt):
            raise
        except Exception as error:  # noqa: BLE001  # a library's text may quote a value
            raise_if_stopped()
            raise console.fail(_coded(console, error, named)) from None

    # What Typer reads: the same options as options.json describes them, its own context in the console's place.
    given, place = inspect.signature(function), _place(function)
    _, *plain_options = given.parameters.values()
    options = [_described(function, option) for option in plain_options]
    namings = {
        option.name: naming for option in plain_options if (naming := _naming(function, option))
    }
    own = inspect.Parameter(
        "context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context
    )
    wrapped.__signature__ = given.replace(parameters=[own, *options])  # type: ignore[attr-defined]
    wrapped.__annotations__ = {one.name: one.annotation for one in (own, *options)}
    return wrapped


_OPTIONS: Mapping[str, Mapping[str, Mapping[str, Any]]] = json.loads(
    Path(__file__).with_name("options.json").read_text("utf-8")
)


def _described(function: Callable[..., object], option: inspect.Parameter) -> inspect.Parameter:
    """An option, or an argument, as ``options.json`` describes it under its file, function and name.

    Without a default it is an argument, with one an option; ``argument`` and ``option`` say otherwise.
    """
    said = _said(function, option.name)
    if "Path" in str(option.annotation):
        said["readable"] = False  # Typer would say so in its own words, with the path
    if not said:
        return option
    argument, flags = _is_argument(option, said), said.pop("flags", ())
    said = {name: what for name, what in said.items() if name not in _OURS}
    about = (typer.Argument if argument else typer.Option)(*flags, **said)
    return option.replace(annotation=Annotated[option.annotation, about])


_OURS = {"writes", "large", "values", "argument", "option"}  # of options.json, not Typer's


def _is_argument(option: inspect.Parameter, said: Mapping[str, Any]) -> bool:
    required = option.default is inspect.Parameter.empty
    return bool(said.get("argument", required)) and not said.get("option", False)


def _naming(function: Callable[..., object], option: inspect.Parameter) -> Naming | None:
    """How an option names files; None for one that names none."""
    said = _said(function, option.name)
    naming = Naming.of(option.name, said, argument=_is_argument(option, said))
    return naming if naming.within or naming.either or "Path" in str(option.annotation) else None


def _check_values(
    function: Callable[..., object], given: Mapping[str, object], console: Console
) -> None:
    """Refuse a word that an option does not take, and suggest the nearest; the word is not repeated.

    Raises:
        ValueUnknown: it is none of ``values`` in ``options.json``.
    """
    for name, value in given.items():
        said = _said(function, name)
        known: Sequence[str] = said.get("values", ())
        for word in cast("Sequence[object]", value if isinstance(value, list) else [value]):
            if known and isinstance(word, str) and word not in known and console.knows_who_acts():
                option = said.get("flags", [f"--{name}"])[0]
                option = name.upper() if said.get("argument") else option
                raise ValueUnknown(option=option, values=known, **nearest(word, known))


def _said(function: Callable[..., object], name: str) -> dict[str, Any]:
    return dict(_OPTIONS.get(_place(function), {}).get(name, {}))


def _place(function: Callable[..., object]) -> str:
    """A command as ``options.json`` names it: by its file and its function."""
    return f"{function.__module__.rpartition('.')[2]}.{function.__name__}"


# What wants no home, or makes one: never handed over to the service; nor are tools for files alone.
_HERE = frozenset(
    ("demo.demo", "deployment.completion", "deployment.files", "deployment.init", "deployment.restore", "keys.make_cluster_secret",
     "ledger.print_schema", "projects.example", "projects.kinds", "registers.make_up")
)  # fmt: skip


def wants_home(place: str) -> bool:
    """Whether a command works on a home that is there."""
    return place not in _HERE and not place.startswith("standalone.")


def _handed_over(
    console: Console,
    context: typer.Context,
    user: str,
    namings: Mapping[str, Naming],
    given: Mapping[str, object],
) -> int:
    """The exit code of the command as the service ran it."""
    first, above = console.first, context.parent
    while above is not None:
        first, above = first + 1, above.parent
    named = named_files(namings, given, lambda path: path)
    files = [(path, console.placed(path), naming.role) for naming, path in named if naming.role]
    return caller.hand_over(user, console.words, first, files, console.folder)


@contextlib.contextmanager
def _aside(console: Console) -> Generator[None, None, None]:
    """What a command says goes to stderr, where stdout is what it writes."""
    aside = "handed" in console.__dict__ and console.handed.aside
    with contextlib.redirect_stdout(sys.stderr) if aside else contextlib.nullcontext():
        yield


class _Headed(TyperGroup):
    """Help lists the commands under their headings, in one column."""

    _ORDER = ("Every day", "Projects", "Data", "Home", "Tools for files alone", "Commands")

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        del ctx
        width = max(map(len, self.commands))
        headed: dict[str, list[tuple[str, str]]] = {}
        for name, one in self.commands.items():
            about = one.get_short_help_str(formatter.width)
            heading = getattr(one, "rich_help_panel", None)
            headed.setdefault(heading or "Commands", []).append((name.ljust(width), about))
        for heading in sorted(headed, key=self._ORDER.index):
            with formatter.section(heading):
                formatter.write_dl(headed[heading])


class Group(typer.Typer):
    """Commands that are functions of a console."""

    def __init__(self, about: str, **more: Any) -> None:
        super().__init__(help=about, no_args_is_help=True, cls=_Headed, **more)

    def add(
        self, name: str | None = None, **more: Any
    ) -> Callable[[Callable[..., R]], Callable[..., R]]:
        """Add a function as a command of this name; of its own where none is given."""
        return lambda function: self.command(name, **more)(command(function))


def _recorded(
    console: Console, error: CodedError, options: Mapping[str, object]
) -> CodedError | None:
    """Leave a refusal in the ledger; returns what kept it from being recorded."""
    if error.exit is not Exit.REFUSED:
        return None
    from pipelines.operations import note_refusal

    return note_refusal(console.home, error, console.step, options)


def _coded(console: Console, error: Exception, named: Sequence[Named]) -> CodedError:
    """What a person or the machine caused by its own code, with the option of the file; else where it happened."""
    from pipelines.home import VARIABLE
    from pipelines.operations import as_interruption, as_refused

    if (
        isinstance(error, OSError)
        and not as_interruption(error)
        and (ours := file_refused(error, named))
    ):
        return ours
    home = console.home or (Path(place) if (place := os.environ.get(VARIABLE)) else None)
    return as_refused(error, home) or _unexpected(error)


def _unexpected(error: Exception) -> Unexpected:
    """Where it happened, without its text; Typer's and Click's own errors go on as they are."""
    kind = type(error)
    if kind.__module__.split(".")[0] in {"typer", "click"}:
        raise error
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame else "?"
    return Unexpected(kind=kind.__name__, at=place)


# How answers fill a screen: words, and commands to be copied, are never broken

_GLUE = "\ue000"  # a space of a command, while lines are broken
_NARROW = 16  # characters: a column of texts that is narrower is hard to read


def glued(text: str) -> str:
    """A text whose commands are words, so that no line breaks within one."""
    return re.sub(r"`[^`]*`|^doj-release .*", lambda found: found[0].replace(" ", _GLUE), text)


def wrapped(text: str, width: int, indent: str = "", first: str = "") -> str:
    """A text in lines of so many characters, where its words are not longer."""
    lines = (
        textwrap.fill(
            line, width, initial_indent=first if n == 0 else indent, subsequent_indent=indent,
            break_long_words=False, break_on_hyphens=False,
        )
        for n, line in enumerate(glued(text).splitlines())
    )  # fmt: skip
    return "\n".join(lines).replace(_GLUE, " ")


def screen(stream: TextIO) -> int:
    """How wide the lines are: as the terminal, else as on wide paper."""
    return shutil.get_terminal_size().columns if stream.isatty() else 120


def for_screen(text: str, stream: TextIO) -> str:
    """A text in lines as wide as the terminal, or as they are; nothing in it acts there or where it is shown later."""
    shown = in_lines(text)
    return wrapped(shown, screen(stream)) if stream.isatty() else shown


def _as_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose texts are folded between words; nothing where words would not have room."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console as RichConsole
    from rich.table import Table

    width = screen(sys.stdout)
    cells = [[head, *column] for head, *column in zip(columns, *rows, strict=True)]
    lines = [max(map(len, column)) for column in cells]
    words = [max((len(w) for text in column for w in text.split()), default=0) for column in cells]
    texts = [3 * word < 2 * line for word, line in zip(words, lines, strict=True)]
    room = width - 3 * len(columns) - 1
    if sum(lines) > room:
        fixed = sum(line for line, text in zip(lines, texts, strict=True) if not text)
        longest = max(
            (word for word, text in zip(words, texts, strict=True) if text), default=width
        )
        if (room - fixed) < sum(texts) * max(longest, _NARROW):
            return ""
    table = Table(
        title=title,
        title_justify="left",
        header_style="bold",
        box=SIMPLE_HEAD,
        show_header=any(columns),
    )
    for name, text in zip(columns, texts, strict=True):
        table.add_column(name, overflow="fold", no_wrap=not text)
    for row in rows:
        table.add_row(*row)
    # Texts are shown as they are: [[person]] is no markup, and :key: is no picture.
    console = RichConsole(width=width, highlight=False, markup=False, emoji=False)
    with console.capture() as captured:
        console.print(table)
    return captured.get().replace(_GLUE, " ")


def _as_facts(facts: Mapping[str, object]) -> str:
    return " ".join(f"{name}={text}" for name, value in facts.items() if (text := plain(value)))


def _as_blocks(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Each row as lines of ``name: value``, a line between two rows; one block of a table without heads."""
    if not any(columns):
        columns, rows = [row[0] for row in rows], [[row[1] for row in rows]]
    width, left = screen(sys.stdout), max(map(len, columns)) + 4
    for row in rows:
        yield ""
        for name, value in zip(columns, row, strict=True):
            words = value.replace(_GLUE, " ")
            if not words:
                continue
            if (
                max(map(len, value.split())) > width - left
            ):  # its longest word wants a line of its own
                yield f"  {name}:" if name else ""
                yield wrapped(words, width, "    ", "    ")
            else:
                yield wrapped(words, width, " " * left, f"  {name}{':' * bool(name)}".ljust(left))
    yield ""


def plain(value: object) -> str:
    """A value as a person reads it: nothing for None, yes and no, items by comma."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        said = {name: text for name, item in items if (text := plain(item))}
        return ", ".join(f"{in_one_line(str(name))} {text}" for name, text in said.items())
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(plain, cast("Iterable[object]", value)))
    return in_one_line(str(value))


def _records(value: object) -> list[Mapping[str, object]]:
    rows = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("Mapping[str, object]", row) for row in rows if isinstance(row, Mapping)]


def _ignore(text: str) -> None:
    del text
