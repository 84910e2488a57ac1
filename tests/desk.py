"""Browsers at a desk, without a network: what a page's function is handed and what it answers, for several people at once."""

import re
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from pipelines.desk.pages import TOPICS
from pipelines.desk.visitors import OneTimeCode, SignedIn
from pipelines.desk.web import Desk, application
from pipelines.home import open_home

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
