"""The ledger: events found by what they are about, newest first, and when it was last verified."""

from collections.abc import Callable
from datetime import date

from starlette.responses import Response

from approvals.ledger import KINDS, Sought, find_page
from pipelines.desk.errors import FormUnusable
from pipelines.desk.pages.background import begin, kept
from pipelines.desk.pages.lists import id_or_nothing
from pipelines.desk.web import Desk, Pages, Visit
from pipelines.safeguards import last_verified, verified_in_words, verify_and_note
from pipelines.session import span_of

PAGES = Pages("Ledger", "/ledger")
_NAMES = ("project", "release", "kind", "actor", "since", "until", "text", "before")
_LONGEST = 100  # characters of a word that is looked for
_VERIFY = "ledger.verify"


@PAGES.get("/ledger", step="ledger.show")
def ledger(visit: Visit) -> Response:
    """The newest events, or those about a project or release that a link names."""
    linked = {name: visit.asked(name) for name in ("project", "release", "kind")}
    return _found(visit, dict.fromkeys(_NAMES, "") | linked)


@PAGES.post("/ledger", step="ledger.show")
def search(visit: Visit) -> Response:
    """What a person looks for is sent by a form: it stands in no address and no history."""
    sent = {name: visit.value(name, longest=_LONGEST, needed=False) for name in _NAMES}
    return _found(visit, sent)


@PAGES.post("/ledger/verify", step=_VERIFY)
def verify(visit: Visit) -> Response:
    """Verify all of it, in the background: a million events take a quarter of a minute."""
    begun = begin(visit.desk, _VERIFY, _verifying(visit.desk, visit))
    return visit.go("/ledger", "" if begun else "It is being verified already.")


def _verifying(desk: Desk, visit: Visit) -> Callable[[], object]:
    visitor = visit.visitor
    _ = visit.session.person

    def work() -> object:
        with desk.open(visitor) as session:
            return verify_and_note(session)

    return work


def _found(visit: Visit, sent: dict[str, str]) -> Response:
    for name, text in sent.items():
        id_or_nothing(name, text)
    if sent["kind"] and sent["kind"] not in KINDS:
        raise FormUnusable(field="kind")
    since, until = span_of(_day("since", sent["since"]), _day("until", sent["until"]))
    named = {n: sent[n] or None for n in ("project", "release", "kind", "actor", "text")}
    before = sent["before"]
    if before and not (before.isascii() and before.isdigit() and len(before) < 16):
        raise FormUnusable(field="before")
    session = visit.session
    sought = Sought(**named, since=since, until=until)
    page = find_page(session.ledger, sought, before=int(before) if before else None)
    return visit.page(
        "ledger.html.j2",
        page=page,
        sent=sent,
        kinds=sorted(KINDS),
        size=session.ledger.size(),
        verified=verified_in_words(session),
        holds=(known := last_verified(session)) is not None and known.holds,
        work=kept(visit.desk, _VERIFY),
    )


def _day(name: str, text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise FormUnusable(field=name) from None
