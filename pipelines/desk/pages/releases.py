"""Releases as those see them who decide: what to look at first, what would leave to whom, the report itself, and the steps after it."""

from starlette.responses import Response

from approvals.custody import OUT, ROLES, ReleaseState, Status
from approvals.ledger import KINDS
from pipelines.custody import (
    READERS,
    answer_return,
    approve_release,
    beside_report,
    destroy_release,
    ending,
    hand_over,
    keep_release,
    record_receipt,
    report_edition,
    return_release,
    sign_off,
    withdraw_release,
)
from pipelines.desk.pages.lists import page_of
from pipelines.desk.pages.seen import check_seen, seen_of
from pipelines.desk.web import Pages, Visit
from pipelines.session import Session

PAGES = Pages("Releases", "/releases")
_COMMENT = 256 << 10  # bytes of a form with a comment: each letter of some scripts takes nine
_LONG = 20_000  # characters of it; what is kept is shorter
_SHORT = 64  # of a digest, an id
_ASKED = "It is stopped: another person carries that out, or lets it go on."
_ENDED = frozenset({Status.WITHDRAWN, Status.DESTROYED})


@PAGES.get("/releases", step="release.list")
def releases(visit: Visit) -> Response:
    """All releases, or those of a state or a kind, the newest first."""
    every = visit.session.releases.list()[::-1]
    state, kind = visit.asked("state"), visit.asked("kind")
    kept = [one for one in every if state in ("", one.status) and kind in ("", one.kind)]
    shown, at, last = page_of(visit, kept)
    return visit.page(
        "releases.html.j2",
        rows=shown,
        many=len(kept),
        states=sorted({str(one.status) for one in every}),
        kinds=sorted({one.kind for one in every}),
        state=state,
        kind=kind,
        address=f"/releases?state={state}&kind={kind}&page=",
        at=at,
        last=last,
    )


@PAGES.get("/releases/{release}", step="release.show", roles=READERS)
def release(visit: Visit, release: str) -> Response:
    """One release with everything that its approver looks at, and the steps that are open to the visitor."""
    session = visit.session
    found = sign_off(session, release)
    return visit.page(
        "release.html.j2",
        it=found,
        release=found.state,
        seen=seen_of(found.history),
        may=_may(session, found.state),
        ends=ending(session, release) if found.state.status is not Status.DESTROYED else None,
        reasons=_words("release_withdrawn", "reason"),
        ways=_words("package_handed_over", "by"),
        project=session.projects.show(found.state.project),
    )


def _words(kind: str, fact: str) -> list[str]:
    """The words that a fact may be."""
    spec = KINDS[kind]
    return {**spec.must, **spec.may}[fact].name.removeprefix("one of ").split(", ")


def _may(session: Session, state: ReleaseState) -> dict[str, bool]:
    """Which forms the page has for this person; whether a step is allowed is asked again where it is taken."""
    mine, who = session.person.roles, session.person.id
    first = not session.demo and who in state.ran_by
    waits = state.status is Status.WAITING_APPROVAL
    returned = state.status is Status.RETURNED
    sent = not session.demo and returned and state.returns[-1].by == who
    out = state.status in OUT and state.in_outbox
    stop = state.status not in _ENDED and bool(mine & ROLES["stop"])
    return {
        "approve": waits and bool(mine & ROLES["approve"]) and not first,
        "barred": waits and bool(mine & ROLES["approve"]) and first,
        "answer": returned and bool(mine & ROLES["answer"]) and not sent,
        "handover": out and bool(mine & ROLES["handover"]),
        "receipt": state.status in OUT and bool(mine & ROLES["handover"]),
        "withdraw": stop,
        "destroy": state.status is not Status.DESTROYED and bool(mine & ROLES["stop"]),
    }


# What is read


@PAGES.get("/releases/{release}/report", step="release.report", roles=READERS)
def report(visit: Visit, release: str) -> Response:
    """The Department's edition, to be framed."""
    return visit.framed(report_edition(visit.session, release, "department"))


