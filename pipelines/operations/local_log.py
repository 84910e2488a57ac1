"""The protected local log: where the details of an unexpected failure stay.

Only frames (file, line, function) and the exception's type are kept. Its message is not: a
library's message may quote a value, and a log is a sink like any other.
"""

import json
import os
import sys
import traceback
from datetime import UTC, datetime

from pipelines.home import Home
from pipelines.operations.interruptions import if_possible


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
