"""The first page: what waits for the visitor, as `status` lists it."""

from starlette.responses import Response

from pipelines.desk.web import Pages, Visit
from pipelines.operations import waiting_for

PAGES = Pages("Waiting", "/")


@PAGES.get("/", step="status")
def waiting(visit: Visit) -> Response:
    """What waits for me, or for anybody."""
    everybody = visit.asked("for") == "everybody"
    rows = waiting_for(visit.session, everybody=everybody)
    return visit.page("waiting.html.j2", rows=rows, everybody=everybody)
