"""What a run took, stage by stage: for the ledger, and for Prometheus as a text file.

The file is for node_exporter's textfile collector: it appears whole, and holds kinds, stages, states
and numbers; no project, release or person, since a label that grows without end is the end of a
Prometheus server, and no small count: how many rows a cohort of one gave says what it was about.
"""

import os
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.home import Home, locked
from pipelines.operations import if_possible
from pipelines.release.staging import StageRecord
from systems.texts import in_one_line

FILE = "doj_release.prom"
_LEAST = 10  # rows; others may read this file
_LINE = re.compile(r'^doj_release_runs_total\{kind="(\w+)",state="(\w+)"\} (\d+)$', re.MULTILINE)
_UNTOLD = "doj_release_notices_untold_total"
_TYPES = {
    _UNTOLD: ("counter", "Notices that could not be handed over when a run ended; they wait."),
    "doj_release_runs_total": ("counter", "Runs that ended, by kind and state."),
    "doj_release_last_run_timestamp_seconds": ("gauge", "When a run of this kind and state ended."),
    "doj_release_stage_seconds": (
        "gauge",
        "Seconds of a stage in the last run that went through it.",
    ),
    "doj_release_stage_rows": ("gauge", "Rows that a stage made, in the same run."),
    "doj_release_stage_bytes": ("gauge", "Bytes that a stage left in staging, in the same run."),
}


@dataclass(frozen=True)
class StageMetrics:
    """One finished stage: wall seconds, rows and bytes that it made."""

    stage: str
    seconds: float
    rows: int
    bytes: int


def stage_metrics(records: Iterable[StageRecord]) -> list[StageMetrics]:
    """What finished stages took, by their records."""
    return [StageMetrics(r.stage, r.seconds, _count(r.facts.get("rows")), r.bytes) for r in records]


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def public_count(rows: object) -> str:
    """A count as others may see it: no small one."""
    count = _count(rows)
    return f"fewer than {_LEAST}" if 0 < count < _LEAST else str(count)


def metrics_facts(stages: Sequence[StageMetrics]) -> dict[str, Sequence[str]]:
    """The same for the ledger: lists of one length, numbers as text (milliseconds, rows, bytes)."""
    return {
        "stages": [m.stage for m in stages],
        "milliseconds": [str(round(m.seconds * 1000)) for m in stages],
        "rows": [str(m.rows) for m in stages],
        "bytes": [str(m.bytes) for m in stages],
    }


def metrics_path(home: Home) -> Path:
    """Where the file is: ``operations.metrics_file``, or in the home's logs."""
    named = home.settings().operations.metrics_file
    return home.root / named if named else home.logs / FILE


def write_metrics(
    home: Home, kind: str, state: str, stages: Sequence[StageMetrics], untold: int = 0
) -> None:
    """Count a run that ended and say what its stages took; what is no text is begun anew.

    Args:
        home: whose.
        kind: of the release.
        state: how it ended.
        stages: what they took.
        untold: notices that could not be handed over when it ended.
    """
    target = metrics_path(home)
    with if_possible():
        home.logs.mkdir(mode=0o700, exist_ok=True)
        with locked(home.logs, wait=30):
            before = target.read_text("utf-8", "replace") if target.is_file() else ""
            _replace(
                target,
                _text(before, kind, state, stages, untold),
                0o600 if home.logs in target.parents else 0o644,
            )


def _text(before: str, kind: str, state: str, stages: Sequence[StageMetrics], untold: int) -> str:
    runs = {(k, s): int(n) for k, s, n in _LINE.findall(before)}
    runs[kind, state] = runs.get((kind, state), 0) + 1
    now: dict[str, dict[str, str]] = {name: _samples(before, name) for name in _TYPES}
    now["doj_release_runs_total"] = {
        _labels(kind=k, state=s): str(n) for (k, s), n in sorted(runs.items())
    }
    ended = _labels(kind=kind, state=state)
    now["doj_release_last_run_timestamp_seconds"][ended] = str(int(time.time()))
    found = re.search(rf"^{_UNTOLD} (\d+)$", before, re.MULTILINE)
    now[_UNTOLD] = {"": str(untold + int(found[1] if found else 0))}
    for one in stages:
        label = _labels(kind=kind, stage=one.stage)
        for family in ("doj_release_stage_rows", "doj_release_stage_bytes"):
            now[family].pop(label, None)
        now["doj_release_stage_seconds"][label] = f"{one.seconds:.3f}"
        if one.rows >= _LEAST:
            now["doj_release_stage_rows"][label] = str(one.rows)
            now["doj_release_stage_bytes"][label] = str(one.bytes)
    return "".join(_family(name, now[name]) for name in _TYPES)


def _labels(**said: str) -> str:
    """Labels in braces; what is no word stays within its quotes."""
    escaped = {n: re.sub(r'["\\]', r"\\\g<0>", in_one_line(v)) for n, v in said.items()}
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped.items()) + "}"


def _samples(before: str, name: str) -> dict[str, str]:
    found = re.findall(rf"^{name}(\{{[^}}]*\}}) (\S+)$", before, re.MULTILINE)
    return dict(found)


def _family(name: str, samples: Mapping[str, str]) -> str:
    kind, text = _TYPES[name]
    lines = [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
    return (
        "\n".join([*lines, *(f"{name}{label} {v}" for label, v in sorted(samples.items()))]) + "\n"
    )


def _replace(target: Path, text: str, mode: int) -> None:
    partial = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(handle, "w", encoding="utf-8") as sink:
            sink.write(text)
        partial.chmod(mode)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
