"""The log of a run for those who operate it: one line for each thing that happens, on stderr.

``[operations] log`` or ``DOJ_RELEASE_LOG`` says how: ``off``, ``text`` for people, ``json`` for a
collector (one object a line; journald and container runtimes take stderr). A line's fields are the
ones named here and nothing else, so that no value, path or exception text gets in.
"""

import contextlib
import json
import os
import sys
import traceback
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, cast, get_args

from pipelines.home import Home
from pipelines.operations.errors import LogFormUnknown
from pipelines.operations.interruptions import if_possible
from systems.texts import in_one_line

Form = Literal["off", "text", "json"]
Level = Literal["info", "warning", "error"]
Event = Literal[
    "run_began", "stage_began", "stage_done", "stage_skipped", "run_ended", "notice_waits"
]
VARIABLE = "DOJ_RELEASE_LOG"
FIELDS = (
    "release", "project", "kind", "stage", "seconds", "rows", "bytes", "state", "code", "exit",
)  # fmt: skip


@dataclass(frozen=True)
class RunLog:
    """Writes lines about one release."""

    form: Form
    about: Mapping[str, str]

    def emit(self, event: Event, level: Level = "info", **fields: float | str | None) -> None:
        """Write one line; a stderr that is gone or full never stops a run."""
        if self.form == "off":
            return
        known = {n: v for n, v in {**self.about, **fields}.items() if n in FIELDS and v is not None}
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
        if self.form == "json":
            line = json.dumps({"at": stamp, "level": level, "event": event, **known})
        else:
            shown = " ".join(f"{name}={in_one_line(str(value))}" for name, value in known.items())
            line = f"{stamp} {level} {event} {shown}"
        with if_possible():
            sys.stderr.write(line + "\n")
            sys.stderr.flush()


def run_log(home: Home, about: Mapping[str, str]) -> RunLog:
    """The log of a run, as the environment or the home's settings want it.

    Raises:
        LogFormUnknown: the environment names another form.
    """
    wanted = os.environ.get(VARIABLE) or home.settings().operations.log
    if wanted not in get_args(Form):
        raise LogFormUnknown
    return RunLog(cast("Form", wanted), about)


# The protected local log: where the details of an unexpected failure stay.


def keep_details(home: Home, release: str, stage: str) -> None:
    """Append the current exception's type and frames to ``logs/failures.jsonl`` (0600)."""
    kind, error, _ = sys.exc_info()
    if error is None or kind is None:
        return
    chain: list[dict[str, object]] = []
    seen: BaseException | None = error
    while seen is not None and len(chain) < 5:
        frames = traceback.extract_tb(seen.__traceback__)
        chain.append(
            {
                "type": f"{type(seen).__module__}.{type(seen).__qualname__}",
                "frames": [f"{f.filename}:{f.lineno} {f.name}" for f in frames[-25:]],
            }
        )
        seen = seen.__cause__ or seen.__context__
    line = json.dumps(
        {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "release": release,
            "stage": stage,
            "chain": chain,
        }
    )
    with if_possible():
        home.logs.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(
            home.logs / "failures.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600
        )
        with os.fdopen(descriptor, "a", encoding="utf-8") as sink:
            sink.write(line + "\n")


@contextlib.contextmanager
def without_consequence(home: Home, release: str, step: str) -> Generator[None, None, None]:
    """Tell of a run what must not change how it ended: what goes wrong is kept in the local log."""
    try:
        yield
    except Exception:  # noqa: BLE001  # whatever it is: the run has ended as it has
        keep_details(home, release, step)
