"""A project's papers and what is decided on them: the application, the gate's reasons, documents in place, cohorts, keys, events."""

from dataclasses import dataclass
from datetime import date

from starlette.responses import Response

from approvals.errors import EventRefused
from approvals.gate import people_of
from approvals.ledger import KINDS, PROJECT
from errors import nearest
from pipelines.custody import PAPER_READERS, approve_project, papers, read_document, record_event
from pipelines.desk.errors import FormUnusable
from pipelines.desk.pages.seen import check_seen, seen_of
from pipelines.desk.web import Pages, Visit
from pipelines.keys import confirm_recipient
from pipelines.session import Session, today

PAGES = Pages()
_TEXT = 256 << 10  # bytes of a form with a document that is written here
_LONG, _SHORT = 20_000, 100  # characters
_CHOICE, _SEVERAL = "one of ", "any of "


@PAGES.get("/projects/{number}/papers", step="project.show", roles=PAPER_READERS)
def shown(visit: Visit, number: str) -> Response:
    """What there is to decide on, with every reason against it."""
    from pipelines.release import check_gate

    session, on = visit.session, today()
    found = papers(session, number)
    held = {
        f"{one['event']}:{one['what']}": one for one in found.documents if one["state"] == "held"
    }
    newest = [read for read, one in held.items() if one["what"] == "application"][-1:]
    read = visit.asked("read") if visit.asked("read") in held else "".join(newest)
    verdicts = {kind: check_gate(session, number, kind, on) for kind in found.state.kinds}
    return visit.page(
        "papers.html.j2",
        it=found,
        project=found.state,
        seen=seen_of(session.projects.entries(number)),
        reading=held.get(read),
        state=str(found.state.state_on(on)),
        verdicts=verdicts,
        people=people_of(found.state, on),
        may_approve="approver" in session.person.roles,
        may_confirm=bool(session.person.roles & {"engineer", "approver", "reviewer"}),
    )


@PAGES.get("/projects/{number}/documents/{event:int}/{what:path}", step="project.documents", roles=PAPER_READERS)  # fmt: skip
def document(visit: Visit, number: str, event: int, what: str) -> Response:
    """A document in place, in a frame that can run nothing; what no browser shows is a file to keep."""
    content, kind = read_document(visit.session, number, event, what)
    if not kind:
        return visit.download(content, f"{number}-{event}")
    return visit.framed(content, kind if kind.partition("/")[0] == "image" else _CHARSET.get(kind, kind))  # fmt: skip


_CHARSET = {
    "text/plain": "text/plain; charset=utf-8",
    "text/html": "text/html; charset=utf-8",
}


def _unmoved(visit: Visit, number: str) -> Session:
    """The visitor's session, where nothing was recorded of the project since the page was drawn."""
    visit.session.projects.show(number)
    check_seen(visit, visit.session.projects.entries(number))
    return visit.session


@PAGES.post("/projects/{number}/approve", step="project.approve")
def approve(visit: Visit, number: str) -> Response:
    """Approve the application, or the amendment, that was on the screen; the letter is laid ready."""
    approve_project(_unmoved(visit, number), number)
    return visit.go(f"/projects/{number}/papers", f"{number} is approved; its letter lies ready.")


@PAGES.post("/projects/{number}/cohort", step="cohort.confirm")
def cohort(visit: Visit, number: str) -> Response:
    """Confirm the cohort that another person registered."""
    session, digest = visit.session, visit.value("cohort", longest=_SHORT)
    session.projects.confirm_cohort(number, digest, session.person, today())
    return visit.go(f"/projects/{number}/papers", f"The cohort of {number} is confirmed.")


@PAGES.post("/projects/{number}/key", step="recipient.confirm")
def key(visit: Visit, number: str) -> Response:
    """Confirm a key, whose last figures were read out on the telephone and typed here."""
    fingerprint = visit.value("key", longest=_SHORT)
    said = visit.value("said", longest=_SHORT).replace(" ", "").lower()
    if len(said) < _READ or not fingerprint.endswith(said):
        raise FormUnusable(field="said")
    confirm_recipient(visit.session, fingerprint)
    return visit.go(f"/projects/{number}/papers", "The key is confirmed.")


_READ = 8  # figures of a fingerprint that are typed from what was read out


# Whatever else may be recorded of a project


@dataclass(frozen=True)
class Field:
    """One fact of an event as a field of a form: ``choice`` of words, ``several`` of them, or what it takes."""

    name: str
    needed: bool
    takes: str
    words: tuple[str, ...] = ()


def fields_of(kind: str) -> list[Field]:
    """The facts of an event, those that it must have first; the day is the last."""
    spec = KINDS.get(kind)
    if spec is None or spec.about != PROJECT:
        known = [name for name, one in KINDS.items() if one.about == PROJECT]
        raise EventRefused(what="no kind of project event", **nearest(kind, known))
    found: list[Field] = []
    for name, fact in (*spec.must.items(), *spec.may.items()):
        if name == "on":
            continue
        takes, words = fact.name, tuple[str, ...]()
        for begin, several in ((_CHOICE, "choice"), (_SEVERAL, "several")):
            if takes.startswith(begin):
                takes, words = several, tuple(fact.name.removeprefix(begin).split(", "))
                break
        found.append(Field(name, name in spec.must, takes, words))
    return found


@PAGES.get("/projects/{number}/events/{kind}", step="project.event", roles=PAPER_READERS)
def event(visit: Visit, number: str, kind: str) -> Response:
    """The form of an event, whose documents are written here or given at the shell."""
    session = visit.session
    state = session.projects.show(number)
    known = visit.request.query_params
    given = {one.name: known.get(one.name, "")[:_SHORT] for one in fields_of(kind)}
    return visit.page(
        "event.html.j2", project=state, seen=seen_of(session.projects.entries(number)), kind=kind,
        fields=fields_of(kind), given=given, on=today(),
    )  # fmt: skip


@PAGES.post("/projects/{number}/events/{kind}", step="project.event", largest=_TEXT)
def record(visit: Visit, number: str, kind: str) -> Response:
    """Record it, with the same checks as the command's."""
    session = _unmoved(visit, number)
    facts, files = dict[str, str](), dict[str, bytes]()
    for one in fields_of(kind):
        if one.takes == "SHA-256 in hex":
            if text := visit.value(one.name, longest=_LONG, needed=False):
                files[one.name] = text.encode()
        elif one.takes == "several":
            if chosen := [word for word in visit.values(one.name) if word in one.words]:
                facts[one.name] = ",".join(chosen)
        elif text := visit.value(one.name, longest=_SHORT, needed=False):
            facts[one.name] = text
    try:
        on = date.fromisoformat(visit.value("on", longest=_SHORT))
    except ValueError:
        raise FormUnusable(field="on") from None
    record_event(session, number, kind, on, facts, files)
    words = kind.replace("_", " ")
    return visit.go(f"/projects/{number}/papers", f"Recorded of {number}: {words}.")
