"""Projects by state, each with its next clock; one project with its clocks, releases and events."""

from collections import Counter
from urllib.parse import urlencode

from starlette.responses import Response

from approvals.deadlines import of_project
from approvals.ledger import Sought, find_page
from pipelines.desk.pages.lists import id_or_nothing, page_of
from pipelines.desk.web import Pages, Visit
from pipelines.session import today

PAGES = Pages("Projects", "/projects")


@PAGES.get("/projects", step="project.list")
def projects(visit: Visit) -> Response:
    """All projects, or those of a state, a kind or a system, by number."""
    session, on = visit.session, today()
    every = [(str(one.state_on(on)), one) for one in session.projects.list()]
    states = Counter(state for state, _ in every)
    wanted = {
        name: id_or_nothing(name, visit.asked(name))
        for name in ("state", "kind", "system", "number")
    }
    kept = [
        (state, one)
        for state, one in every
        if wanted["state"] in ("", state)
        and (not wanted["kind"] or wanted["kind"] in one.kinds)
        and wanted["system"] in ("", one.system)
        and wanted["number"] in one.number
    ]
    shown, at, last = page_of(visit, kept)
    clocks = {
        one.number: min(
            of_project(one, session.projects.entries(one.number), on, session.counting),
            key=lambda due: due.due,
            default=None,
        )
        for _, one in shown
    }
    words = urlencode({name: value for name, value in wanted.items() if value})
    return visit.page(
        "projects.html.j2",
        rows=shown,
        clocks=clocks,
        states=sorted(states.items()),
        kinds=sorted({kind for _, one in every for kind in one.kinds}),
        systems=sorted({one.system for _, one in every}),
        wanted=wanted,
        many=len(kept),
        on=on,
        address=f"/projects?{words}{'&' if words else ''}page=",
        at=at,
        last=last,
    )


@PAGES.get("/projects/{number}", step="project.show")
def project(visit: Visit, number: str) -> Response:
    """One project; no name of a person is on it."""
    session, on = visit.session, today()
    state = session.projects.show(number)
    due = of_project(state, session.projects.entries(number), on, session.counting)
    events = find_page(session.ledger, Sought(project=number), most=20)
    return visit.page(
        "project.html.j2",
        project=state,
        state=str(state.state_on(on)),
        due=sorted(due, key=lambda one: one.due),
        releases=session.releases.list(number),
        events=events.entries,
        on=on,
    )
