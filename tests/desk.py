"""Browsers at a desk, without a network: what a page's function is handed and what it answers, for several people at once."""

import html
import http.client
import json
import re
import signal
import subprocess
import sys
import urllib.parse
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

with (
    warnings.catch_warnings()
):  # it would rather have a successor of httpx that nothing else here needs
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

from pipelines.desk.pages import TOPICS
from pipelines.desk.visitors import OneTimeCode, SignedIn
from pipelines.desk.web import Desk, application
from pipelines.home import open_home

PROGRAM = [str(Path(sys.executable).with_name("doj-release"))]  # the command, as it was installed
HOST = "0123456789abcdef.localhost"
ORIGIN = f"http://{HOST}:8321"
_TOKEN = re.compile(r'name="token" value="([0-9a-f]{64})"')


def desk_of(
    home: Path, *, idle: float = 900.0, longest: float = 36_000.0, clock: Any = None
) -> Desk:
    """A desk of a home, as `doj-release desk` makes one."""
    more = {"clock": clock} if clock else {}
    visitors = SignedIn(idle, longest, **more)
    return Desk(open_home(home), frozenset({HOST}), visitors, code=OneTimeCode(**more))


class Browser:
    """One browser; ``person`` is the id of whom it is signed in as, by which a standing desk's visitor acts; None: a stranger."""

    def __init__(self, desk: Desk, person: str | None = None) -> None:
        self.desk, self.token = desk, ""
        self.client = TestClient(application(desk, TOPICS), base_url=ORIGIN, follow_redirects=False)
        if person is not None:
            cookie, visitor = desk.visitors.enter(person, "test")
            self.client.cookies.set(desk.cookie, cookie, domain=HOST)
            self.token = visitor.form_token

    def get(self, path: str, **headers: str) -> Any:
        """A page; redirects are not followed."""
        return self.client.get(path, headers=headers)

    def post(self, path: str, form: dict[str, Any] | None = None, **headers: str) -> Any:
        """A form as a browser sends it, with its page's token where it names none."""
        sent = {"token": self.token} | (form or {})
        return self.client.post(path, data=sent, headers={"origin": ORIGIN, **headers})

    def follow(self, answer: Any) -> Any:
        """The page that a step led to."""
        assert answer.status_code == 303, (answer.status_code, answer.text)
        return self.get(answer.headers["location"])


def token_in(page: str) -> str:
    """The token of a page's forms."""
    found = _TOKEN.search(page)
    assert found, page
    return found[1]


class Served:
    """A desk as `doj-release desk` serves it, in a process of its own; and what it printed."""

    def __init__(self, home: Path, command: Sequence[str], **more: Any) -> None:
        words = [*command, "--home", str(home), "--json", "desk", "--port", "0"]
        self._process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more
        )  # fmt: skip
        self.said, self.errors = "", ""
        self.address = self._address()
        self.origin = self.address.partition("/open")[0]

    def _address(self) -> str:
        assert self._process.stdout is not None
        while line := self._process.stdout.readline():
            self.said += line
            if line == "}\n":
                return json.loads(self.said)["open"]
        raise AssertionError(self._process.communicate()[1])

    @property
    def pid(self) -> int:
        return self._process.pid

    def visitor(self) -> "Crawler":
        """Somebody who opened the desk by the printed address, without a browser."""
        return Crawler(self)

    def end(self) -> int:
        """Ask it to end, as Ctrl-C does."""
        self._process.send_signal(signal.SIGTERM)
        out, self.errors = self._process.communicate(timeout=20)
        self.said += out
        return self._process.returncode


_LINK = re.compile(r'(?:href|src)="(/[^"#]*)')
_PLACE = re.compile(r"\{(\w+)(?::path)?\}")


def route_of(path: str) -> str:
    """The desk's own name of a page: its path with parts as names."""
    plain = path.partition("?")[0]
    for page in (page for pages in TOPICS for page in pages):
        pattern = _PLACE.sub("[^/]+", re.escape(page.path).replace(r"\{", "{").replace(r"\}", "}"))
        if page.method == "GET" and re.fullmatch(pattern, plain):
            return page.path
    return plain


class Crawler:
    """Follows every link of a desk that is served, a few pages of each route."""

    def __init__(self, served: Served) -> None:
        self._served = served
        address = urllib.parse.urlsplit(served.origin)
        assert address.port is not None
        self._port, self._host = address.port, address.netloc
        self._cookie, code = "", served.address.partition("#")[2]
        opened = self.send("POST", "/open", urllib.parse.urlencode({"code": code}))
        assert opened.status == 303, opened.body
        self._cookie = opened.headers["set-cookie"].partition(";")[0]

    def send(self, method: str, path: str, form: str = "") -> "Answer":
        """One request, as a browser of this visitor's would send it."""
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        headers = {"Host": self._host, "Origin": self._served.origin, "Cookie": self._cookie}
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        line.request(method, path, form or None, headers)
        found = line.getresponse()
        kind = found.headers.get("content-type", "")
        body = found.read(1 << 16) if kind.startswith("text/event-stream") else found.read()
        line.close()
        return Answer(path, found.status, dict(found.headers.items()), body)

    def every_page(self, begin: Sequence[str] = ("/",), each: int = 3) -> Iterator["Answer"]:
        """Every page that links lead to from here, at most so many of each route, and nothing that a form does."""
        waiting, known, taken = list(begin), set(begin), Counter[str]()
        while waiting:
            path = waiting.pop(0)
            route = route_of(path)
            taken[route] += 1
            if taken[route] > each or route.startswith("/static") or "stream" in route:
                continue
            answer = self.send("GET", path)
            yield answer
            if answer.headers.get("content-type", "").startswith("text/html"):
                for link in map(html.unescape, _LINK.findall(answer.text)):
                    if link not in known:
                        known.add(link)
                        waiting.append(link)


@dataclass(frozen=True)
class Answer:
    """What a desk answered."""

    path: str
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")
