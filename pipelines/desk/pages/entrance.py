"""In and out: the address that opens the desk once, and leaving it."""

from starlette.responses import Response

from pipelines.desk.errors import CodeWrong
from pipelines.desk.web import Pages, Visit

PAGES = Pages()
_CODE = 64  # characters, more than any code has
_FORGET = '"cache", "cookies", "storage"'


@PAGES.get("/open", known=False)
def opening(visit: Visit) -> Response:
    """Where the printed address leads: its code stands behind the # and is sent by the form alone."""
    return visit.page("open.html.j2")


@PAGES.post("/open", step="desk.open", known=False)
def opened(visit: Visit) -> Response:
    """Take the code, and know this browser from here on."""
    if visit.desk.code is None:
        raise CodeWrong
    visit.desk.code.use(visit.value("code", longest=_CODE))
    token, _ = visit.desk.visitors.enter(None, "code")
    return signed_in(visit, token)


def signed_in(visit: Visit, token: str) -> Response:
    """Lead a new visitor to the first page, with what their browser is to hold in place of what it held."""
    visit.desk.visitors.leave(visit.request.cookies.get(visit.desk.cookie, ""))
    answer = visit.go("/")
    answer.set_cookie(
        visit.desk.cookie,
        token,
        path="/",
        httponly=True,
        samesite="strict",
        secure=visit.desk.secure,
    )
    return answer


@PAGES.post("/leave", step="desk.leave")
def leave(visit: Visit) -> Response:
    """Sign out: here, and in what the browser kept."""
    visit.desk.visitors.leave(visit.request.cookies.get(visit.desk.cookie, ""))
    answer = visit.go("/left")
    answer.delete_cookie(visit.desk.cookie, path="/", httponly=True, samesite="strict")
    answer.headers["clear-site-data"] = _FORGET
    return answer


@PAGES.get("/left", known=False)
def left(visit: Visit) -> Response:
    """Where who leaves, or was idle for too long, ends."""
    return visit.page("left.html.j2")
