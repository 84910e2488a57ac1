"""Progress on a terminal's stderr; silence elsewhere."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from pipelines.cli.console import CONSOLE

Tell = Callable[[str], None]


@contextmanager
def steps() -> Generator[Tell, None, None]:
    """Show one line with a spinner that says what is being done, and a line for each step done."""
    if not CONSOLE.interactive:
        yield _nothing
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    with Progress(
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    ) as bar:
        lines: list[Any] = []

        def tell(text: str) -> None:
            if lines:
                bar.update(lines[-1], total=1, completed=1)
            lines.append(bar.add_task(text, total=None))

        yield tell
        if lines:
            bar.update(lines[-1], total=1, completed=1)


def _nothing(text: str) -> None:
    del text
