"""Functions of a console as commands of Typer: their options, files and values, and what becomes of an error."""

import contextlib
import functools
import inspect
import json
import os
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import (
    Annotated,
    Any,
    Concatenate,
    ParamSpec,
    TypeVar,
    cast,
)

import typer
from typer.core import TyperGroup

from crypto.process import no_new_privileges
from errors import CodedError, Exit, nearest
from pipelines.cli import caller
from pipelines.cli.console import Console
from pipelines.cli.places import Named, Naming, check_files, file_refused, named_files
from pipelines.errors import ValueUnknown
from pipelines.signals import raise_if_stopped

P = ParamSpec("P")
R = TypeVar("R")


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
            raise console.fail(coded(console, error, named)) from None

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


def coded(console: Console, error: Exception, named: Sequence[Named] = ()) -> CodedError:
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


def _unexpected(error: Exception) -> CodedError:
    """The same of anything else; Typer's and Click's own errors go on as they are."""
    from pipelines.operations import unexpected

    if type(error).__module__.split(".")[0] in {"typer", "click"}:
        raise error
    return unexpected(error)
