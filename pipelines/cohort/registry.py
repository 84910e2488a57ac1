"""``project cohort``: a researcher's file bound to its project and kept encrypted."""

from pathlib import Path

from pipelines.cohort import reading as cohorts
from pipelines.cohort import stored as stored_cohort
from pipelines.cohort.unusable_rows import unusable_rows
from pipelines.session import Session, today

_TOLD = 20  # rows that are not attempted, of those that are told one by one


def register(
    session: Session, number: str, file: Path, columns: Path | None, source: str | None
) -> dict[str, object]:
    """Register a cohort: read, checked for what makes it useless, stored, recorded by digest.

    Raises:
        CodedError: the file can't be used (exit 6), or the project may not have this cohort.
    """
    cohort = cohorts.read_cohort(session, file, cohorts.read_map(columns))
    if not stored_cohort.stored_at(session, number, cohort.digest).is_file():
        # Stored before it is recorded: a recorded cohort can always be read.
        stored_cohort.store(session, number, cohort.digest, cohort.table)
    session.projects.register_cohort(
        number,
        digest=cohort.digest,
        rows=cohort.rows,
        actor=session.person,
        on=today(),
        source=source,
    )
    refused = unusable_rows(cohort.parts, cohort.table.column_names, today())
    return {
        "project": number,
        "digest": cohort.digest,
        "rows": cohort.rows,
        "columns": cohort.table.column_names[2:],
        "rows_not_attempted": refused.num_rows,
        "refusals": [
            f"{row} {code}"
            for row, code in zip(*refused.slice(0, _TOLD).to_pydict().values(), strict=True)
        ],
        "confirmed": False,
    }
