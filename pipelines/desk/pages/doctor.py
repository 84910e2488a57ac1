"""What this machine and this home can and can't do, as `doctor` says it; looked at in the background."""

from starlette.responses import Response

from pipelines.desk.pages.background import begin, kept
from pipelines.desk.web import Pages, Visit

PAGES = Pages("Doctor", "/doctor")
_NAME = "doctor"


@PAGES.get("/doctor", step=_NAME)
def doctor(visit: Visit) -> Response:
    """The last answer, with its time; what is bad first."""
    work = kept(visit.desk, _NAME)
    return visit.page("doctor.html.j2", work=work, findings=work.found or ())


@PAGES.post("/doctor", step=_NAME)
def look(visit: Visit) -> Response:
    """Look now: some seconds, since servers may be slow to answer."""
    from pipelines.deployment import examine

    root = visit.desk.home.root
    _ = visit.session.person
    begun = begin(visit.desk, _NAME, lambda: examine(root))
    return visit.go("/doctor", "" if begun else "It is being looked at already.")
