"""De-identified rows that a project was given before: two releases are joined by their references.

What one release empties another may show: of other columns, years, weights or a later snapshot. Each keeps its k, both together do
not. So a project is given its rows once; again only the same ones, or after what went out before came back or is gone.
"""

import hashlib
from collections.abc import Container

import pyarrow as pa

from approvals.custody import OUT, ReleaseState
from pipelines.release.context import ReleaseContext
from pipelines.release.errors import OtherRowsGiven
from pipelines.release.orders import run_folder
from pipelines.release.staging import Staging

_ROWS = 65_536  # that are digested at once


def digest_of(table: pa.Table) -> str:
    """SHA-256 of rows in their order, whatever chunks they stand in."""
    made, bare = hashlib.sha256(), table.replace_schema_metadata(None)
    for start in range(0, max(1, bare.num_rows), _ROWS):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, bare.schema) as stream:
            stream.write_table(bare.slice(start, _ROWS).combine_chunks())
        made.update(sink.getvalue())
    return made.hexdigest()


def refuse_other_rows(context: ReleaseContext) -> None:
    """Refuse de-identified rows of a project that still has others of it; nothing leaves of a trial.

    Raises:
        OtherRowsGiven: with the releases.
    """
    if context.order.kind != "deidentified" or context.order.dry_run:
        return
    mine = context.facts("extract").get("rows_digest")
    given = [r for r in _still_given(context) if mine is None or _digest_before(context, r) != mine]
    if given:
        raise OtherRowsGiven(releases=given)


def _still_given(context: ReleaseContext) -> list[str]:
    """Releases of the project's rows that its recipients have, or may still be handed."""
    session, project = context.session, context.order.project
    back = {
        str(entry.facts["recall"])
        for entry in session.projects.entries(project)  # an answer that was taken back is none
        if entry.kind == "recall_answered"
    }
    return [
        state.release
        for state in session.releases.list(project)
        if state.kind == "deidentified"
        and state.release != context.release
        and _may_be_read(state, back)
    ]


def _may_be_read(state: ReleaseState, back: Container[str]) -> bool:
    waits = state.status in OUT and state.in_outbox
    return any(
        f"{state.release}.{member}" not in back if package.handed_over else waits
        for member, package in state.packages.items()
    )


def _digest_before(context: ReleaseContext, release: str) -> object:
    folder = run_folder(context.session.home, release)
    return (
        Staging(folder, release, context.session.keyring, None)
        .records.facts("extract")
        .get("rows_digest")
    )
