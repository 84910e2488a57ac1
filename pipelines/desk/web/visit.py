"""One request, as a page's function has it: the visitor, their session, their form, and the answers that it may give."""

import contextlib
import functools
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from approvals.passkeys import Statement, StatementWanted
from crypto.passkeys import LONGEST, Assertion, assertion_options, from_base64url
from errors import CodedError
from pipelines.desk.errors import ChallengeOver, FormUnusable, NotSignedIn
from pipelines.desk.standing import LIVES
from pipelines.desk.visitors import Unsigned, Visitor
from pipelines.desk.web.desk import Desk
from pipelines.desk.web.drawing import Drawing
from pipelines.session import Session
from systems.texts import acts

_LONGEST = 4000  # characters of a field, where a page does not say otherwise

# What is shown inside another page: its own style and pictures, no script, no form, no way out.
_FRAMED = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)


class Visit:
    """A request that is being answered."""

    def __init__(
        self,
        request: Request,
        desk: Desk,
        drawing: Drawing,
        visitor: Visitor | None,
        form: Mapping[str, Sequence[str]],
    ) -> None:
        self.request, self.desk, self._drawing = request, desk, drawing
        self.visitor_or_none, self._form = visitor, form
        self.signed: tuple[Statement, Assertion] | None = None  # what came with a signature

    @property
    def visitor(self) -> Visitor:
        """Who asks.

        Raises:
            NotSignedIn: a stranger.
        """
        if self.visitor_or_none is None:
            raise NotSignedIn
        return self.visitor_or_none

    @functools.cached_property
    def session(self) -> Session:
        """The home, opened for what this visitor does; closed when the answer is made."""
        return self.desk.open(self.visitor, self.signed)

    def close(self) -> None:
        """Close the session, where one was opened; what it let pass is said on the next page."""
        if "session" in self.__dict__:
            self.visitor.said.extend(dict.fromkeys(self.session.warnings))
            self.session.close()

    @property
    def paths(self) -> Sequence[str]:
        """The paths of all pages of this desk."""
        return [str(getattr(route, "path", "")) for route in self.request.app.routes]

    # ------------------------------------------------------------ what was sent

    def value(self, name: str, *, longest: int = _LONGEST, needed: bool = True) -> str:
        """A field of the form, without blanks around it; empty where it is not needed and not there.

        Raises:
            FormUnusable: it is missing, too long, there twice, or holds what is no writing.
        """
        found = self._form.get(name, ())
        text = found[0].replace("\r\n", "\n").strip() if found else ""
        if len(found) > 1 or (needed and not text) or len(text) > longest or acts(text):
            raise FormUnusable(field=name)
        return text

    def values(self, name: str) -> Sequence[str]:
        """All values of a field that may be there more than once."""
        return self._form.get(name, ())

    def asked(self, name: str, default: str = "") -> str:
        """A word of the address: a filter or a page's number; never a person's value."""
        return self.request.query_params.get(name, default)[:200]

    # ------------------------------------------------------------ what is signed

    def assertion(self) -> Assertion:
        """What browser and authenticator answered, by the fields of the form.

        Raises:
            FormUnusable, PasskeyUnreadable: some of it is missing or can't be read.
        """
        names = ("credential", "authenticator", "client", "signature")
        return Assertion(*(from_base64url(self.value(n, longest=2 * LONGEST)) for n in names))

    def take_signed(self) -> None:
        """Go on with a step that waited for its signature, by the form that was kept.

        Raises:
            ChallengeOver: nothing of the kind waits, or not any more.
            FormUnusable, PasskeyUnreadable: see `assertion`.
        """
        number = self.value("signing", needed=False)
        if not number:
            return
        kept = self.visitor.unsigned.pop(number, None)
        if kept is None or kept.path != self.request.url.path or time.monotonic() > kept.until:
            raise ChallengeOver
        self.signed, self._form = (kept.statement, self.assertion()), kept.form

    def to_be_signed(self, wanted: StatementWanted) -> Response:
        """The page that asks the visitor's passkey to sign what they are about to decide."""
        standing, statement = self.desk.standing, wanted.statement
        assert standing is not None  # nobody else asks
        until, path = time.monotonic() + LIVES, self.request.url.path
        number = self.visitor.keep(Unsigned(path, self._form, statement, until))
        options = assertion_options(standing.site, statement.challenge, wanted.allowed)
        return self.page(
            "sign.html.j2", event=statement.event, after=statement.after, number=number,
            action=path, options=json.dumps(options),
        )  # fmt: skip

    # ------------------------------------------------------------ what is answered

    def page(self, template: str, *, status: int = 200, **shown: object) -> Response:
        """A page of a template (``queue.html.j2``), with what it shows."""
        path = self.request.url.path
        return self._drawing.page(template, path, status, self._frame() | shown)

    def _frame(self) -> dict[str, object]:
        """What the frame around every page shows of its visitor."""
        visitor, person = self.visitor_or_none, None
        if visitor is not None:
            with contextlib.suppress(CodedError, OSError):  # a broken home, or who was taken out
                person = self.session.person
        said = list(visitor.said) if visitor else []
        if visitor:
            visitor.said.clear()
        return {
            "person": person,
            "demo": person is not None and self.session.demo,
            "token": visitor.form_token if visitor else "",
            "said": said,
            "idle": int(self.desk.visitors.idle),
            "standing": self.desk.standing is not None,
        }

    def go(self, path: str, say: str = "") -> Response:
        """Lead to a page after a step, which says what was done."""
        if say:
            self.visitor.said.append(say)
        return RedirectResponse(quote(path, safe="/?&=#%"), status_code=303)

    def data(self, content: bytes, media_type: str, *, status: int = 200) -> Response:
        """Something that a script of the desk asked for: JSON, a part of a page."""
        return Response(content, status, media_type=media_type)

    def framed(self, content: bytes, media_type: str = "text/html; charset=utf-8") -> Response:
        """A document that a page shows in a frame: it can run nothing, send nothing and lead nowhere."""
        headers = {"content-security-policy": _FRAMED, "x-frame-options": "SAMEORIGIN"}
        return Response(content, media_type=media_type, headers=headers)

    def download(self, content: bytes, name: str) -> Response:
        """A file to keep; ``name`` is ours, never a person's."""
        headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
        return Response(content, media_type="application/octet-stream", headers=headers)

    def stream(self, events: AsyncIterator[bytes]) -> Response:
        """Server-sent events: each item is one, as bytes."""
        return StreamingResponse(events, media_type="text/event-stream")
