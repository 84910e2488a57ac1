"""What of a release is better looked at than read: its report's charts, and the map of its counties by year.

It draws nothing that the Department's edition of the report does not say, for those who may read that.
"""

from approvals.people import check_role
from expectations.report import Chart, ReportModel
from pipelines.custody import READERS, report_edition
from pipelines.release.context import release_context
from pipelines.release.errors import NothingToMap
from pipelines.release.reporting import county_charts
from pipelines.session import Session


def charts_of(session: Session, release: str) -> tuple[Chart, ...]:
    """The charts of the attached report; none of one that an earlier version made in another form: its pages have them.

    Raises:
        RoleMissing: this person neither makes, approves nor audits releases.
        UnknownRelease: there is none.
        CodedError: no report is attached, or it was changed (exit 5).
    """
    content = report_edition(session, release, "model")
    try:
        return ReportModel.model_validate_json(content).charts
    except ValueError:
        return ()


def county_maps(session: Session, release: str) -> dict[int, Chart]:
    """The counties of each year of an aggregated release, hidden and published; none where it tells no county.

    Raises:
        RoleMissing, UnknownRelease, ReleaseUnknown: as above; this home has none.
        CodedError: its table can't be read.
    """
    check_role(session.person, READERS)
    context = release_context(session, session.releases.show(release).release)
    return county_charts(context) if context.order.kind == "aggregated" else {}


def county_map_of(session: Session, release: str, year: int | None) -> Chart:
    """The map of one year; of the last where none is named.

    Raises:
        NothingToMap: there is none of that year.
        CodedError: see `county_maps`.
    """
    maps = county_maps(session, release)
    wanted = max(maps, default=None) if year is None else year
    if wanted is None or wanted not in maps:
        raise NothingToMap(release=release, **({"years": sorted(maps)} if maps else {}))
    return maps[wanted]
