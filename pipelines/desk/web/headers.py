"""What every answer of the desk says to a browser, and which requests are none of its own pages'."""

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipelines.desk.errors import ForeignRequest
from pipelines.desk.web.desk import Desk

# Nothing from another host, nothing inline, nothing framed but what the desk itself frames.
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; "
    "frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # with `no-referrer` a form has no origin to be compared
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "permissions-policy": "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), geolocation=(), microphone=()",
    "x-robots-tag": "noindex",
}
_TRANSPORT = "max-age=31536000"


class Headers:
    """Adds what every answer says, unless its page says it otherwise."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app = app
        always = _HEADERS | ({"strict-transport-security": _TRANSPORT} if desk.secure else {})
        self._always = [(name.encode(), value.encode()) for name, value in always.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                named = {name.lower() for name, _ in given}
                message["headers"] = given + [one for one in self._always if one[0] not in named]
            await send(message)

        await self._app(scope, receive, sent)


def check_origin(request: Request, desk: Desk) -> None:
    """Refuse what another page sent, or what is meant for another name (DNS rebinding).

    Raises:
        ForeignRequest: it is none of the desk's own.
    """
    host = request.headers.get("host", "")
    if host.rpartition(":")[0] not in desk.hosts and host not in desk.hosts:
        raise ForeignRequest
    if request.method == "GET":
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site not in (None, "same-origin") or origin != f"{desk.scheme}://{host}":
        raise ForeignRequest
