"""How answers fill a screen: tables and facts; words, and commands to be copied, are never broken."""

import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TextIO, cast

from systems.texts import in_lines, in_one_line

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


def as_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
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


def as_facts(facts: Mapping[str, object]) -> str:
    """Facts on one line, those without a value left out."""
    return " ".join(f"{name}={text}" for name, value in facts.items() if (text := plain(value)))


def as_blocks(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
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
