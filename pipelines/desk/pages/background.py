"""Work that takes longer than a page may: begun by a form, done in a thread, its last answer kept while the desk runs."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from errors import CodedError
from pipelines.desk.web import Desk
from pipelines.operations import as_refused, unexpected


@dataclass
class Background:
    """One piece of work: since when it is under way, and what came of it the last time."""

    since: datetime | None = None
    done: datetime | None = None
    found: object = None
    error: CodedError | None = None


def kept(desk: Desk, name: str) -> Background:
    """What is known of a piece of work of this desk."""
    with desk.lock:
        return cast("Background", desk.kept.setdefault(name, Background()))


def begin(desk: Desk, name: str, work: Callable[[], object]) -> bool:
    """Have it done, unless it is under way; whether it began."""
    one = kept(desk, name)
    with desk.lock:
        if one.since is not None:
            return False
        one.since = datetime.now(UTC)
    threading.Thread(target=_do, args=(desk, one, work), daemon=True, name=name).start()
    return True


def _do(desk: Desk, one: Background, work: Callable[[], object]) -> None:
    found: object = None
    error: CodedError | None = None
    try:
        found = work()
    except CodedError as coded:
        error = coded
    except Exception as other:  # noqa: BLE001  # a library's text may quote a value
        error = as_refused(other, desk.home.root) or unexpected(other)
    with desk.lock:
        one.found, one.error, one.done, one.since = found, error, datetime.now(UTC), None
