"""What a release holds other than the last of its project and kind: for the recipient, in sentences.

What a release held is noted with its stages in few facts, none of them personal: snapshot, number of rows, and of each column a
digest of what the dictionary says.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from approvals.custody import OUT, Status
from extracts.package import DataDictionary
from pipelines.release.context import ReleaseContext
from pipelines.release.orders import run_folder
from pipelines.release.staging import Staging

_WORDS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_RECEIVED = frozenset({*OUT, Status.DESTROYED})

Described = Mapping[str, Any]


def describe_content(snapshot: str, rows: int, dictionary: DataDictionary) -> Described:
    """Return what a release holds, as it is noted for the next one."""
    columns = [
        [
            one.name,
            _digest(one.type, one.meaning, one.unit, one.codes),
            _digest(one.treatment, one.source),
        ]
        for one in dictionary.fields
    ]  # in a list, since a record's keys are sorted
    return {"snapshot": snapshot, "rows": rows, "columns": columns}


def changes_since_last(context: ReleaseContext, now: Described) -> tuple[str, ...] | None:
    """Return what is other than in the last release of this project and kind that went out; none where there was none."""
    for state in reversed(context.session.releases.list(context.order.project)):
        if state.release == context.release or state.kind != context.order.kind:
            continue
        if state.status not in _RECEIVED:
            continue
        folder = run_folder(context.session.home, state.release)
        noted = Staging(folder, state.release, context.session.keyring, None).records.facts("seal")
        before = cast("Described | None", noted.get("content"))
        if before is None:
            return (_WORDS["unknown"].format(earlier=state.release),)
        said = compare_contents(now, before)
        return (_WORDS["since"].format(earlier=state.release), *said) if said else ()
    return None


def compare_contents(now: Described, before: Described) -> tuple[str, ...]:
    """Return in sentences what is other in one content than in another; nothing where they are alike."""
    mine, theirs = (
        {name: digests for name, *digests in content["columns"]} for content in (now, before)
    )
    both = [name for name in mine if name in theirs]
    found = {
        "new": [name for name in mine if name not in theirs],
        "gone": [name for name in theirs if name not in mine],
        "meaning": [name for name in both if mine[name][0] != theirs[name][0]],
        "treatment": [name for name in both if mine[name][1] != theirs[name][1]],
    }
    said = [
        _WORDS[what].format(now=now[what], before=before[what])
        for what in ("snapshot", "rows")
        if now[what] != before[what]
    ]
    said += [_WORDS[what].format(names=", ".join(names)) for what, names in found.items() if names]
    if both != [name for name in theirs if name in mine]:
        said.append(_WORDS["order"])
    return tuple(said)


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