@PAGES.get("/releases/{release}/recipient", step="release.report", roles=READERS)
def recipient(visit: Visit, release: str) -> Response:
    """The recipient's edition, which travels, to be framed."""
    return visit.framed(report_edition(visit.session, release, "recipient"))


@PAGES.get("/releases/{release}/beside/{name}", step="release.report", roles=READERS)
def beside(visit: Visit, release: str, name: str) -> Response:
    """What stands beside the report: the map of hidden cells, what late records change."""
    return visit.framed(beside_report(visit.session, release, name))


# What is decided, on what was on the screen


def _on_the_screen(visit: Visit, release: str) -> Session:
    """The visitor's session, where nothing was recorded of the release since the page was drawn."""
    visit.session.releases.show(release)
    check_seen(visit, visit.session.ledger.events(release=release))
    return visit.session


@PAGES.post("/releases/{release}/approve", step="release.approve")
def approve(visit: Visit, release: str) -> Response:
    """Let it go, on the report that was on the screen."""
    session = _on_the_screen(visit, release)
    approve_release(session, release, visit.value("report", longest=_SHORT))
    return visit.go(f"/releases/{release}", f"{release} is approved: it waits to be sealed.")


@PAGES.post("/releases/{release}/return", step="release.return", largest=_COMMENT)
def send_back(visit: Visit, release: str) -> Response:
    """Return it to who runs it, with what is to be mended."""
    session = _on_the_screen(visit, release)
    comment = visit.value("comment", longest=_LONG, needed=False).encode()
    return_release(session, release, comment, visit.value("report", longest=_SHORT))
    return visit.go(f"/releases/{release}", f"{release} is returned: its engineers see why.")


@PAGES.post("/releases/{release}/answer", step="release.answer", largest=_COMMENT)
def answer(visit: Visit, release: str) -> Response:
    """Answer a return: the same report waits again."""
    session = _on_the_screen(visit, release)
    comment = visit.value("comment", longest=_LONG, needed=False).encode()
    answer_return(session, release, comment)
    return visit.go(f"/releases/{release}", f"{release} waits for an approver again.")


@PAGES.post("/releases/{release}/handover", step="release.handover")
def handover(visit: Visit, release: str) -> Response:
    """Record that a member was given their package, after the gate was asked again."""
    member, by = visit.value("member", longest=_SHORT), visit.value("by", longest=_SHORT)
    hand_over(visit.session, release, member, by)
    return visit.go(f"/releases/{release}", f"{member} was given the package of {release}.")


@PAGES.post("/releases/{release}/receipt", step="release.receipt")
def receipt(visit: Visit, release: str) -> Response:
    """Record that a member received their package."""
    member = visit.value("member", longest=_SHORT)
    code = visit.value("code", longest=_SHORT, needed=False) or None
    record_receipt(visit.session, release, member, code)
    return visit.go(f"/releases/{release}", f"{member} has received the package of {release}.")


@PAGES.post("/releases/{release}/withdraw", step="release.withdraw")
def withdraw(visit: Visit, release: str) -> Response:
    """Take it back; whoever holds a package is called to destroy it."""
    session = _on_the_screen(visit, release)
    confirm = visit.value("confirm", longest=_SHORT, needed=False) or None
    done = withdraw_release(session, release, visit.value("reason", longest=_SHORT), confirm)
    said = _ASKED if done["ending_asked"] else f"{release} is withdrawn."
    return visit.go(f"/releases/{release}", said)


@PAGES.post("/releases/{release}/destroy", step="release.destroy")
def destroy(visit: Visit, release: str) -> Response:
    """Destroy the Department's copies."""
    session = _on_the_screen(visit, release)
    confirm = visit.value("confirm", longest=_SHORT, needed=False) or None
    done = destroy_release(session, release, confirm)
    said = f"The Department's copies of {release} are destroyed."
    return visit.go(f"/releases/{release}", _ASKED if done["ending_asked"] else said)


@PAGES.post("/releases/{release}/keep", step="release.keep")
def keep(visit: Visit, release: str) -> Response:
    """Let it go on, though somebody asked for its end."""
    keep_release(_on_the_screen(visit, release), release)
    return visit.go(f"/releases/{release}", f"{release} goes on.")
