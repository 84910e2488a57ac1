"""``project cohort``: a researcher's file bound to its project and kept encrypted."""

from pathlib import Path

from pipelines import cohorts
from pipelines.office import Office, today


def register(
    office: Office, number: str, file: Path, columns: Path | None, source: str | None
) -> dict[str, object]:
    """Register a cohort: read, checked for what makes it useless, stored, recorded by digest.

    Raises:
        CodedError: the file can't be used (exit 6), or the project may not have this cohort.
    """
    cohort = cohorts.read_cohort(office, file, cohorts.read_map(columns))
    if not cohorts.stored_at(office, number, cohort.digest).is_file():
        # Stored before it is recorded: a recorded cohort can always be read.
        cohorts.store(office, number, cohort)
    office.projects.register_cohort(
        number,
        digest=cohort.digest,
        rows=cohort.rows,
        actor=office.person,
        on=today(),
        source=source,
    )
    refused = cohorts.refusals(cohort.table, today())
    return {
        "project": number,
        "digest": cohort.digest,
        "rows": cohort.rows,
        "columns": cohort.table.column_names[2:],
        "rows_not_attempted": refused.num_rows,
        "refusals": [
            f"{row} {code}"
            for row, code in zip(
                refused["row_number"].to_pylist()[:20],
                refused["code"].to_pylist()[:20],
                strict=True,
            )
        ],
        "confirmed": False,
    }
