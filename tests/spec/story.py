"""A story told by the real commands, on a clock of its own, by several people; and its page."""

import json
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from typer.testing import CliRunner

from pipelines.cli.app import app, hoist, step_of, tree
from pipelines.cli.console import Console
from pipelines.session import CALIFORNIA

# What differs from one run to the next (keys, digests, places, times), or by a stage that records one
# event more (numbers of events).
_MASKS = (
    (re.compile(r"\b(?:[0-9A-F]{2}:){19,}[0-9A-F]{0,2}"), "9F:3C:…"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "9f3c…"),
    (re.compile(r"\b[0-9a-f]{8}…"), "9f3c…"),
    (re.compile(r"\b\d+(?:\.\d+)? s\b"), "… s"),
    (re.compile(r"(?m)^  \d+ +(?=20\d\d-\d\d-\d\d   [a-z])"), "  …       "),
    (re.compile(r"(?m)(^  …  .*  )\d+ *$"), r"\1…"),
    (re.compile(r"\bevent[= ]\d+\b(?!-)"), "event …"),
    (re.compile(r"(?m)^  \d+ +(20\d\d-\d\d-\d\d) [\d:]{8}"), r"  …  \1 …"),
    (re.compile(r"(?m)^  (size|root) +(?:9f3c…|\d+)"), r"  \1   …"),
)


class Frozen(datetime):
    """The time of the story: nine in the morning in California on its day."""

    day = date(2026, 1, 1)

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        moment = datetime(cls.day.year, cls.day.month, cls.day.day, 9, tzinfo=CALIFORNIA)
        return moment.astimezone(tz or UTC)


def _masked(text: str) -> str:
    for pattern, put in _MASKS:
        text = pattern.sub(put, text)
    return text


@dataclass
class Done:
    """How a command ended."""

    code: int
    out: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Story:
    """The folder of a home, who acts, and the page so far."""

    folder: Path
    lines: list[str] = field(default_factory=list)
    _who: str = ""

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def tell(self, text: str) -> None:
        """A paragraph of the page."""
        self.lines += [text, ""]

    def letter(self, number: str, name: str) -> None:
        """A letter that was laid ready, by the beginning of its name."""
        (path,) = (self.home / "projects" / number / "letters").glob(f"{name}.*txt")
        text = _masked(path.read_text("utf-8"))
        self.lines += ["```text", *text.rstrip().splitlines(), "```", ""]

    def on(self, day: str, heading: str) -> None:
        """Another day, and what happens on it."""
        Frozen.day = date.fromisoformat(day)
        self.lines += [f"## {day}: {heading}", ""]

    def does(
        self, who: str, command: str, *, code: int = 0, shown: bool = True, only: str = ""
    ) -> Done:
        """Somebody runs a command; the page shows it with its real output.

        Args:
            who: user.
            command: without ``doj-release``; files of the story by their names.
            code: how it must end.
            shown: whether it stands on the page.
            only: regular expression; the page leaves out the lines that it does not find.
        """
        self._who = who
        words = hoist([str(self._place(word)) for word in shlex.split(command)])
        with mock.patch("typer.testing._get_command", return_value=tree()):  # else made each time
            ended = CliRunner().invoke(
                app,
                ["--home", str(self.home), *words],
                prog_name="doj-release",
                obj=Console(step=step_of(words)),
            )
        done = Done(ended.exit_code, ended.output)
        assert done.code == code, f"{command}: {done.code}\n{done.out}\n{ended.exception!r}"
        if shown:
            lines = self._clean(done.out)
            kept = [line for line in lines if re.search(only, line)]
            said = [f"{who}$ doj-release {command}", *kept]
            said += ["  …"] if len(kept) < len(lines) else []
            said += [f"(exit {code})"] if code else []
            self.lines += ["```console", *said, "```", ""]
        return done

    def person(self, people: Any) -> Any:
        """Who is logged in: stands for the operating system's user."""
        return people.by_user(self._who)

    def page(self, title: str, opening: str) -> str:
        """The whole page."""
        return "\n".join([f"# {title}", "", opening, "", *self.lines]).rstrip() + "\n"

    def _place(self, word: str) -> str:
        """Files of the story lie in its folder."""
        name, equals, path = word.rpartition("=")
        inside = self.folder / path
        return f"{name}{equals}{inside}" if path and inside.is_file() else word

    def placed(self, text: str) -> str:
        """A text with the paths that the page has."""
        return text.replace(str(self.home), "/srv/doj-release").replace(str(self.folder), ".")

    def _clean(self, out: str) -> list[str]:
        text = self.placed(out)
        lines = [line.rstrip() for line in _masked(text).splitlines()]
        return [line for line in lines if line]


@contextmanager
def telling(folder: Path) -> Iterator[Story]:
    """A story whose clock and people hold for every command in it."""
    story = Story(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.session.datetime", Frozen)
        patch.setattr("approvals.ledger.ledger.datetime", Frozen)
        patch.setattr("pipelines.session.acting_person", story.person)
        patch.setattr("approvals.people.acting_person", story.person)
        # Paths are shown as the page has them, so that tables are laid out the same wherever it runs.
        patch.setattr(Console, "shown", lambda _console, path: story.placed(str(path)))
        yield story
