"""The desk as an ASGI application: each page's function in a thread, with what it needs and what becomes of its errors."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from approvals.passkeys import StatementWanted
from approvals.people import check_role
from crypto.errors import AssertionDoesNotHold, CounterStoodStill
from errors import CodedError, Exit
from pipelines.desk.errors import ForeignRequest, FormUnusable, NotSignedIn, PageUnknown, VisitEnded
from pipelines.desk.visitors import Visitor
from pipelines.desk.web.desk import Desk
from pipelines.desk.web.drawing import Drawing
from pipelines.desk.web.headers import Headers, check_origin
from pipelines.desk.web.pages import Page, Pages
from pipelines.desk.web.visit import Visit
from pipelines.operations import as_refused, record_refusal, unexpected

_STATIC = Path(__file__).parents[1] / "static"
_FORM = "application/x-www-form-urlencoded"
_FIELDS = 2000
_STATUS = {
    Exit.USAGE: 400, Exit.REFUSED: 403, Exit.FAILED: 422, Exit.INPUT: 422, Exit.HELD: 409, Exit.WAITING: 409, Exit.INTEGRITY: 409,
}  # fmt: skip


def application(desk: Desk, topics: Iterable[Pages]) -> Starlette:
    """The application of a desk with the pages of these topics."""
    found = tuple(topics)
    drawing = Drawing([(one.title, one.first) for one in found if one.title])
    routes: list[Route | Mount] = [
        Route(page.path, _Endpoint(desk, drawing, page), methods=[page.method])
        for pages in found
        for page in pages
    ]
    routes.append(Mount("/static", StaticFiles(directory=_STATIC)))
    nowhere = Page("GET", "/{path:path}", _unknown)
    routes.append(Route(nowhere.path, _Endpoint(desk, drawing, nowhere), methods=["GET", "POST"]))
    return Starlette(routes=routes, middleware=[Middleware(Headers, desk=desk)])


def _unknown(visit: Visit, path: str) -> Response:
    del visit, path
    raise PageUnknown


class _Endpoint:
    """Answers the requests of one page."""

    def __init__(self, desk: Desk, drawing: Drawing, page: Page) -> None:
        self._desk, self._drawing, self._page = desk, drawing, page

    async def __call__(self, scope: object, receive: object, send: object) -> None:
        """Answer one request, as Starlette's routes call it."""
        request = Request(scope, receive)  # type: ignore[arg-type]
        body = await _body(request, self._page.largest)
        response = await run_in_threadpool(self._answer, request, body)
        await response(scope, receive, send)  # type: ignore[arg-type]

    def _answer(self, request: Request, body: bytes | None) -> Response:
        refused: CodedError | None = None
        form: Mapping[str, Sequence[str]] = {}
        visitor = self._visitor(request, step=False)  # so that a refusal has a name
        try:
            check_origin(request, self._desk)
            visitor = self._visitor(request, step=not self._page.quiet)
            if visitor is None and self._page.known:
                raise NotSignedIn
            form = _form(request, body)
        except CodedError as error:
            refused = error
        visit = Visit(request, self._desk, self._drawing, visitor, form)
        try:
            return self._taken(visit, refused)
        finally:
            visit.close()

    def _taken(self, visit: Visit, refused: CodedError | None) -> Response:
        page, parts = self._page, dict(visit.request.path_params)
        try:
            if refused is not None:
                raise refused
            if page.known:
                if page.method == "POST":
                    visit.visitor.check_form(visit.value("token"))
                    visit.take_signed()
                if self._desk.standing is not None:
                    self._desk.check(visit.visitor, visit.session, visit.request.headers)
                if page.roles:
                    check_role(visit.session.person, page.roles)
            return page.answer(visit, **parts)
        except StatementWanted as wanted:
            return visit.to_be_signed(wanted)
        except CodedError as error:
            return self._refused(visit, error)
        except Exception as error:  # noqa: BLE001  # a library's text may quote a value
            return self._refused(
                visit, as_refused(error, self._desk.home.root) or unexpected(error)
            )

    def _visitor(self, request: Request, *, step: bool) -> Visitor | None:
        token = request.cookies.get(self._desk.cookie)
        try:
            return None if token is None else self._desk.visitors.find(token, step=step)
        except NotSignedIn:
            return None

    def _refused(self, visit: Visit, error: CodedError) -> Response:
        """A page that says what is wrong and what to do; a refusal of somebody who is known is recorded."""
        besides: CodedError | None = None
        status = _STATUS.get(error.exit, 500)
        if visit.visitor_or_none is not None:
            parts = visit.request.path_params
            signed = (
                visit.signed is not None
            )  # a signature that does not hold is recorded, whatever it is
            besides = record_refusal(
                lambda: visit.session, error, self._page.step, parts, always=signed
            )
        if isinstance(
            error, (ForeignRequest, VisitEnded)
        ):  # who sent it learns nothing of who is here
            visit = Visit(visit.request, self._desk, self._drawing, None, {})
        if isinstance(error, NotSignedIn) and self._desk.standing and self._page.method == "GET":
            return visit.go("/sign-in")
        if isinstance(error, (NotSignedIn, VisitEnded)):
            status = 401
        elif isinstance(error, (AssertionDoesNotHold, CounterStoodStill)):
            status = 403
        elif isinstance(error, PageUnknown):
            status = 404
        if visit.request.headers.get("accept") == "application/json":
            return visit.data(_json(error), "application/json", status=status)
        return visit.page("error.html.j2", status=status, error=error, besides=besides)


def _json(error: CodedError) -> bytes:
    import json

    return json.dumps(error.as_dict()).encode()


async def _body(request: Request, largest: int) -> bytes | None:
    """What was sent; None where it is more than the page takes."""
    if request.method != "POST":
        return b""
    parts, size = list[bytes](), 0
    async for part in request.stream():
        size += len(part)
        if size <= largest:
            parts.append(part)
    return b"".join(parts) if size <= largest else None


def _form(request: Request, body: bytes | None) -> Mapping[str, Sequence[str]]:
    if request.method != "POST":
        return {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body is None or kind != _FORM:
        raise FormUnusable(field="size" if body is None else "type")
    try:
        return parse_qs(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS
        )
    except ValueError:
        raise FormUnusable(field="encoding") from None
