"""Our side: frames of booleans and counts go out, verdicts come back, and must be one for each check.

Nothing heavy is imported here, so that the process can begin before anything else does.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, Literal

from expectations.errors import ValidationBroke
from systems.aside import Spare

if TYPE_CHECKING:
    import pyarrow as pa

    from expectations.checks import Check

Form = Literal["rows", "counts"]
JUDGE = Spare(
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from expectations.judging.serving import serve; serve()"
)
_LONGEST = 1 << 24  # bytes of an answer: a line for each check


@dataclass(frozen=True)
class Shown:
    """What is judged together.

    Attributes:
        form: ``rows``: a boolean for each row and check, true where the row breaks it; ``counts``: one row, the number of violations.
        table: one column for each check, named by its id.
        checks: the checks.
    """

    form: Form
    table: "pa.Table"
    checks: Sequence["Check"]


@dataclass(frozen=True)
class Judgement:
    """What Great Expectations said about one check; ``counts`` are its own, where it counted."""

    success: bool
    observed: int
    counts: tuple[int, int] | None = None  # elements, missing


def judge(frames: Sequence[Shown]) -> dict[str, Judgement]:
    """Have Great Expectations judge frames of booleans or of counts; its verdict by the check's id.

    Raises:
        ValidationBroke: an expectation raised, is missing from the result or came twice; or the process died.
    """
    judged = [pair for frame in frames if frame.checks for pair in _answer(frame)]
    by_id, asked = dict(judged), {c.id for frame in frames for c in frame.checks}
    if len(by_id) != len(judged) or by_id.keys() != asked:
        raise ValidationBroke(checks=len(asked), answered=len(by_id))
    return by_id


def _answer(frame: Shown) -> list[tuple[str, Judgement]]:
    asked = json.dumps([frame.form, [[c.id, c.severity] for c in frame.checks]])
    try:
        with JUDGE.at_work() as judge, Connection(os.dup(judge.channel.fileno())) as talk:
            talk.send_bytes(asked.encode())
            talk.send_bytes(_as_bytes(frame.table))
            answers = _read(talk.recv_bytes(_LONGEST))
            judge.idle = True
    except (OSError, EOFError, ValueError, TypeError, KeyError):
        raise ValidationBroke(checks=len(frame.checks)) from None
    if answers is None:
        raise ValidationBroke(checks=len(frame.checks))
    return answers


def _as_bytes(table: "pa.Table") -> memoryview:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return memoryview(sink.getvalue())


def _read(answer: bytes) -> list[tuple[str, Judgement]] | None:
    """The verdicts; nothing where there is none. Whatever else is there counts as no answer."""
    body: Any = json.loads(answer)
    if not isinstance(body, dict) or "judged" not in body:
        return None
    return [
        (str(check), Judgement(success is True, int(observed), counts and (int(counts[0]), int(counts[1]))))
        for check, success, observed, counts in body["judged"]
    ]  # fmt: skip
