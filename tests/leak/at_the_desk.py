"""The desk in the story: every page while a release waits for its reviewers, and every form with a canary in each field."""

import html
import re
import shutil
import urllib.parse
from html.parser import HTMLParser

from tests.desk import Answer, Served, route_of
from tests.leak.canaries import FREE
from tests.leak.story import Stage

# What shows values by its purpose: a release's pairs to its reviewers, papers to whoever may read them.
SHOWS = re.compile(r"/review/.*|.*/documents/.+")


def pages(stage: Stage) -> None:
    """Look at every page; what its kind may not show is searched."""
    desk = _served(stage, stage / "home")
    try:
        visitor = desk.visitor()
        for number, answer in enumerate(visitor.every_page()):
            assert answer.status == 200, (route_of(answer.path), answer.status)
            _keep(stage, answer, f"page-{number:03d}")
        for path in (
            f"/{FREE}",
            f"/releases/{FREE}",
            f"/projects/{FREE}",
            f"/review/{FREE}",
            f"/?for={FREE}",
        ):
            _keep(stage, visitor.send("GET", path), f"stranger-{len(path)}")
    finally:
        _end(stage, desk)


def forms(stage: Stage) -> None:
    """Send every form that a page has, each field that people fill in with a canary, in a copy of the home."""
    home = stage / "inputs" / "desk"
    shutil.copytree(stage / "home", home)
    desk = _served(stage, home)
    try:
        visitor, sent = desk.visitor(), 0
        for answer in list(visitor.every_page(each=1)):
            for form in _forms(answer):
                if form.action != "/leave":
                    sent += 1
                    _keep(
                        stage, visitor.send("POST", form.action, form.filled()), f"form-{sent:03d}"
                    )
        _keep(stage, visitor.send("POST", f"/{FREE}", f"token={FREE}"), "form-nowhere")
    finally:
        _end(stage, desk)


def _served(stage: Stage, home: object) -> Served:
    return Served(home, stage.command(), env=stage.environment(), cwd=stage.caller.folder)


def _end(stage: Stage, desk: Served) -> None:
    assert desk.end() == 143, desk.errors
    assert "Traceback" not in desk.errors
    with (stage / "captured" / "desk.out").open("a") as said:
        said.write(desk.said + desk.errors)


def _keep(stage: Stage, answer: Answer, name: str) -> None:
    assert answer.status < 500 or "CLI-01" not in answer.text, (
        route_of(answer.path),
        answer.text[-900:],
    )
    where = "allowed" if SHOWS.fullmatch(answer.path.partition("?")[0]) else "captured"
    head = "".join(f"{k}: {v}\n" for k, v in answer.headers.items())
    (stage / where / f"desk-{name}.html").write_bytes(head.encode() + b"\n" + answer.body)


class _Form:
    def __init__(self, action: str) -> None:
        self.action, self.fields = action, list[tuple[str, str]]()

    def filled(self) -> str:
        return urllib.parse.urlencode(self.fields)


def _forms(answer: Answer) -> list[_Form]:
    reader = _Reader()
    if answer.headers.get("content-type", "").startswith("text/html"):
        reader.feed(answer.text)
    return reader.forms


class _Reader(HTMLParser):
    """Each form's fields: hidden ones and choices as they are, what is written with a canary."""

    def __init__(self) -> None:
        super().__init__()
        self.forms = list[_Form]()
        self._open: _Form | None = None
        self._choice = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: html.unescape(value or "") for name, value in attrs}
        if tag == "form" and given.get("method") == "post":
            self._open = _Form(given["action"])
            self.forms.append(self._open)
        if self._open is None:
            return
        name, kind = given.get("name", ""), given.get("type", "text")
        if tag == "input" and name:
            if kind in {"hidden", "date", "number"}:
                self._open.fields.append((name, given.get("value", "")))
            elif kind in {"radio", "checkbox"}:
                if name not in dict(self._open.fields):
                    self._open.fields.append((name, given.get("value", "on")))
            else:
                self._open.fields.append((name, f"{FREE} <script>{FREE}</script>"))
        elif tag == "textarea":
            self._open.fields.append((name, f"{FREE}\n<b>{FREE}</b> =1+1"))
        elif tag == "select":
            self._choice = name
        elif tag == "option" and self._choice and given.get("value"):
            self._open.fields.append((self._choice, given["value"]))
            self._choice = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
